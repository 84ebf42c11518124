// fake/fault_plan.h: which request meets which misfortune.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace tidemill::fake {

enum class Fault {
  kNone,
  // Any operation: the service.
  kThrottled,        // The service's throttling error of that operation.
  kInternalFailure,  // 500 with an error map.
  kUnavailableHtml,  // 503 from a front end: HTML.
  // Any operation: the network.
  kReset,       // Nothing applied, no answer.
  kLostAnswer,  // Applied, no answer.
  kCutAnswer,   // Applied, half of the body arrives.
  kSlow,        // Applied, answered late.
  // GetRecords.
  kExpiredIterator,
  kEmptyPage,  // No records although there are some.
  kShortPage,  // Fewer records, or items of a Query or Scan, than there are.
  kBareEnd,    // Neither an iterator to go on with nor children, although the shard is open.
  // ListShards.
  kStaleList,     // The newest shard is missing.
  kExpiredToken,  // A paging token has expired.
  // PutRecords, BatchGetItem, BatchWriteItem.
  kPartlyFailed,  // Some entries fail.
};

// Draws from its own generator, once or twice per request, whatever the request is.
class FaultPlan {
 public:
  // `network` and `bareEnds`: whether these faults are among the choices.
  FaultPlan(base::Random random, std::uint32_t perThousand, bool network, bool bareEnds = false)
      : random_(random), perThousand_(perThousand), network_(network), bareEnds_(bareEnds) {}

  // Range: [0, 1000]. Takes effect at the next request.
  void setRate(std::uint32_t perThousand) { perThousand_ = perThousand; }

  Fault draw(std::string_view operation);

 private:
  base::Random random_;
  std::uint32_t perThousand_;
  const bool network_;
  const bool bareEnds_;
};

}  // namespace tidemill::fake
