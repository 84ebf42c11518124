#include "tidemill/consumer_options.h"

#include <gtest/gtest.h>

#include <functional>

namespace tidemill {
namespace {

using namespace std::chrono_literals;

ConsumerOptions goodOptions() {
  ConsumerOptions options;
  options.applicationName = "app";
  options.streamName = "orders";
  return options;
}

TEST(ConsumerOptions, DefaultsAreFineOnceApplicationAndStreamAreNamed) {
  EXPECT_TRUE(goodOptions().validate());
}

struct Mistake {
  std::string names;
  std::function<void(ConsumerOptions&)> make;
};

TEST(ConsumerOptions, ARefusalNamesTheOptionAndSaysWhatToDo) {
  const std::vector<Mistake> mistakes = {
      {"applicationName", [](auto& o) { o.applicationName.clear(); }},
      {"applicationName", [](auto& o) { o.applicationName = "my app"; }},
      {"applicationName", [](auto& o) { o.applicationName = "ab"; }},
      {"streamName", [](auto& o) { o.streamName.clear(); }},
      {"tableName", [](auto& o) { o.tableName = "a/b"; }},
      {"workerId", [](auto& o) { o.workerId = std::string(1025, 'w'); }},
      {"stateDirectory", [](auto& o) { o.stateDirectory.clear(); }},
      {"kinesisCallTimeout", [](auto& o) { o.kinesisCallTimeout = 99ms; }},
      {"tableWriteCapacity", [](auto& o) { o.tableReadCapacity = 10; }},
      {"tableReadCapacity", [](auto& o) { o.tableReadCapacity = -1; }},
      {"failoverTime", [](auto& o) { o.failoverTime = 199ms; }},
      {"leaseScanInterval", [](auto& o) { o.leaseScanInterval = 0ms; }},
      {"maxLeases", [](auto& o) { o.maxLeases = 0; }},
      {"maxLeasesToSteal", [](auto& o) { o.maxLeasesToSteal = 0; }},
      {"maxLeasesToAsk", [](auto& o) { o.maxLeasesToAsk = 0; }},
      {"handOverTimeout", [](auto& o) { o.handOverTimeout = 999ms; }},
      {"completedLeaseCleanupInterval", [](auto& o) { o.completedLeaseCleanupInterval = 0ms; }},
      {"garbageLeaseCleanupInterval", [](auto& o) { o.garbageLeaseCleanupInterval = 25h; }},
      {"maxRecords", [](auto& o) { o.maxRecords = 10'001; }},
      {"idleTimeBetweenReads", [](auto& o) { o.idleTimeBetweenReads = -1ms; }},
      {"readCallsPerSecond", [](auto& o) { o.readCallsPerSecond = 0; }},
      {"maxPendingBatches", [](auto& o) { o.maxPendingBatches = 0; }},
      {"maxPendingBytes", [](auto& o) { o.maxPendingBytes = 1; }},
      {"memoryBudget", [](auto& o) { o.memoryBudget = 1; }},
      {"handlerThreads", [](auto& o) { o.handlerThreads = 0; }},
      {"checkpointInterval", [](auto& o) { o.checkpointInterval = -1ms; }},
      {"exceptionRetriesMax", [](auto& o) { o.exceptionRetriesMax = -1; }},
      {"exceptionBackoff", [](auto& o) { o.exceptionBackoff = o.exceptionBackoffCap + 1ms; }},
      {"exceptionBackoffCap", [](auto& o) { o.exceptionBackoffCap = 2h; }},
      {"retryAfterMax", [](auto& o) { o.retryAfterMax = -1; }},
      {"handlerWarningAfter", [](auto& o) { o.handlerWarningAfter = 0ms; }},
      {"shutdownGrace", [](auto& o) { o.shutdownGrace = -1ms; }},
      {"afterRetries", [](auto& o) { o.afterRetries = AfterRetries::kDeadLetter; }},
      {"deadLetterFile",
       [](auto& o) {
         o.deadLetterFile = "x";
         o.deadLetters = [](const DeadLetters&) { return Result<void>(); };
       }},
  };
  for (const Mistake& mistake : mistakes) {
    ConsumerOptions options = goodOptions();
    mistake.make(options);

    const auto valid = options.validate();

    ASSERT_FALSE(valid) << mistake.names;
    EXPECT_EQ(valid.error().code(), Code::kInvalidConfig);
    EXPECT_TRUE(valid.error().message().starts_with("ConsumerOptions::" + mistake.names + " "))
        << valid.error().message();
    EXPECT_FALSE(valid.error().hint().empty()) << mistake.names;
  }
}

TEST(ConsumerOptions, TheEndsOfARangeAreInside) {
  ConsumerOptions options = goodOptions();
  options.failoverTime = 200ms;
  options.maxRecords = 1;
  options.shutdownGrace = 0ms;
  options.exceptionRetriesMax = 0;
  options.exceptionBackoff = options.exceptionBackoffCap;
  options.idleTimeBetweenReads = 0ms;

  EXPECT_TRUE(options.validate());
}

TEST(ConsumerOptions, AShortApplicationNameIsFineBesideATableName) {
  ConsumerOptions options = goodOptions();
  options.applicationName = "a";
  options.tableName = "leases-of-a";

  EXPECT_TRUE(options.validate());
}

}  // namespace
}  // namespace tidemill
