// stream/seams.h: what a context borrows from whoever made its world.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aws/environment.h"
#include "lease/lease_store.h"
#include "rt/env.h"
#include "stream/checkpoint/checkpoint_store.h"

namespace tidemill::stream {

// All references outlive the context.
struct Seams {
  const rt::Env& env;
  lease::LeaseStoreFactory& leases;
  // Where credentials, region and endpoint are looked up when the program does not say.
  aws::Environment environment;
  // Gives the store that a url names. Null: by its scheme.
  std::function<Result<std::unique_ptr<CheckpointStore>>(const std::string& url)> checkpoints = nullptr;
};

}  // namespace tidemill::stream
