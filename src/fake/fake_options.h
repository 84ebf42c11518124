// fake/fake_options.h: how strict, how fast and how unreliable the fake AWS is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tidemill::fake {

// Faults of DynamoDB's requests alone, in a thousand, besides those that befall every service. Each in the
// range [0, 1000]; a request has at most one.
struct DynamoFaultRates {
  // Refused as throttled; nothing applied.
  std::uint32_t throttled = 0;
  // Applied, but the connection breaks before the answer.
  std::uint32_t lostAnswers = 0;
  // The connection breaks before anything is applied.
  std::uint32_t lostRequests = 0;
  // 500; nothing applied.
  std::uint32_t failures = 0;
};

struct FakeAwsOptions {
  // The one key pair that it knows.
  std::string accessKey = "test";
  std::string secretKey = "test";
  // The region that signatures must be made for.
  std::string region = "us-east-1";
  // Twelve digits; stands in ARNs and in texts of errors.
  std::string accountId = "000000000000";
  // False accepts any credentials, but still asks for an Authorization header.
  bool verifySignatures = true;
  // The service's limits on calls and bytes per shard. False lifts all of them.
  bool limits = true;
  // Everything that is drawn (gaps between sequence numbers, ids, faults) comes from here.
  std::uint64_t seed = 1;
  // Requests in a thousand that a fault befalls: throttling, a 5xx, a reset, a lost answer, an expired
  // iterator, a stale list of shards, a partly failed put. Range: [0, 1000].
  std::uint32_t faultsPerThousand = 0;
  // Requests for records in a thousand that are refused as throttled, besides. Range: [0, 1000].
  std::uint32_t readThrottlesPerThousand = 0;
  // False leaves out the faults of the network (resets, lost, cut and late answers), for a caller that has
  // its own.
  bool networkFaults = true;
  // Among the faults: an answer that looks like the end of a shard that has none. The service never owes it,
  // but a client that believes it loses the rest of the shard; most SDK programs do.
  bool bareEnds = false;
  // CREATING to ACTIVE, UPDATING to ACTIVE, DELETING to gone.
  std::chrono::milliseconds createDelay{500};
  std::chrono::milliseconds reshardDelay{500};
  std::chrono::milliseconds deleteDelay{500};
  // Life of a shard iterator and of a paging token.
  std::chrono::milliseconds iteratorLife{300'000};
  std::chrono::milliseconds tokenLife{300'000};
  // Sequence numbers of differing lengths, as clients must not rule out; see SequenceLayout.
  bool briefSequenceNumbers = false;
  // Open shards of the account, as DescribeLimits reports and as splits respect.
  int shardLimit = 500;
  // A table's CREATING to ACTIVE, UPDATING to ACTIVE, DELETING to gone, and an index's.
  std::chrono::milliseconds tableDelay{500};
  // A read without ConsistentRead, and any of a global index, answers from up to this long ago; how long is
  // drawn for each read. 0: every read is current.
  std::chrono::milliseconds staleReads{0};
  DynamoFaultRates dynamoFaults{};
  // Shorter than any retention that a client can set: records are gone after so long.
  std::optional<std::chrono::milliseconds> retention = std::nullopt;
  // Keep records past their retention in memory (unreadable by clients), for the oracle of a simulation.
  bool keepTrimmed = false;
};

}  // namespace tidemill::fake
