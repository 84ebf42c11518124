#include "tidemill/consumer_options.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>

#include "base/text.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

// Names that Kinesis and DynamoDB take: letters, digits, dots, dashes and underscores.
bool isName(std::string_view text, std::size_t least, std::size_t most) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return text.size() >= least && text.size() <= most &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Keeps the first thing that is wrong.
class Checks {
 public:
  void range(std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most,
             std::string_view unit = {}) {
    if (value >= least && value <= most) return;
    const std::string ends =
        most == kNoLimit ? fmt::format("at least {}", least) : fmt::format("between {} and {}", least, most);
    refuse(fmt::format("{} is {}{}", option, value, unit), fmt::format("choose {}{}", ends, unit));
  }
  void range(std::string_view option, Duration value, Duration least, Duration most) {
    range(option, value.count(), least.count(), most.count(), " ms");
  }
  void name(std::string_view option, const std::string& value, std::size_t least, std::size_t most,
            std::string_view hint) {
    if (isName(value, least, most)) return;
    const std::string what = value.empty() ? "is missing" : "is " + base::quoteIfNeeded(value);
    refuse(fmt::format("{} {}", option, what), std::string(hint));
  }
  void that(bool good, std::string what, std::string hint) {
    if (!good) refuse(std::move(what), std::move(hint));
  }
  Result<void> verdict() const {
    if (wrong_) return fail(*wrong_);
    return {};
  }

 private:
  void refuse(std::string what, std::string hint) {
    if (!wrong_) wrong_ = Error(Code::kInvalidConfig, "ConsumerOptions::" + what, std::move(hint));
  }

  std::optional<Error> wrong_;
};

void checkNames(const ConsumerOptions& options, Checks& checks) {
  constexpr std::string_view kTableHint = "give 3 to 255 letters, digits, '_', '-' or '.': it names a table";
  const bool ownTable = options.tableName.empty();
  checks.name("applicationName", options.applicationName, ownTable ? 3 : 1, 255, kTableHint);
  checks.name("streamName", options.streamName, 1, 128, "name the Kinesis stream to read");
  if (!ownTable) checks.name("tableName", options.tableName, 3, 255, kTableHint);
  checks.that(options.workerId.size() <= 1024, "workerId is longer than 1024 bytes", "give a shorter name");
  checks.that(options.leaseStore != LeaseStoreKind::kSqlite || !options.stateDirectory.empty(),
              "stateDirectory is empty", "name a folder for the lease file, or keep leases in DynamoDB");
}

void checkLeases(const ConsumerOptions& options, Checks& checks) {
  constexpr std::int64_t kCapacityMax = 40'000;
  const bool provisioned = options.tableReadCapacity > 0 || options.tableWriteCapacity > 0;
  const std::int64_t least = provisioned ? 1 : 0;
  checks.range("tableReadCapacity", options.tableReadCapacity, least, kCapacityMax);
  checks.range("tableWriteCapacity", options.tableWriteCapacity, least, kCapacityMax);
  checks.range("failoverTime", options.failoverTime, 200ms, 1h);
  checks.range("leaseScanInterval", options.leaseScanInterval, 50ms, 1h);
  checks.range("maxLeases", options.maxLeases, 1, kNoLimit);
  checks.range("maxLeasesToSteal", options.maxLeasesToSteal, 1, kNoLimit);
  checks.range("maxLeasesToAsk", options.maxLeasesToAsk, 1, kNoLimit);
  checks.range("handOverTimeout", options.handOverTimeout, 1s, 1h);
  checks.range("completedLeaseCleanupInterval", options.completedLeaseCleanupInterval, 1s, 24h);
  checks.range("garbageLeaseCleanupInterval", options.garbageLeaseCleanupInterval, 1s, 24h);
}

void checkReading(const ConsumerOptions& options, Checks& checks) {
  checks.range("kinesisCallTimeout", options.kinesisCallTimeout, 100ms, 5min);
  checks.range("maxRecords", options.maxRecords, 1, 10'000);
  checks.range("idleTimeBetweenReads", options.idleTimeBetweenReads, 0ms, 1h);
  checks.range("readCallsPerSecond", options.readCallsPerSecond, 1, 1000);
  checks.range("maxPendingBatches", options.maxPendingBatches, 1, 1000);
  checks.range("maxPendingBytes", options.maxPendingBytes, 1 << 10, 1 << 30, " bytes");
  checks.range("memoryBudget", options.memoryBudget, 1 << 20, std::int64_t{1} << 42, " bytes");
}

void checkHandling(const ConsumerOptions& options, Checks& checks) {
  checks.range("handlerThreads", options.handlerThreads, 1, 1024);
  checks.range("checkpointInterval", options.checkpointInterval, 0ms, 24h);
  checks.range("exceptionRetriesMax", options.exceptionRetriesMax, 0, 1'000'000);
  checks.range("exceptionBackoffCap", options.exceptionBackoffCap, 1ms, 1h);
  checks.range("exceptionBackoff", options.exceptionBackoff, 1ms, options.exceptionBackoffCap);
  checks.range("retryAfterMax", options.retryAfterMax, 0, kNoLimit);
  checks.range("handlerWarningAfter", options.handlerWarningAfter, 1ms, 24h);
  checks.range("shutdownGrace", options.shutdownGrace, 0ms, 24h);
  const bool file = !options.deadLetterFile.empty();
  const bool function = static_cast<bool>(options.deadLetters);
  checks.that(!file || !function, "deadLetterFile and deadLetters are both given", "choose one of them");
  checks.that(options.afterRetries != AfterRetries::kDeadLetter || file || function,
              "afterRetries is kDeadLetter, but nothing takes dead letters",
              "give deadLetterFile or deadLetters");
}

}  // namespace

Result<void> ConsumerOptions::validate() const {
  Checks checks;
  checkNames(*this, checks);
  checkLeases(*this, checks);
  checkReading(*this, checks);
  checkHandling(*this, checks);
  return checks.verdict();
}

}  // namespace tidemill
