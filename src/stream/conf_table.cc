#include "stream/conf_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/text.h"

namespace tidemill::stream {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kDecimalMost = 1'000'000 * kMillion;

// Sorted by key.
constexpr std::array kTable = {
    ConfEntry{
        "kinesis.checkpoint.after", ConfType::kText, "processed", "processed|stored", 1, kMost,
        "What a lease checkpoint follows: the outputs of a batch, or, as in Spark, the store. With stored, "
        "levels that have a disk write there at once, and what is left is delivered at the next start; with "
        "levels of memory alone it is gone when the process dies."},
    ConfEntry{"spark.executor.memory", ConfType::kBytes, "1g", "m", 0, std::int64_t{1} << 46,
              "Bytes that blocks may hold in memory; at the limit the oldest move to the disk, if their "
              "storage level has one. A number alone is in MiB."},
    ConfEntry{
        "spark.io.compression.codec", ConfType::kText, "auto",
        "auto|lz4|zstd|none|org.apache.spark.io.LZ4CompressionCodec|org.apache.spark.io.ZStdCompressionCodec",
        1, kMost,
        "What compresses blocks of _SER and disk levels; auto: lz4, or what spark.serializer says."},
    ConfEntry{"spark.io.encryption.enabled", ConfType::kBoolean, "false", "", 0, 0,
              "Only false is accepted: blocks on disk are not encrypted; their folders may lie on a file "
              "system that is."},
    ConfEntry{"spark.local.dir", ConfType::kText, "", "", 0, kMost,
              "Folders for scratch files, of which blocks take the first; empty: the state folder."},
    ConfEntry{"spark.serializer", ConfType::kText, "auto",
              "auto|org.apache.spark.serializer.JavaSerializer|org.apache.spark.serializer.KryoSerializer|"
              "java|kryo",
              1, kMost,
              "Accepted for programs that set it: of Java means blocks are not compressed, Kryo means lz4."},
    ConfEntry{"spark.streaming.backpressure.enabled", ConfType::kBoolean, "false", "", 0, 1,
              "Lets the rate of reading follow the rate at which batches are processed."},
    ConfEntry{
        "spark.streaming.backpressure.initialRate", ConfType::kInteger, "9223372036854775807", "", kLeast,
        kMost,
        "Records per second and receiver until the first rate is known, also with backpressure off; not "
        "above spark.streaming.receiver.maxRate. 0 or less: no limit."},
    ConfEntry{"spark.streaming.backpressure.pid.derived", ConfType::kDecimal, "0.0", "", 0, kDecimalMost,
              "Weight of the change of the error between two batches."},
    ConfEntry{"spark.streaming.backpressure.pid.integral", ConfType::kDecimal, "0.2", "", 0, kDecimalMost,
              "Weight of the records that wait for their batch."},
    ConfEntry{
        "spark.streaming.backpressure.pid.minRate", ConfType::kDecimal, "100", "", 1, kDecimalMost,
        "Records per second that backpressure leaves at least; above what the outputs manage, memory and "
        "not backpressure is what holds reading up."},
    ConfEntry{"spark.streaming.backpressure.pid.proportional", ConfType::kDecimal, "1.0", "", 0, kDecimalMost,
              "Weight of the difference between the rate of reading and that of processing."},
    ConfEntry{"spark.streaming.backpressure.rateEstimator", ConfType::kText, "pid", "pid", 1, kMost,
              "How the rate is found."},
    ConfEntry{"spark.streaming.blockInterval", ConfType::kDuration, "200ms", "ms", 1, kHour,
              "How often received records are sealed into a block; one task for each block."},
    ConfEntry{"spark.streaming.blockQueueSize", ConfType::kInteger, "10", "", 1, 1'000'000,
              "Sealed blocks of one input that wait to be stored; reading waits at the limit."},
    ConfEntry{"spark.streaming.checkpoint.directory", ConfType::kText, "", "", 0, kMost,
              "Url of the checkpoint directory, such as file:/var/lib/orders; empty: none."},
    ConfEntry{
        "spark.streaming.gracefulStopTimeout", ConfType::kDuration, "0ms", "ms", 0, 24 * kHour,
        "When a graceful stop gives up and ends at once, with error[Timeout]; 0: after ten batch "
        "intervals, but a minute at least. A context that runs takes a new value, until it is stopped."},
    ConfEntry{"spark.streaming.kinesis.retry.maxAttempts", ConfType::kInteger, "3", "", 1, 1000,
              "Tries of one call that reads lost records again. Refused ones count once a second."},
    ConfEntry{"spark.streaming.kinesis.retry.waitTime", ConfType::kDuration, "100ms", "ms", 1, kHour,
              "Most of the first wait between two such tries; it doubles with each."},
    ConfEntry{"spark.streaming.receiver.blockStoreTimeout", ConfType::kDuration, "30s", "s", 100, kHour,
              "A replica of a block that is not written by then is done without."},
    ConfEntry{"spark.streaming.receiver.maxRate", ConfType::kInteger, "9223372036854775807", "", kLeast,
              kMost,
              "Records per second and receiver; parts of aggregated records count one by one. 0 or less: no "
              "limit. A context that runs takes a new value, which reaches its receivers at once."},
    ConfEntry{"spark.streaming.receiverRestartDelay", ConfType::kDuration, "2000", "ms", 1, kHour,
              "First wait before a receiver that failed is started again; it doubles with each failure."},
    ConfEntry{"spark.streaming.stopGracefullyOnShutdown", ConfType::kBoolean, "false", "", 0, 1,
              "Whether SIGTERM and SIGINT stop a context gracefully that made its own surroundings; a second "
              "signal ends the process at once, with exit code 1."},
    ConfEntry{
        "spark.task.maxFailures", ConfType::kInteger, "4", "", 1, 1000,
        "Tries of one task before its batch fails. A context that runs takes a new value, from the next "
        "batch on."},
    ConfEntry{"tidemill.batch.maxFailures", ConfType::kInteger, "10", "", 1, 1'000'000,
              "Tries of one batch, with growing waits, before the context stops; nothing is lost by it. A "
              "context that runs takes a new value, from the next batch on."},
    ConfEntry{"tidemill.block.directory", ConfType::kText, "", "", 0, kMost,
              "Folder of stored blocks, with one in it for each worker; empty: below spark.local.dir or the "
              "state folder."},
    ConfEntry{"tidemill.block.replicas", ConfType::kText, "", "", 0, kMost,
              "Where second and third copies of blocks go: dir:PATH for a folder on another disk or a "
              "network mount, or a url s3:// or hdfs:// as of a checkpoint directory; several with commas."},
    ConfEntry{"tidemill.block.replication", ConfType::kText, "warn", "warn|require", 1, kMost,
              "What fewer copies than the storage level asks for are: a warning, or a failure that is tried "
              "again."},
    ConfEntry{"tidemill.block.sealBytes", ConfType::kBytes, "16m", "", 1, std::int64_t{1} << 32,
              "Payload at which a block is sealed before its interval is over."},
    ConfEntry{"tidemill.block.segmentBytes", ConfType::kBytes, "64m", "", 1 << 10, std::int64_t{1} << 31,
              "Size of the files of stored blocks; larger means fewer files, whose room comes back later."},
    ConfEntry{"tidemill.checkpoint.heartbeat", ConfType::kDuration, "5s", "ms", 100, 60'000,
              "How often a sign of life is written to a checkpoint directory on a store without locks; who "
              "finds it in use waits twice as long."},
    ConfEntry{
        "tidemill.checkpoint.interval", ConfType::kDuration, "10s", "ms", 100, kHour,
        "Least time between two metadata checkpoints; more of the block log is read at a restart if it is "
        "larger."},
    ConfEntry{"tidemill.checkpoint.kept", ConfType::kInteger, "10", "", 1, 1000,
              "Newest metadata checkpoints that are kept; the block log is kept from the oldest of them on."},
    ConfEntry{
        "tidemill.checkpoint.unsafeSingleWriter", ConfType::kBoolean, "false", "", 0, 1,
        "Takes a checkpoint directory on a store that overwrites what it was asked to keep. Safe only where "
        "certainly never two processes write at a time."},
    ConfEntry{"tidemill.dynamodb.allowPlainHttp", ConfType::kBoolean, "false", "", 0, 1,
              "Lets the endpoint of DynamoDB be http on another machine; everybody on the way can read the "
              "leases."},
    ConfEntry{"tidemill.dynamodb.endpoint", ConfType::kText, "", "", 0, kMost,
              "Url of DynamoDB; empty: AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, or the region's own."},
    ConfEntry{"tidemill.dynamodb.region", ConfType::kText, "", "", 0, kMost,
              "Region of the lease table; empty: AWS_REGION or AWS_DEFAULT_REGION."},
    ConfEntry{"tidemill.handler.attempts", ConfType::kInteger, "1", "", 1, 1000,
              "Calls of a messageHandler for one record before tidemill.handler.onError."},
    ConfEntry{"tidemill.handler.deadLetter", ConfType::kText, "", "", 0, kMost,
              "Where dead letters go: file:PATH or kinesis:STREAM."},
    ConfEntry{"tidemill.handler.deadLetterBytes", ConfType::kBytes, "64m", "", 1, std::int64_t{1} << 32,
              "Dead letters of one batch, as they are written; the batch fails above it."},
    ConfEntry{"tidemill.handler.onError", ConfType::kText, "fail", "fail|dead-letter|skip", 1, kMost,
              "What becomes of a record for which the messageHandler throws, in streams that have no "
              "HandlerPolicy of their own."},
    ConfEntry{"tidemill.handler.skipReason", ConfType::kText, "", "", 0, 100,
              "The name under which tidemill.handler.onError=skip counts records."},
    ConfEntry{
        "tidemill.hdfs.hosts", ConfType::kText, "", "", 0, kMost,
        "Where datanodes really answer, if namenodes name them otherwise than this machine can reach them: "
        "NAME:PORT=ADDRESS:PORT, several with commas."},
    ConfEntry{"tidemill.hdfs.safeModeWait", ConfType::kDuration, "60s", "ms", 0, kHour,
              "How long a call waits for the end of a namenode's safe mode before it fails."},
    ConfEntry{"tidemill.hdfs.user", ConfType::kText, "", "", 0, 255,
              "Who reads and writes in HDFS (simple authentication); empty: HADOOP_USER_NAME or USER."},
    ConfEntry{
        "tidemill.kinesis.allowPlainHttp", ConfType::kBoolean, "false", "", 0, 1,
        "Lets an endpoint other than this machine's be http; everybody on the way can read the records."},
    ConfEntry{"tidemill.kinesis.callTimeout", ConfType::kDuration, "15s", "ms", 100, 300'000,
              "Each call to Kinesis ends by then, its retries included."},
    ConfEntry{"tidemill.kinesis.idleTimeBetweenReads", ConfType::kDuration, "1000ms", "ms", 0, kHour,
              "Wait after an empty answer at the tip of a shard."},
    ConfEntry{"tidemill.kinesis.maxRecords", ConfType::kInteger, "10000", "", 1, 10'000,
              "Records asked for in one GetRecords call."},
    ConfEntry{"tidemill.kinesis.readBytesPerSecond", ConfType::kBytes, "2m", "", 0, std::int64_t{1} << 40,
              "Bytes read from one shard in a second; 0 lifts the limit. AWS allows 2 MB."},
    ConfEntry{"tidemill.kinesis.readCallsPerSecond", ConfType::kInteger, "5", "", 0, 1000,
              "GetRecords calls to one shard in a second; 0 lifts the limit. AWS allows 5 for all readers "
              "together."},
    ConfEntry{"tidemill.kpl.deaggregate", ConfType::kBoolean, "true", "", 0, 1,
              "Gives the parts of records that the Kinesis Producer Library has packed into one; false gives "
              "such records whole."},
    ConfEntry{
        "tidemill.kpl.outOfRange", ConfType::kText, "drop_aggregate", "drop_aggregate|keep|keep_and_count", 1,
        kMost,
        "An aggregated record with parts that belong into another shard is left out, as by KCL, or kept; "
        "keep_and_count tells each as an event."},
    ConfEntry{
        "tidemill.leases.failover", ConfType::kDuration, "10s", "ms", 200, kHour,
        "How long a lease stands still before others take it; the same for all workers of an application. "
        "KCL: failoverTimeMillis."},
    ConfEntry{"tidemill.leases.max", ConfType::kInteger, "2147483647", "", 1, 2'147'483'647,
              "Leases that this worker takes at most. KCL: maxLeasesForWorker."},
    ConfEntry{"tidemill.leases.maxToSteal", ConfType::kInteger, "1", "", 1, 1'000'000,
              "Leases taken from a living Java worker in one look. KCL: maxLeasesToStealAtOneTime."},
    ConfEntry{
        "tidemill.leases.scanInterval", ConfType::kDuration, "5s", "ms", 50, kHour,
        "Time between two looks at the lease table; shorter notices a dead worker sooner and reads the table "
        "more often."},
    ConfEntry{
        "tidemill.leases.store", ConfType::kText, "sqlite", "sqlite|dynamodb", 1, kMost,
        "Where leases are kept: in the state folder, for one machine, or in DynamoDB, beside Java workers."},
    ConfEntry{
        "tidemill.memory.budget", ConfType::kBytes, "256m", "", 1 << 20, std::int64_t{1} << 42,
        "Bytes that received records may hold until their batch has succeeded; reading waits at the limit."},
    ConfEntry{"tidemill.persist.disk", ConfType::kBytes, "16g", "", 0, std::int64_t{1} << 50,
              "Bytes that persisted RDDs may hold on disk, if their storage level has one; what does not fit "
              "is computed again."},
    ConfEntry{"tidemill.persist.memory", ConfType::kBytes, "256m", "", 0, std::int64_t{1} << 46,
              "Bytes that persisted RDDs may hold in memory; what does not fit goes to the disk, if their "
              "storage level has one, or is computed again."},
    ConfEntry{"tidemill.receiver.maxRestarts", ConfType::kInteger, "10", "", 0, 1'000'000,
              "Restarts of a receiver in a row, without a record in between, before the context stops."},
    ConfEntry{
        "tidemill.recovery.keep", ConfType::kBoolean, "true", "", 0, 1,
        "Puts blocks that were read again back into the store; else they are in memory until their batch "
        "has succeeded."},
    ConfEntry{
        "tidemill.recovery.onDataLoss", ConfType::kText, "stop", "stop|record", 1, kMost,
        "When records of a lost block are gone from the stream: stop, with exit code 4, or record it as "
        "data_loss and go on with what is left."},
    ConfEntry{
        "tidemill.s3.allowPlainHttp", ConfType::kBoolean, "false", "", 0, 1,
        "Lets the endpoint of S3 be http on another machine; everybody on the way can read checkpoints."},
    ConfEntry{
        "tidemill.s3.endpoint", ConfType::kText, "", "", 0, kMost,
        "Url of S3; empty: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or the region's own. Buckets of one that "
        "is given are addressed by path."},
    ConfEntry{"tidemill.s3.kmsKeyId", ConfType::kText, "", "", 0, 2048,
              "The key that objects are encrypted with by aws:kms; empty: the account's own."},
    ConfEntry{"tidemill.s3.region", ConfType::kText, "", "", 0, kMost,
              "Region of the bucket; empty: AWS_REGION or AWS_DEFAULT_REGION."},
    ConfEntry{"tidemill.s3.serverSideEncryption", ConfType::kText, "", "|AES256|aws:kms|aws:kms:dsse", 0,
              kMost, "How S3 encrypts objects that are written; empty: as the bucket says."},
    ConfEntry{"tidemill.state.directory", ConfType::kText, "tidemill-state", "", 1, kMost,
              "Folder of the lease table and of the lock that keeps a second process out."},
    ConfEntry{"tidemill.test.loseBlocks", ConfType::kFraction, "0", "", 0, kMillion,
              "For tests: the part of all stored blocks that is lost before its batch, as 0.3 or 30%."},
    ConfEntry{"tidemill.worker.id", ConfType::kText, "tidemill-worker", "", 1, kMost,
              "Who owns leases: stable across restarts, unique among workers."},
};

// Below these, Spark Streaming has keys that are not in the table; this version does not act on them.
constexpr std::array<std::string_view, 3> kSparkOnly = {"spark.streaming.driver.writeAheadLog.",
                                                        "spark.streaming.dynamicAllocation.",
                                                        "spark.streaming.receiver.writeAheadLog."};

// Read each time when they count.
constexpr std::array<std::string_view, 4> kDynamic = {"spark.streaming.gracefulStopTimeout",
                                                      "spark.streaming.receiver.maxRate",
                                                      "spark.task.maxFailures", "tidemill.batch.maxFailures"};

struct Suffix {
  std::string_view text;
  std::int64_t factor;
};

// Spark's time suffixes, in microseconds.
constexpr std::int64_t kPerMillisecond = 1000;
constexpr std::array kTimes = {Suffix{"us", 1},
                               Suffix{"ms", kPerMillisecond},
                               Suffix{"s", 1000 * kPerMillisecond},
                               Suffix{"m", 60'000 * kPerMillisecond},
                               Suffix{"min", 60'000 * kPerMillisecond},
                               Suffix{"h", kHour* kPerMillisecond},
                               Suffix{"d", 24 * kHour* kPerMillisecond}};
constexpr std::array kSizes = {Suffix{"b", 1},       Suffix{"k", 1 << 10},  Suffix{"kb", 1 << 10},
                               Suffix{"m", 1 << 20}, Suffix{"mb", 1 << 20}, Suffix{"g", 1 << 30},
                               Suffix{"gb", 1 << 30}};

tl::unexpected<Error> refuse(const ConfEntry& entry, std::string_view value, std::string_view expected) {
  // Where one value fits, the table says why.
  if (entry.meaning.starts_with("Only ")) {
    return fail(Code::kInvalidConfig,
                fmt::format("{}={} is refused. {}", entry.key, base::quoteIfNeeded(value), entry.meaning),
                fmt::format("leave {} at {}", entry.key, base::quoteIfNeeded(entry.fallback)));
  }
  return fail(Code::kInvalidConfig,
              fmt::format("{}={} is not {}", entry.key, base::quoteIfNeeded(value), expected),
              fmt::format("for example {}={}", entry.key, entry.fallback));
}

Result<std::int64_t> parseScaled(const ConfEntry& entry, std::string_view value,
                                 std::span<const Suffix> suffixes, std::string_view unit,
                                 std::string_view expected) {
  const auto digits = value.find_first_not_of("0123456789");
  const auto number = base::parseInteger(value.substr(0, digits));
  if (!number) return refuse(entry, value, expected);
  const std::string suffix =
      digits == std::string_view::npos ? std::string(unit) : base::toLower(value.substr(digits));
  const auto found =
      std::find_if(suffixes.begin(), suffixes.end(), [&](const Suffix& s) { return s.text == suffix; });
  if (found == suffixes.end() || *number > kMost / found->factor) return refuse(entry, value, expected);
  return *number * found->factor;
}

Result<std::int64_t> parseDuration(const ConfEntry& entry, std::string_view value) {
  auto microseconds =
      parseScaled(entry, value, kTimes, entry.unit, "a time such as 200ms, 10s, 5m, 2h or 1d");
  if (!microseconds) return microseconds;
  return *microseconds / kPerMillisecond + (*microseconds % kPerMillisecond > 0 ? 1 : 0);
}

// Nothing if not all of `digits` is a number without exponent.
std::optional<double> parseReal(std::string_view digits) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// A number from 0 to `most`, in millionths.
Result<std::int64_t> inMillionths(const ConfEntry& entry, std::string_view value,
                                  std::optional<double> number, double most, std::string_view expected) {
  // Written so that what is no number is refused as well.
  const bool fits = number && *number >= 0 && *number <= most;
  if (!fits) return refuse(entry, value, expected);
  return static_cast<std::int64_t>(*number * kMillion + 0.5);
}

// "0.3" or "30%".
Result<std::int64_t> parseFraction(const ConfEntry& entry, std::string_view value) {
  const bool perCent = value.ends_with('%');
  auto number = parseReal(perCent ? value.substr(0, value.size() - 1) : value);
  if (number && perCent) *number /= 100;
  return inMillionths(entry, value, number, 1, "a part of the whole such as 0.3 or 30%");
}

// "0.2".
Result<std::int64_t> parseDecimal(const ConfEntry& entry, std::string_view value) {
  return inMillionths(entry, value, parseReal(value), static_cast<double>(entry.most) / kMillion,
                      "a number such as 0.2, not negative");
}

Result<std::int64_t> parseBoolean(const ConfEntry& entry, std::string_view value) {
  const std::string lower = base::toLower(value);
  if (lower == "true") return 1;
  if (lower == "false") return 0;
  return refuse(entry, value, "true or false");
}

bool isOneOf(std::string_view value, std::string_view choices) {
  const auto known = base::split(choices, '|');
  return std::find(known.begin(), known.end(), value) != known.end();
}

}  // namespace

std::span<const ConfEntry> confTable() {
  static const std::vector<ConfEntry> whole = [] {
    const auto byKey = [](const ConfEntry& a, const ConfEntry& b) { return a.key < b.key; };
    const auto spark = sparkConfEntries();
    std::vector<ConfEntry> both(kTable.begin(), kTable.end());
    both.insert(both.end(), spark.begin(), spark.end());
    std::sort(both.begin(), both.end(), byKey);
    return both;
  }();
  return whole;
}

const ConfEntry* findConfEntry(std::string_view key) {
  const auto table = confTable();
  const auto found =
      std::lower_bound(table.begin(), table.end(), key,
                       [](const ConfEntry& entry, std::string_view k) { return entry.key < k; });
  return found == table.end() || found->key != key ? nullptr : &*found;
}

bool isDynamicConfKey(std::string_view key) {
  return std::find(kDynamic.begin(), kDynamic.end(), key) != kDynamic.end();
}

bool isSparkOnlyKey(std::string_view key) {
  return std::any_of(kSparkOnly.begin(), kSparkOnly.end(),
                     [&](std::string_view prefix) { return key.starts_with(prefix); });
}

std::string nearestConfKey(std::string_view key) {
  const ConfEntry* nearest = nullptr;
  std::size_t least = key.size() / 3 + 1;  // Further away than that is another word, not a slip.
  for (const ConfEntry& entry : confTable()) {
    const std::size_t distance = base::editDistance(key, entry.key);
    if (distance < least) {
      least = distance;
      nearest = &entry;
    }
  }
  return nearest == nullptr ? std::string() : std::string(nearest->key);
}

Result<std::int64_t> parseConfNumber(const ConfEntry& entry, std::string_view value) {
  Result<std::int64_t> number = 0;
  switch (entry.type) {
    case ConfType::kText:
      if (static_cast<std::int64_t>(value.size()) < entry.least) return refuse(entry, value, "a text");
      if (!entry.unit.empty() && !isOneOf(value, entry.unit))
        return refuse(entry, value, fmt::format("one of {}", entry.unit));
      return 0;
    case ConfType::kBoolean:
      number = parseBoolean(entry, value);
      if (number && *number > entry.most) {
        return fail(Code::kInvalidConfig,
                    fmt::format("{}={} is refused. {}", entry.key, value, entry.meaning),
                    fmt::format("leave {} at {}", entry.key, entry.fallback));
      }
      return number;
    case ConfType::kFraction:
      return parseFraction(entry, value);
    case ConfType::kDecimal:
      number = parseDecimal(entry, value);
      if (number && *number < entry.least) return refuse(entry, value, "above 0");
      return number;
    case ConfType::kInteger: {
      const auto parsed = base::parseInteger(value);
      if (!parsed) return refuse(entry, value, "a whole number");
      number = *parsed;
      break;
    }
    case ConfType::kDuration:
      number = parseDuration(entry, value);
      break;
    case ConfType::kBytes:
      number = parseScaled(entry, value, kSizes, entry.unit.empty() ? "b" : entry.unit,
                           "a size such as 512k, 64m or 2g");
      break;
  }
  if (!number) return number;
  if (*number < entry.least || *number > entry.most) {
    return refuse(entry, value,
                  fmt::format("between {} and {}{}", entry.least, entry.most,
                              entry.type == ConfType::kDuration ? " ms" : ""));
  }
  return number;
}

}  // namespace tidemill::stream
