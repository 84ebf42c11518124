// stream/seams.h: what a context borrows from whoever made its world.
#pragma once

#include "aws/environment.h"
#include "lease/lease_store.h"
#include "rt/env.h"

namespace tidemill::stream {

// All references outlive the context.
struct Seams {
  const rt::Env& env;
  lease::LeaseStoreFactory& leases;
  // Where credentials, region and endpoint are looked up when the program does not say.
  aws::Environment environment;
};

}  // namespace tidemill::stream
