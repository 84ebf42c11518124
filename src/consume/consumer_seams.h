// consume/consumer_seams.h: what a consumer borrows from whoever made its world.
#pragma once

#include "aws/environment.h"
#include "lease/lease_store.h"
#include "rt/env.h"

namespace tidemill::consume {

// All references outlive the consumer.
struct ConsumerSeams {
  const rt::Env& env;
  lease::LeaseStoreFactory& leases;
  // Where credentials, region and endpoint are looked up when the options do not say.
  aws::Environment environment;
};

}  // namespace tidemill::consume
