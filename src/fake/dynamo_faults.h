// fake/dynamo_faults.h: faults that only DynamoDB's requests meet, each with a rate of its own.
#pragma once

#include "base/random.h"
#include "fake/fake_options.h"
#include "fake/fault_plan.h"

namespace tidemill::fake {

// Draws from its own generator, once per request that has a chance of a fault.
class DynamoFaults {
 public:
  DynamoFaults(base::Random random, const FakeAwsOptions& options)
      : random_(random), rates_(options.dynamoFaults) {}

  // Takes effect at the next request.
  void setRates(DynamoFaultRates rates) { rates_ = rates; }

  Fault draw();

 private:
  base::Random random_;
  DynamoFaultRates rates_;
};

}  // namespace tidemill::fake
