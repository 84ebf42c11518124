#include "fake/dynamo_faults.h"

namespace tidemill::fake {

// One number decides among all: the rates are stretches of the thousand, laid end to end.
Fault DynamoFaults::draw() {
  if (rates_.throttled + rates_.lostAnswers + rates_.lostRequests + rates_.failures == 0) return Fault::kNone;
  std::uint64_t drawn = random_.below(1000);
  if (drawn < rates_.throttled) return Fault::kThrottled;
  drawn -= rates_.throttled;
  if (drawn < rates_.lostAnswers) return Fault::kLostAnswer;
  drawn -= rates_.lostAnswers;
  if (drawn < rates_.lostRequests) return Fault::kReset;
  drawn -= rates_.lostRequests;
  return drawn < rates_.failures ? Fault::kInternalFailure : Fault::kNone;
}

}  // namespace tidemill::fake
