// stream/test_driver.h: drivers with a checkpoint directory, one after the other, for tests.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {

// Lines by the time of their batch.
using Batches = std::map<std::int64_t, std::vector<std::string>>;

class DriverFixture : public ContextFixture {
 protected:
  using Define = std::function<void(StreamingContext&)>;

  DStream<std::string> input(StreamingContext& context, StorageLevel level = StorageLevel::MEMORY_ONLY) {
    // Lease checkpoints stay far behind, so that all that is known is in the directory.
    return KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, checkpointInterval_, level);
  }
  std::unique_ptr<StreamingContext> begin(const Define& define, bool resume = true) {
    const auto factory = [&] {
      Conf conf = conf_;
      conf.set("tidemill.worker.id", worker_).set("tidemill.batch.maxFailures", "3");
      auto context = std::make_unique<StreamingContext>(*seams_, conf, Seconds(1));
      define(*context);
      return context;
    };
    std::unique_ptr<StreamingContext> context;
    if (resume) {
      context = StreamingContext::getOrCreate("/checkpoints", factory);
    } else {
      context = factory();
      context->checkpoint("/checkpoints");
    }
    context->start();
    return context;
  }
  // Keeps what succeeds, by batch.
  void keep(const DStream<std::string>& lines) {
    lines.foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
      for (std::string& line : rdd.collect()) seen_[batch.time.time_since_epoch().count()].push_back(line);
    });
  }
  Define collect() {
    return [this](StreamingContext& context) { keep(input(context)); };
  }
  // Keeps how many records there were, in the state "totals", and tells it batch by batch.
  Define countInState(std::function<void(std::int64_t total, Time time)> tell) {
    return [this, tell = std::move(tell)](StreamingContext& context) {
      input(context)
          .map([](const std::string&) { return std::pair<int, std::int64_t>(1, 1); })
          .updateStateByKey(
              [](const std::vector<std::int64_t>& values, const std::optional<std::int64_t>& before) {
                return std::optional(before.value_or(0) + static_cast<std::int64_t>(values.size()));
              })
          .uid("totals")
          .foreachRDD([tell](const RDD<std::pair<int, std::int64_t>>& rdd, Time time) {
            std::int64_t total = 0;
            for (const auto& [key, value] : rdd.collect()) total = value;
            tell(total, time);
          });
    };
  }
  std::vector<std::string> all() const {
    std::vector<std::string> lines;
    for (const auto& [time, batch] : seen_) lines.insert(lines.end(), batch.begin(), batch.end());
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  std::vector<std::string> numbered(int from, int to) const {
    std::vector<std::string> lines;
    for (int i = from; i <= to; ++i) lines.push_back("line-" + std::to_string(1000 + i));
    return lines;
  }
  std::uint64_t events(const std::string& name) { return node_->log().count(name); }

  Duration checkpointInterval_ = Seconds(3600);
  Batches seen_;
  std::string worker_ = "me";
  Conf conf_;
};

}  // namespace tidemill
