// tidemill/stream_node.h: one operator of a program, and the RDDs that it has made.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/batch_context.h"
#include "tidemill/kept_rdd.h"
#include "tidemill/rdd.h"
#include "tidemill/storage_level.h"
#include "tidemill/task_runner.h"
#include "tidemill/time.h"

namespace tidemill {

namespace stream {
class ContextCore;
struct Graph;
}  // namespace stream

namespace detail {

class StatefulStream;

// What the streams of one context have in common while it runs. RDDs of streams run their tasks on it, so
// those that are kept from batch to batch always find the workers of the job that computes them.
class GraphRun final : public TaskRunner {
 public:
  // From begin() to end() this batch is worked on; on its job thread.
  void begin(BatchContext& batch, TaskRunner& tasks);
  void end();
  // Throws Error(kUsage) while no batch is worked on.
  BatchContext& batch() const;
  void run(std::size_t count, const std::function<void(std::size_t)>& task) override;
  void leftOut(const std::shared_ptr<const void>& step, std::size_t partition,
               std::int64_t elements) override;
  std::shared_ptr<PartitionSpace> partitionSpace() override;
  // Whether what a stream has persisted of an RDD is dropped when the stream forgets the RDD, even if the
  // program still holds it. (Spark: spark.streaming.unpersist)
  bool unpersists() const { return unpersists_; }
  void setUnpersists(bool unpersists) { unpersists_ = unpersists; }

 private:
  bool unpersists_ = true;
  BatchContext* batch_ = nullptr;
  TaskRunner* tasks_ = nullptr;
};

// Where an operator stands: given by GraphAccess::place().
struct StreamPlace {
  std::weak_ptr<stream::ContextCore> core;
  std::shared_ptr<GraphRun> run;
  Duration interval;
};

// One operator, whatever the type of its elements. Changed while the program is put together; once it runs,
// its RDDs belong to the job thread.
class StreamNodeBase {
 public:
  // `kind`: "map", "window", … `slide`: the stream has an RDD at each multiple of it.
  StreamNodeBase(StreamPlace place, std::string kind, std::vector<std::shared_ptr<StreamNodeBase>> parents,
                 Duration slide);
  virtual ~StreamNodeBase() = default;
  StreamNodeBase(const StreamNodeBase&) = delete;
  StreamNodeBase& operator=(const StreamNodeBase&) = delete;

  // Position in the graph: parents come before their children.
  int id() const { return id_; }
  // The name under which a checkpoint directory knows the operator. Default: kind and id, "map-3".
  const std::string& uid() const { return uid_; }
  bool hasGivenUid() const { return uidGiven_; }
  const std::string& kind() const { return kind_; }
  const std::vector<std::shared_ptr<StreamNodeBase>>& parents() const { return parents_; }
  Duration slide() const { return slide_; }
  bool isTimeValid(Time time) const { return time.time_since_epoch() % slide_ == Duration(0); }
  const StreamPlace& place() const { return place_; }
  // What else makes it what it is, for the shape of the graph: "window=60000".
  virtual std::string parameters() const { return {}; }

  // To compute the RDD of a time t, RDDs of the parents in (t - reach, t] are needed.
  virtual Duration parentReach() const { return slide_; }
  // Its RDDs of (t - ownNeed, t) are needed to compute the next one. 0: none.
  virtual Duration ownNeed() const { return Duration(0); }
  // False: the elements of a time lie in memory already, or those of the parents do.
  virtual bool worthKeeping() const { return true; }
  // False: an RDD that is forgotten cannot be made a second time (a queue).
  virtual bool remakes() const { return true; }
  // True: takes what is there when a batch is worked on, from somewhere without blocks (a queue, a folder),
  // so every batch runs.
  virtual bool runsEachBatch() const { return false; }
  // False: what it has taken is gone with the process, so that batches cannot be run again after a restart.
  virtual bool survivesRestart() const { return true; }
  // Null: what it gives depends on what its parents give now, and on nothing before that.
  virtual StatefulStream* stateful() { return nullptr; }

  // Decided when the context starts, see Graph::plan().
  struct Retention {
    // An output or something that an output needs.
    bool used = false;
    // Its RDDs of (t - live, t] are held while the batch of t is worked on.
    Duration live{};
    // They are computed whole in the batch of their time, and lie in memory.
    bool kept = false;
    // After a restart, its RDDs of (t - reach, t] may be asked for.
    Duration reach{};
  };
  const Retention& retention() const { return retention_; }

  // Makes the RDD of the time, if it has none yet, and computes it whole.
  virtual void settle(BatchContext& batch, Time time) = 0;
  // The RDD of the time is made again when it is next asked for. `whole`: also one that lies in memory.
  virtual void forget(Time time, bool whole) = 0;
  virtual void forgetUpTo(Time time) = 0;
  virtual std::size_t rddsHeld() const = 0;

  void setId(int id);
  void setUid(std::string uid);
  void setRetention(Retention retention) { retention_ = retention; }
  // 0: the default.
  Duration checkpointInterval() const { return checkpointInterval_; }
  // The same, with the default: the first multiple of the slide that is 10 seconds or more. (Spark)
  Duration snapshotInterval() const;
  // `core`: of the context, which must not have started; else these throw Error(kUsage).
  void setCheckpointInterval(const std::shared_ptr<stream::ContextCore>& core, Duration interval);
  // How its RDDs are persisted.
  StorageLevel level() const { return level_; }
  // A stream that gives what lies elsewhere passes it on.
  virtual void setLevel(StorageLevel level) { level_ = level; }
  void persist(const std::shared_ptr<stream::ContextCore>& core, StorageLevel level);

 private:
  const StreamPlace place_;
  const std::string kind_;
  const std::vector<std::shared_ptr<StreamNodeBase>> parents_;
  const Duration slide_;
  int id_ = -1;
  std::string uid_;
  bool uidGiven_ = false;
  Retention retention_;
  Duration checkpointInterval_{};
  StorageLevel level_ = StorageLevel::NONE;
};

// A stream whose RDD depends on that of the batch before. What it knows lies in partitions, each of which is
// encoded by itself. On the job thread, between begin() and end() of GraphRun.
class StatefulStream {
 public:
  virtual ~StatefulStream() = default;
  virtual StreamNodeBase& node() = 0;
  // True: it is how far an input has been read, which can be read again. It is kept after each batch if there
  // is a checkpoint directory, and needs none.
  virtual bool isPosition() const { return false; }
  // Names the types of key and state and the versions of their Codecs: a snapshot fits only what has the
  // same.
  virtual std::string typeTag() const = 0;
  // Nothing where it has no state of that time. Throws Error.
  virtual std::optional<std::vector<std::string>> snapshot(Time time) = 0;
  // What snapshot() gave, maybe in another process. Before the first batch. Throws Error(kDamagedBlock).
  virtual void restore(Time time, const std::vector<std::string>& partitions) = 0;
};

// An operator that gives elements of T. A subclass says how the RDD of one time is computed:
//
//   class MyInput final : public StreamNode<std::string> {
//    public:
//     explicit MyInput(StreamPlace place)
//         : StreamNode(place, "my-input", {}, place.interval) {}
//     std::optional<RDD<std::string>> compute(BatchContext& batch, Time time) override { … }
//   };
//   DStream<std::string> stream(addNode<MyInput>(GraphAccess::core(context)));
template <class T>
class StreamNode : public StreamNodeBase {
 public:
  using StreamNodeBase::StreamNodeBase;

  // The RDD of a time, made once as long as it is held. Nothing: the time is no multiple of the slide, or
  // there was no batch.
  std::optional<RDD<T>> getOrCompute(BatchContext& batch, Time time) {
    if (!isTimeValid(time)) return std::nullopt;
    const auto found = rdds_.find(time);
    if (found != rdds_.end()) return RDD<T>(found->second);
    std::optional<RDD<T>> made = compute(batch, time);
    if (!made) return std::nullopt;
    std::shared_ptr<RddNode<T>> node = RddAccess::shared(*made);
    if (retention().kept) {
      node = keptNode(std::move(node));
    } else if (level() != StorageLevel::NONE && node->kept() == nullptr) {
      detail::persist(*node, level());
      persisted_.insert(time);
    }
    rdds_.emplace(time, node);
    return RDD<T>(std::move(node));
  }

  void settle(BatchContext& batch, Time time) override {
    const std::optional<RDD<T>> rdd = getOrCompute(batch, time);
    if (rdd) RddAccess::shared(*rdd)->makeReady();
  }
  void forget(Time time, bool whole) override {
    const auto found = rdds_.find(time);
    if (found == rdds_.end() || !remakes() || (!whole && isWhole(*found->second))) return;
    unpersist(time, *found->second);
    rdds_.erase(found);
  }
  void forgetUpTo(Time time) override {
    const auto end = rdds_.upper_bound(time);
    for (auto it = rdds_.begin(); it != end; ++it) unpersist(it->first, *it->second);
    rdds_.erase(rdds_.begin(), end);
  }
  std::size_t rddsHeld() const override { return rdds_.size(); }

 protected:
  virtual std::optional<RDD<T>> compute(BatchContext& batch, Time time) = 0;

  // Those that are held now, by their time.
  const std::map<Time, std::shared_ptr<RddNode<T>>>& rdds() const { return rdds_; }
  void hold(Time time, std::shared_ptr<RddNode<T>> rdd) { rdds_.insert_or_assign(time, std::move(rdd)); }

 private:
  std::shared_ptr<RddNode<T>> keptNode(std::shared_ptr<RddNode<T>> node) const {
    if (dynamic_cast<const KeptNode<T>*>(node.get()) != nullptr) return node;
    return std::make_shared<KeptNode<T>>(std::move(node), level());
  }
  // What the program itself has persisted is its own.
  void unpersist(Time time, RddNode<T>& rdd) {
    if (persisted_.erase(time) > 0 && place().run->unpersists()) rdd.keepIn(nullptr);
  }
  static bool isWhole(const RddNode<T>& node) {
    const auto* const kept = dynamic_cast<const KeptNode<T>*>(&node);
    return kept != nullptr && kept->isWhole();
  }

  std::map<Time, std::shared_ptr<RddNode<T>>> rdds_;
  // Times of those that this stream has persisted.
  std::set<Time> persisted_;
};

}  // namespace detail
}  // namespace tidemill
