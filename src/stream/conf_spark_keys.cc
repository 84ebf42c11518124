#include <array>
#include <limits>

#include "stream/conf_table.h"

namespace tidemill::stream {
namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kIntMost = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kRatioMost = 1'000'000'000;
constexpr std::int64_t kNameMost = 1000;

constexpr std::string_view kNoJavaClass =
    "Only nothing is accepted: it names a Java class that keeps the log, which cannot be loaded here.";
constexpr std::string_view kNoReceiverLog =
    "Nothing: received blocks lie in the block store, which has no log files to roll.";
constexpr std::string_view kNoDriverLog =
    "Nothing: the block log of a checkpoint directory is written in whole chunks, which are tried again as "
    "calls of its store are.";
constexpr std::string_view kNoExecutors =
    "Nothing: there are no executors to ask for. Start more processes with the same application name; they "
    "share the shards.";

// Sorted by key.
constexpr std::array kSparkTable = {
    ConfEntry{"spark.streaming.clock", ConfType::kText, "org.apache.spark.util.SystemClock",
              "org.apache.spark.util.SystemClock", 1, kNameMost,
              "Only Spark's default is accepted: batches go by the clock of the machine."},
    ConfEntry{"spark.streaming.concurrentJobs", ConfType::kInteger, "1", "", 1, 1,
              "Only 1 is accepted: batches are worked on one after the other, each with all worker threads, "
              "so that a lease checkpoint never passes one that is not done."},
    ConfEntry{"spark.streaming.driver.writeAheadLog.allowBatching", ConfType::kBoolean, "true", "", 0, 1,
              "Nothing: entries of the block log that come together are always written together.",
              ConfUse::kNothing},
    ConfEntry{"spark.streaming.driver.writeAheadLog.batchingTimeout", ConfType::kDuration, "5000", "ms", 1,
              kDay, kNoDriverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.driver.writeAheadLog.class", ConfType::kText, "", "|", 0, kNameMost,
              kNoJavaClass},
    ConfEntry{"spark.streaming.driver.writeAheadLog.closeFileAfterWrite", ConfType::kBoolean, "false", "", 0,
              1, kNoDriverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.driver.writeAheadLog.maxFailures", ConfType::kInteger, "3", "", 1, kIntMost,
              kNoDriverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.driver.writeAheadLog.rollingIntervalSecs", ConfType::kInteger, "60", "", 1,
              kIntMost, kNoDriverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.enabled", ConfType::kBoolean, "false", "", 0, 1,
              kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.maxExecutors", ConfType::kInteger, "2147483647", "", 1,
              kIntMost, kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.minExecutors", ConfType::kInteger, "1", "", 1, kIntMost,
              kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.scalingDownRatio", ConfType::kDecimal, "0.3", "", 1,
              kRatioMost, kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.scalingInterval", ConfType::kDuration, "60", "s", 1, kDay,
              kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.scalingUpRatio", ConfType::kDecimal, "0.9", "", 1,
              kRatioMost, kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.dynamicAllocation.testing", ConfType::kBoolean, "false", "", 0, 1,
              kNoExecutors, ConfUse::kNothing},
    ConfEntry{"spark.streaming.fileStream.minRememberDuration", ConfType::kDuration, "60", "s", 1, kDay,
              "Nothing: the older name of spark.streaming.minRememberDuration, which counts if both are set.",
              ConfUse::kNothing},
    ConfEntry{"spark.streaming.kinesis.client.maxRetries", ConfType::kInteger, "2", "", 0, 1000,
              "Tries of a call to Kinesis or DynamoDB besides the first, within the call's time limit; 3 for "
              "DynamoDB if it is not set. Of writes of leases, too, as 9 at most; one or two if it is not "
              "set, and what was not written is written when it is due next. Reads at the tip of a shard are "
              "tried until one succeeds. Spark has no such key; there it would do nothing."},
    ConfEntry{"spark.streaming.kinesis.client.retryDelayMs", ConfType::kInteger, "50", "", 1, 60'000,
              "Milliseconds. Most of the first wait between two such tries, of reads at the tip of a shard "
              "too; it doubles with each, and the wait is drawn below it. If it is not set: 50, 25 for "
              "DynamoDB, 1000 after a throttled call, 100 for reads at the tip and writes of leases. Spark "
              "has no such key."},
    ConfEntry{"spark.streaming.manualClock.jump", ConfType::kInteger, "0", "", 0,
              std::numeric_limits<std::int64_t>::max(), "Nothing: it moves a clock of Spark's own tests.",
              ConfUse::kNothing},
    ConfEntry{"spark.streaming.minRememberDuration", ConfType::kDuration, "60", "s", 1, kDay,
              "Nothing: how far back in time a stream of files looks in Spark. Here the names that were seen "
              "are known for as long as the files are there.",
              ConfUse::kNothing, "spark.streaming.fileStream.minRememberDuration"},
    ConfEntry{"spark.streaming.receiver.writeAheadLog.class", ConfType::kText, "", "|", 0, kNameMost,
              kNoJavaClass},
    ConfEntry{"spark.streaming.receiver.writeAheadLog.closeFileAfterWrite", ConfType::kBoolean, "false", "",
              0, 1, kNoReceiverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.receiver.writeAheadLog.enable", ConfType::kBoolean, "false", "", 0, 1,
              "Puts every received block on the disk at once, one copy, whatever the storage level of its "
              "stream; refused at start() without a checkpoint directory. Kinesis keeps what it has sent, so "
              "nothing is lost without it: it saves reading again after a restart."},
    ConfEntry{"spark.streaming.receiver.writeAheadLog.maxFailures", ConfType::kInteger, "3", "", 1, kIntMost,
              kNoReceiverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.receiver.writeAheadLog.rollingIntervalSecs", ConfType::kInteger, "60", "", 1,
              kIntMost, kNoReceiverLog, ConfUse::kNothing},
    ConfEntry{"spark.streaming.sessionByKey.deltaChainThreshold", ConfType::kInteger, "20", "", 1, kIntMost,
              "Nothing: snapshots of mapWithState are written whole, so there are no chains of changes to "
              "fold.",
              ConfUse::kNothing},
    ConfEntry{"spark.streaming.stopSparkContextByDefault", ConfType::kBoolean, "true", "", 0, 1,
              "Whether StreamingContext::stop() without arguments also stops the Context below it."},
    ConfEntry{"spark.streaming.ui.retainedBatches", ConfType::kInteger, "1000", "", 1, 1'000'000,
              "Nothing: batches that a status page shows, and there is none.", ConfUse::kNothing},
    ConfEntry{
        "spark.streaming.unpersist", ConfType::kBoolean, "true", "", 0, 1,
        "Whether what DStream::persist() has kept of an RDD is dropped when the stream forgets the RDD, "
        "even if the program still holds it. false: it is kept as long as the program holds the RDD. "
        "Blocks are let go in any case when no stream looks back at their batch; "
        "StreamingContext::remember() keeps both longer."},
};

}  // namespace

std::span<const ConfEntry> sparkConfEntries() {
  return kSparkTable;
}

}  // namespace tidemill::stream
