// A checkpoint directory whose program goes on with another batch interval: times of its batches may be no
// multiples of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "stream/batch_plan.h"
#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {
namespace {

class OtherIntervalTest : public ContextFixture {
 protected:
  using Define = std::function<void(StreamingContext&)>;

  void SetUp() override {
    ContextFixture::SetUp();
    createStream(2);
  }
  std::unique_ptr<StreamingContext> begin(Duration interval, const Define& define) {
    auto context = StreamingContext::getOrCreate("/checkpoints", [&] {
      Conf conf;
      conf.set("tidemill.worker.id", "me").set("tidemill.batch.maxFailures", "1000");
      auto made = std::make_unique<StreamingContext>(*seams_, conf, interval);
      define(*made);
      return made;
    });
    context->start();
    return context;
  }
  DStream<std::string> input(StreamingContext& context) {
    // Lease checkpoints stay behind: what is known is in the directory.
    return KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Seconds(3600),
                                      StorageLevel::MEMORY_ONLY);
  }
  Define collect() {
    return [this](StreamingContext& context) {
      input(context).foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
        if (sinkIsDown_) throw std::runtime_error("the sink is down");
        for (std::string& line : rdd.collect()) seen_.push_back(line);
        times_.insert(batch.time.time_since_epoch().count());
      });
    };
  }
  std::vector<std::string> putEachSecond(int seconds) {
    std::vector<std::string> lines;
    for (int i = 0; i < seconds; ++i) {
      lines.push_back("line-" + std::to_string(1000 + i));
      put({lines.back()});
      world_.runFor(1s);
    }
    return lines;
  }
  std::vector<std::string> seen() {
    std::sort(seen_.begin(), seen_.end());
    return seen_;
  }

  bool sinkIsDown_ = false;
  std::vector<std::string> seen_;
  std::set<std::int64_t> times_;
};

TEST_F(OtherIntervalTest, BatchesThatWereNotCompletedAreDeliveredAtTimesOfTheNewOne) {
  sinkIsDown_ = true;
  auto first = begin(Seconds(1), collect());
  const auto lines = putEachSecond(9);
  first.reset();
  sinkIsDown_ = false;
  for (const Duration interval : {Seconds(4), Seconds(1)}) {
    times_.clear();
    auto next = begin(interval, collect());
    world_.runFor(30s);
    EXPECT_EQ(seen(), lines) << "each once";
    EXPECT_TRUE(stopped(*next));
    EXPECT_EQ(next->totals().received, next->totals().processed);
    for (const std::int64_t time : times_) EXPECT_EQ(time % interval.count(), 0);
  }
}

TEST_F(OtherIntervalTest, WhatWindowsLookBackAtIsKeptOrTheStartIsRefused) {
  std::int64_t last = 0;
  const auto window = [&](StreamingContext& context) {
    input(context).window(Seconds(60), Seconds(4)).foreachRDD([&](const RDD<std::string>& rdd) {
      last = rdd.count();
    });
  };
  auto first = begin(Seconds(1), window);
  putEachSecond(9);
  world_.runFor(5s);
  EXPECT_TRUE(stopped(*first));
  first.reset();

  auto coarse = begin(Seconds(4), window);
  const Result<void> end = ended(*coarse);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kInvalidConfig);
  EXPECT_NE(end.error().message().find("/checkpoints"), std::string::npos);
  coarse.reset();

  last = 0;
  auto fine = begin(Milliseconds(500), window);
  world_.runFor(10s);
  EXPECT_EQ(last, 9);
  EXPECT_TRUE(stopped(*fine));
}

stream::Batch batchOf(std::int64_t seconds, const std::vector<std::string>& ids) {
  stream::Batch batch;
  batch.time = Time(Seconds(seconds));
  batch.inputs.resize(1);
  for (const std::string& id : ids) {
    batch.inputs[0].push_back(std::make_shared<const block::BlockInfo>(block::BlockInfo{id, {}, {}, {}}));
  }
  return batch;
}

TEST(BatchesAtMultiples, ComeTogetherAtTheNextOneInTheirOrderButForPartsOfOneBlock) {
  const std::vector<stream::Batch> left = {batchOf(9, {"a"}),       batchOf(10, {"b"}), batchOf(12, {"c"}),
                                           batchOf(13, {"a", "d"}), batchOf(14, {"d"}), batchOf(15, {"e"})};
  const auto same = stream::atMultiplesOf(Seconds(1), left);
  ASSERT_EQ(same.size(), left.size());
  for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(same[i].time, left[i].time);

  std::vector<std::vector<std::string>> ids;
  std::vector<std::vector<Time>> logged;
  std::vector<std::int64_t> times;
  for (const stream::Batch& batch : stream::atMultiplesOf(Seconds(10), left)) {
    ids.push_back(batch.blockIds());
    logged.push_back(batch.logged);
    times.push_back(std::chrono::duration_cast<std::chrono::seconds>(batch.time.time_since_epoch()).count());
  }
  EXPECT_EQ(times, (std::vector<std::int64_t>{10, 20, 30}));
  EXPECT_EQ(ids, (std::vector<std::vector<std::string>>{{"a", "b"}, {"c", "a", "d"}, {"d", "e"}}));
  EXPECT_EQ(logged[2], (std::vector<Time>{Time(Seconds(14)), Time(Seconds(15))}));
  EXPECT_EQ(stream::multipleFrom(Time(Seconds(20)), Seconds(10)), Time(Seconds(20)));
  EXPECT_EQ(stream::multipleFrom(Time(Milliseconds(20'001)), Seconds(10)), Time(Seconds(30)));
}

}  // namespace
}  // namespace tidemill
