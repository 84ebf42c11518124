// stream/guarded_listener.h: a listener of the program, whose exceptions end here.
#pragma once

#include <set>
#include <string>

#include "base/log.h"
#include "stream/task_retry.h"
#include "tidemill/streaming_listener.h"

namespace tidemill::stream {

// A lane bears no exception. What a listener throws is told, once for each kind of news, and it hears of what
// comes next all the same. (Spark: ListenerBus)
class GuardedListener final : public StreamingListener {
 public:
  // References outlive this object.
  GuardedListener(StreamingListener& listener, base::LogSink& log) : listener_(listener), log_(log) {}

  void onStreamingStarted() override {
    tell("onStreamingStarted", [&] { listener_.onStreamingStarted(); });
  }
  void onShardStarted(const std::string& streamName, const std::string& shardId, const std::string& from,
                      const std::string& afterSequenceNumber) override {
    tell("onShardStarted", [&] { listener_.onShardStarted(streamName, shardId, from, afterSequenceNumber); });
  }
  void onReceiverStarted(const ReceiverInfo& info) override {
    tell("onReceiverStarted", [&] { listener_.onReceiverStarted(info); });
  }
  void onReceiverError(const ReceiverInfo& info) override {
    tell("onReceiverError", [&] { listener_.onReceiverError(info); });
  }
  void onReceiverStopped(const ReceiverInfo& info) override {
    tell("onReceiverStopped", [&] { listener_.onReceiverStopped(info); });
  }
  void onBatchSubmitted(const BatchInfo& info) override {
    tell("onBatchSubmitted", [&] { listener_.onBatchSubmitted(info); });
  }
  void onBatchStarted(const BatchInfo& info) override {
    tell("onBatchStarted", [&] { listener_.onBatchStarted(info); });
  }
  void onCheckpointUnreadable(const std::string& what) override {
    tell("onCheckpointUnreadable", [&] { listener_.onCheckpointUnreadable(what); });
  }
  void onBatchCompleted(const BatchInfo& info) override {
    tell("onBatchCompleted", [&] { listener_.onBatchCompleted(info); });
  }
  void onBlockLost(const std::string& blockId, const SequenceNumberRanges& ranges,
                   const std::string& reason) override {
    tell("onBlockLost", [&] { listener_.onBlockLost(blockId, ranges, reason); });
  }
  void onBlockRecovered(const std::string& blockId, const SequenceNumberRanges& ranges) override {
    tell("onBlockRecovered", [&] { listener_.onBlockRecovered(blockId, ranges); });
  }
  void onBatchFailed(const BatchInfo& info, const std::string& reason) override {
    tell("onBatchFailed", [&] { listener_.onBatchFailed(info, reason); });
  }

 private:
  template <class Call>
  void tell(const char* what, const Call& call) {
    try {
      call();
    } catch (...) {  // The edge to the user's code.
      if (!told_.insert(what).second) return;
      log_.warning("listener_failed", {{"function", what}, {"reason", describeCurrentException()}});
    }
  }

  StreamingListener& listener_;
  base::LogSink& log_;
  // Functions that have thrown.
  std::set<std::string> told_;
};

}  // namespace tidemill::stream
