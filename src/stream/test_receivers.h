// stream/test_receivers.h: a context whose reading is made to fail, for tests of what it does then.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_transport.h"
#include "stream/test_delivery.h"
#include "tidemill/receiver_info.h"

namespace tidemill {

// "started", "error", "stopped", and what came along.
struct ReceiverEvents final : StreamingListener {
  void onReceiverStarted(const ReceiverInfo& info) override { note("started", info); }
  void onReceiverError(const ReceiverInfo& info) override { note("error", info); }
  void onReceiverStopped(const ReceiverInfo& info) override { note("stopped", info); }
  void note(const std::string& what, const ReceiverInfo& info) {
    names.push_back(what);
    infos.push_back(info);
  }
  std::vector<std::string> names;
  std::vector<ReceiverInfo> infos;
};

class ReceiverFixture : public DeliveryFixture {
 protected:
  static bool isCall(const http::Request& request, std::string_view operation) {
    for (const http::Header& header : request.headers) {
      if (header.value == "Kinesis_20131202." + std::string(operation)) return true;
    }
    return false;
  }
  static http::Response malformed() {
    return sim::makeResponse(200, "application/x-amz-json-1.1", "<html>a proxy's own page</html>");
  }
  static http::Response refused(const std::string& type) {
    return sim::makeResponse(400, "application/x-amz-json-1.1",
                             R"({"__type":")" + type + R"(","message":"no"})");
  }
  // The next `times` reads are answered like that.
  void failReads(int times, const http::Response& answer = malformed()) {
    intercept_ = [this, left = times,
                  answer](const http::Request& request) mutable -> std::optional<http::Response> {
      if (left == 0 || !isCall(request, "GetRecords")) return std::nullopt;
      --left;
      ++failedReads_;
      return answer;
    };
  }
  // Notes what each shard delivers, in its order.
  void deliverByShard(StreamingContext& context) {
    linesAt(context, StorageLevel::MEMORY_AND_DISK)
        .foreachRDD([this](const RDD<std::string>& rdd, const BatchInfo& batch) {
          for (const std::string& line : rdd.collect()) ++delivered_[line];
          for (const SequenceNumberRange& range : batch.ranges) {
            std::string& last = last_[range.shardId];
            EXPECT_TRUE(last.size() < range.fromSeqNumber.size() || last < range.fromSeqNumber)
                << range.shardId << ": " << range.fromSeqNumber << " behind " << last;
            last = range.toSeqNumber;
          }
        });
    context.addStreamingListener(events_);
  }
  ReceiverEvents events_;
  int failedReads_ = 0;
  std::map<std::string, std::string> last_;
};

}  // namespace tidemill
