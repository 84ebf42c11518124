// stream/test_delivery.h: a context that counts how often each line is delivered, for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "stream/test_context.h"

namespace tidemill {

class DeliveryFixture : public ContextFixture {
 protected:
  Conf conf(const std::string& lose) const {
    Conf conf;
    conf.set("tidemill.worker.id", "me").set("tidemill.batch.maxFailures", "3");
    conf.set("tidemill.test.loseBlocks", lose);
    return conf;
  }
  DStream<std::string> linesAt(StreamingContext& context, StorageLevel level) {
    return KinesisUtils::createStream(context, "app", "orders", kEndpoint, "us-east-1",
                                      InitialPositionInStream::TRIM_HORIZON, Seconds(1), level);
  }
  // Counts what each batch delivers.
  void deliver(StreamingContext& context, StorageLevel level = StorageLevel::MEMORY_ONLY) {
    linesAt(context, level).foreachRDD([this](const RDD<std::string>& rdd) {
      for (const std::string& line : rdd.collect()) ++delivered_[line];
    });
  }
  void putNumbers(int from, int to) {
    std::vector<std::string> all;
    for (int i = from; i < to; ++i) all.push_back("line-" + std::to_string(i));
    put(all);
  }
  // Puts `portions` of 20 lines, one in each second.
  void putOverTime(int portions) {
    for (int i = 0; i < portions; ++i) {
      putNumbers(put_, put_ + 20);
      put_ += 20;
      world_.runFor(1s);
    }
  }
  void expectEachOnce() const {
    EXPECT_EQ(delivered_.size(), static_cast<std::size_t>(put_));
    for (const auto& [line, times] : delivered_) EXPECT_EQ(times, 1) << line;
  }

  std::map<std::string, int> delivered_;
  int put_ = 0;
};

}  // namespace tidemill
