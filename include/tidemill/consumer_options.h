// tidemill/consumer_options.h: what a Consumer does and how, with KCL's names beside ours.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tidemill/aggregation.h"
#include "tidemill/credentials.h"
#include "tidemill/initial_position.h"
#include "tidemill/record.h"
#include "tidemill/result.h"
#include "tidemill/time.h"

namespace tidemill {

// When the lease checkpoint of a shard moves.
enum class CheckpointMode {
  // Behind each batch whose call returned ok, written at most once in `checkpointInterval`.
  kAutomatic,
  // Only where the handler asks for it, and then at once. (KCL's way.)
  kManual,
};

// What follows when a handler has thrown `exceptionRetriesMax` times in a row on the same records.
enum class AfterRetries {
  // The shard stands still and an alarm is logged; other shards go on.
  kStopShard,
  // The whole batch goes to the dead letters, and the shard goes on. Needs a place for dead letters.
  kDeadLetter,
  // The consumer ends with kUserCodeFailed.
  kFatal,
};

enum class LeaseStoreKind {
  kSqlite,    // A file in `stateDirectory`: the workers of one host.
  kDynamoDb,  // A table as KCL keeps it: any number of hosts, together with KCL 1.x and 2.x workers.
};

// Records that a handler could not process, on their way to wherever such records go.
struct DeadLetters {
  std::string_view applicationName;
  std::string_view streamName;
  std::string_view shardId;
  // In the order of the shard; views that end with the call.
  std::span<const Record> records;
  // As the handler gave it.
  std::string_view reason;
};
// Keeps the records for good before it returns: the lease checkpoint moves past them afterwards. Called on a
// worker thread, for several shards at a time. An error (or exception) is tried again like one of the
// handler.
using DeadLetterFunction = std::function<Result<void>(const DeadLetters&)>;

// Read when the Consumer is made; validate() says what is wrong with it.
struct ConsumerOptions {
  // --- What is read, and as whom ---

  // Names the lease table unless `tableName` does. Required. (KCL: applicationName)
  std::string applicationName;
  // Required. (KCL: streamName)
  std::string streamName;
  // The name of the lease table. Empty: applicationName. (KCL: tableName)
  std::string tableName;
  // Who owns leases: unique among the workers, and best stable across restarts, since a worker takes back
  // within a third of the failover time what an earlier process of its name held. Empty: a random name.
  // (KCL: workerIdentifier)
  std::string workerId;
  // Where shards without a lease row start. (KCL: initialPositionInStreamExtended)
  KinesisInitialPosition initialPosition = KinesisInitialPosition::Latest();

  // --- Where AWS is ---

  // Empty: AWS_REGION, AWS_DEFAULT_REGION. (KCL: regionName)
  std::string regionName;
  // Empty: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL, else the region's own. (KCL: kinesisEndpoint)
  std::string kinesisEndpoint;
  // Empty: AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, else the region's own. (KCL: dynamoDBEndpoint)
  std::string dynamoDbEndpoint;
  // Lets endpoints other than this machine's be http; everybody on the way can read the records.
  bool allowPlainHttp = false;
  // None: from the environment. (KCL: kinesisCredentialsProvider)
  std::optional<AwsCredentials> credentials;
  // None: those above. (KCL: dynamoDBCredentialsProvider)
  std::optional<AwsCredentials> dynamoDbCredentials;
  // Each call to Kinesis ends by then, its retries included. Range: 100 ms to 5 min. Larger outlives slower
  // networks, and notices a dead connection later. (KCL: kinesisRequestTimeout, 30 s)
  Duration kinesisCallTimeout{15'000};

  // --- Leases ---

  LeaseStoreKind leaseStore = LeaseStoreKind::kSqlite;
  // Folder of leases.db, which the workers of one host share. Used with kSqlite alone.
  std::string stateDirectory = "tidemill-state";
  // Capacity with which a lease table is made that does not exist; both 0: billed on demand. Range: 0 to
  // 40,000 each. (KCL: billingMode, initialLeaseTableReadCapacity, initialLeaseTableWriteCapacity)
  std::int64_t tableReadCapacity = 0;
  std::int64_t tableWriteCapacity = 0;
  // How long a lease stands still before another worker takes it; the same for all workers of an application.
  // Range: 200 ms to 1 h. Larger outlives longer pauses of this process and costs fewer writes, and takes
  // over later from a worker that died. (KCL: failoverTimeMillis)
  Duration failoverTime{10'000};
  // Time between two looks at the lease table. Range: 50 ms to 1 h. Larger reads less, and notices free
  // leases later. (KCL: fixed at twice the failover time)
  Duration leaseScanInterval{5'000};
  // Leases that this worker holds at most. Range: 1 and up. (KCL: maxLeasesForWorker)
  int maxLeases = 2'147'483'647;
  // Leases taken from a living Java worker in one look. Range: 1 and up. Larger balances sooner, and
  // interrupts more shards at once. (KCL: maxLeasesToStealAtOneTime)
  int maxLeasesToSteal = 1;
  // The same for asking a tidemill worker, which hands over without a pause. Range: 1 and up.
  int maxLeasesToAsk = 10;
  // How long a worker that was asked has to hand a lease over before it is stolen. Range: 1 s to 1 h.
  // (KCL: gracefulLeaseHandoffTimeoutMillis)
  Duration handOverTimeout{30'000};
  // Leases that stood still for three times the failover time are taken whatever the fair share says.
  // (KCL: enablePriorityLeaseAssignment)
  bool enablePriorityLeaseAssignment = true;
  // Deletes rows of finished shards once their children are being read.
  // (KCL: cleanupLeasesUponShardCompletion)
  bool cleanupLeases = true;
  // How often such rows are looked for, and those of shards that Kinesis has forgotten. Range: 1 s to 24 h.
  // (KCL: completedLeaseCleanupIntervalMillis, garbageLeaseCleanupIntervalMillis)
  Duration completedLeaseCleanupInterval{300'000};
  Duration garbageLeaseCleanupInterval{1'800'000};

  // --- Reading ---

  // Records asked for in one call, and so the most in one batch. Range: 1 to 10,000. (KCL: maxRecords)
  int maxRecords = 10'000;
  // Wait after an empty answer at the tip of a shard. Range: 0 to 1 h. Larger costs latency, smaller costs
  // calls. (KCL: idleTimeBetweenReadsInMillis)
  Duration idleTimeBetweenReads{1'000};
  // GetRecords calls to one shard in a second, below AWS's 5 for all readers together. Range: 1 to 1,000.
  int readCallsPerSecond = 5;
  // Batches of one shard that are read ahead of the handler. Range: 1 to 1,000. Larger hides slower reads,
  // and reads more again after a lease was lost. (KCL: maxPendingProcessRecordsInput)
  int maxPendingBatches = 4;
  // Bytes of one shard that are read ahead, beside one answer. Range: 1 KiB to 1 GiB. (KCL: maxByteSize)
  std::int64_t maxPendingBytes = 8 << 20;
  // Bytes that all shards hold together; reading waits at the limit. Range: 1 MiB to 4 TiB. With room for
  // maxPendingBytes and 10 MiB for each shard, no slow shard holds back another.
  std::int64_t memoryBudget = 256 << 20;
  // Calls processRecords() with no records when an answer of Kinesis was empty.
  // (KCL: callProcessRecordsEvenForEmptyRecordList)
  bool callProcessRecordsEvenForEmptyRecordList = false;
  // Gives the parts of records that the Kinesis Producer Library has packed into one, each as a record with
  // its own sub-sequence number. False gives such records whole. (KCL: always on)
  bool kplDeaggregate = true;
  // For an aggregated record with parts that belong into another shard. (KCL: drops it)
  KplOutOfRange kplOutOfRange = KplOutOfRange::kDropAggregate;

  // --- The handler ---

  // Threads that call handlers, one call for each shard at a time. A handler that waits for something holds
  // its thread. Range: 1 to 1,024. In a borrowed environment its own workers are used. (KCL: a pool without
  // limit; multilang: maxActiveThreads)
  int handlerThreads = 16;
  CheckpointMode checkpointMode = CheckpointMode::kAutomatic;
  // Least time between two lease checkpoints of a shard in automatic mode. Range: 0 to 24 h. Larger writes
  // less, and delivers more again after a crash.
  Duration checkpointInterval{1'000};
  // How often the same records are given again after the handler threw. Range: 0 to 1,000,000. Larger rides
  // out longer outages of what the handler needs, and raises the alarm later.
  int exceptionRetriesMax = 10;
  // First wait before such a retry; it doubles each time, up to the cap, and is drawn below. Range: 1 ms to
  // the cap, which is at most 1 h. (KCL: taskBackoffTimeMillis)
  Duration exceptionBackoff{500};
  Duration exceptionBackoffCap{30'000};
  AfterRetries afterRetries = AfterRetries::kStopShard;
  // How often Outcome::retryAfter() is followed for the same records before `afterRetries` applies. Range: 0
  // and up; 0 follows it as long as the handler likes.
  int retryAfterMax = 0;
  // A call that runs longer is logged as handler_slow, again each time when that has doubled; it is never
  // interrupted. Range: 1 ms to 24 h. (KCL: logWarningForTaskAfterMillis)
  Duration handlerWarningAfter{60'000};
  // Logs the text of exceptions. Off: a parser's message may quote the record that it did not like.
  bool logExceptionText = false;

  // --- Dead letters: at most one of these two ---

  // A file of JSON lines to which the records are appended, synced before the checkpoint may pass them.
  // Empty: none.
  std::string deadLetterFile;
  DeadLetterFunction deadLetters;

  // --- The end ---

  // How long requestStop() waits for handler calls that are running and for shutdownRequested(). Range: 0 to
  // 24 h. (KCL: shutdownGraceMillis)
  Duration shutdownGrace{30'000};

  // kInvalidConfig naming the first option that is missing or out of its range.
  Result<void> validate() const;
};

}  // namespace tidemill
