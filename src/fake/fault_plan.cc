#include "fake/fault_plan.h"

#include <vector>

namespace tidemill::fake {

Fault FaultPlan::draw(std::string_view operation) {
  if (perThousand_ == 0 || !random_.chance(perThousand_, 1000)) return Fault::kNone;
  std::vector<Fault> choices{Fault::kThrottled, Fault::kInternalFailure, Fault::kUnavailableHtml};
  if (network_) {
    choices.insert(choices.end(), {Fault::kReset, Fault::kLostAnswer, Fault::kCutAnswer, Fault::kSlow});
  }
  if (operation == "GetRecords") {
    choices.insert(choices.end(), {Fault::kExpiredIterator, Fault::kEmptyPage, Fault::kShortPage});
    if (bareEnds_) choices.push_back(Fault::kBareEnd);
  } else if (operation == "ListShards") {
    choices.insert(choices.end(), {Fault::kStaleList, Fault::kExpiredToken});
  } else if (operation == "PutRecords" || operation == "BatchGetItem" || operation == "BatchWriteItem") {
    choices.push_back(Fault::kPartlyFailed);
  } else if (operation == "Query" || operation == "Scan") {
    choices.push_back(Fault::kShortPage);
  }
  return choices[random_.below(choices.size())];
}

}  // namespace tidemill::fake
