// stream/lease_stores.h: the lease store that a configuration names.
#pragma once

#include <memory>

#include "aws/environment.h"
#include "lease/lease_store.h"
#include "rt/env.h"
#include "tidemill/conf.h"

namespace tidemill::stream {

// By tidemill.leases.store. What is wrong with the way to DynamoDB (its endpoint, credentials) is found out
// when a table is opened: kInvalidConfig, kNoCredentials. `env` outlives the factory.
std::unique_ptr<lease::LeaseStoreFactory> leaseStoresOf(const rt::Env& env, const Conf& conf,
                                                        aws::Environment environment);

}  // namespace tidemill::stream
