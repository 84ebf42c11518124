// stream/test_stream.h: programs over batches that lie in memory, run batch by batch, for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stream/context_core.h"
#include "stream/job_runner.h"
#include "stream/partition_store.h"
#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {

constexpr Time at(std::int64_t seconds) {
  return Time(Seconds(seconds));
}

// Gives what it is told for each time, in partitions; an empty RDD for the times of batches of which it was
// not told, and none for times without a batch.
template <class T>
class TestInput final : public detail::StreamNode<T> {
 public:
  using Batches = std::map<Time, std::vector<std::vector<T>>>;

  TestInput(detail::StreamPlace place, Batches batches)
      : detail::StreamNode<T>(place, "test", {}, place.interval), batches_(std::move(batches)) {}

  int made() const { return made_; }

 protected:
  std::optional<RDD<T>> compute(detail::BatchContext& batch, Time time) override {
    if (!batch.batches.contains(time)) return std::nullopt;
    ++made_;
    const auto found = batches_.find(time);
    std::vector<std::vector<T>> parts;
    if (found != batches_.end()) parts = found->second;
    return RDD<T>(std::make_shared<detail::KeptNode<T>>(*batch.tasks, std::move(parts)));
  }

 private:
  const Batches batches_;
  int made_ = 0;
};

// Runs a program without an engine, so that a test decides which batches there are, and which fail.
class StreamFixture : public ContextFixture {
 protected:
  void SetUp() override {
    ContextFixture::SetUp();
    context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
    persistIn(1 << 20, 1 << 20);
  }
  // The room that persisted RDDs have.
  void persistIn(std::int64_t memoryBytes, std::int64_t diskBytes) {
    stream::PartitionStoreOptions room;
    room.memoryBytes = memoryBytes;
    room.diskBytes = diskBytes;
    room.directory = kPersisted;
    partitions_ = std::make_shared<stream::PartitionStore>(env().files, env().log, std::move(room));
  }
  void TearDown() override {
    context_.reset();
    ContextFixture::TearDown();
  }

  template <class T>
  std::shared_ptr<TestInput<T>> inputNode(typename TestInput<T>::Batches batches) {
    return detail::addNode<TestInput<T>>(detail::GraphAccess::core(*context_), std::move(batches));
  }
  // Batch i is that of second i + 1, in two partitions.
  template <class T>
  DStream<T> input(std::vector<std::vector<T>> batches) {
    typename TestInput<T>::Batches parts;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      auto& ofBatch = parts[at(static_cast<std::int64_t>(i) + 1)];
      ofBatch.resize(2);
      for (std::size_t j = 0; j < batches[i].size(); ++j) ofBatch[j % 2].push_back(batches[i][j]);
    }
    return DStream<T>(inputNode<T>(std::move(parts)));
  }
  // What the stream gives, sorted, by the second of the batch.
  template <class T>
  std::shared_ptr<std::map<std::int64_t, std::vector<T>>> collect(const DStream<T>& stream) {
    auto collected = std::make_shared<std::map<std::int64_t, std::vector<T>>>();
    stream.foreachRDD([collected](const RDD<T>& rdd, Time time) {
      std::vector<T> elements = rdd.collect();
      std::sort(elements.begin(), elements.end());
      (*collected)[time.time_since_epoch() / Seconds(1)] = std::move(elements);
    });
    return collected;
  }

  stream::Graph& graph() { return detail::GraphAccess::core(*context_)->editableGraph(); }
  Result<void> runBatch(std::int64_t second, int attempt = 1) {
    if (!planned_) {
      graph().plan(Seconds(1));
      auto valid = graph().validate(hasCheckpointDirectory_);
      if (!valid) return valid;
      planned_ = true;
    }
    auto batch = std::make_shared<stream::Batch>();
    batch->time = at(second);
    stream::OutputRun run;
    run.graph = detail::GraphAccess::core(*context_)->graph();
    run.batch = batch;
    run.views = std::make_shared<const stream::Views>();
    for (const std::int64_t before : history_) {
      auto past = std::make_shared<stream::Batch>();
      past->time = at(before);
      run.history.push_back({past, past, std::make_shared<const stream::Views>()});
    }
    run.interval = Seconds(1);
    run.attempt = attempt;
    run.taskAttemptsMax = 1;
    run.partitions = partitions_;
    run.outcomes = std::make_shared<stream::HandlerOutcomes>(0);
    return world_.loop().run(stream::runOutputs(env(), std::move(run)));
  }
  void runBatches(std::int64_t first, std::int64_t last) {
    for (std::int64_t second = first; second <= last; ++second) {
      auto done = runBatch(second);
      ASSERT_TRUE(done) << second << ": " << done.error().message();
    }
  }

  static constexpr char kPersisted[] = "/persisted";

  std::unique_ptr<StreamingContext> context_;
  std::shared_ptr<stream::PartitionStore> partitions_;
  // Seconds of batches that the engine would remember.
  std::vector<std::int64_t> history_;
  bool planned_ = false;
  // Whether the program is one that has a checkpoint directory.
  bool hasCheckpointDirectory_ = true;
};

}  // namespace tidemill
