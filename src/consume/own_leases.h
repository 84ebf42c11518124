// consume/own_leases.h: opens the lease store that the options of a consumer name.
#pragma once

#include <memory>
#include <string>

#include "aws/environment.h"
#include "dynamo/dynamo_client.h"
#include "lease/dynamo_lease_store.h"
#include "lease/lease_store.h"
#include "lease/sqlite_lease_store.h"
#include "rt/env.h"
#include "tidemill/consumer_options.h"

namespace tidemill::consume {

// Lives on the control lane but for its construction; references outlive it.
class OwnLeases final : public lease::LeaseStoreFactory {
 public:
  OwnLeases(const rt::Env& env, const ConsumerOptions& options, aws::Environment environment);

  // Besides the errors of the store: kInvalidConfig and kNoCredentials of DynamoDB's endpoint, kIo if the
  // folder of a file cannot be made.
  rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> open(const std::string& application,
                                                            const std::string& stream) override;

 private:
  rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> openFile(std::string application, std::string stream);
  rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> openTable(std::string application, std::string stream);

  const rt::Env env_;
  const ConsumerOptions& options_;
  const aws::Environment environment_;
  std::unique_ptr<lease::SqliteLeaseStoreFactory> files_;
  std::unique_ptr<dynamo::DynamoClient> client_;
  std::unique_ptr<lease::DynamoLeaseStoreFactory> tables_;
};

}  // namespace tidemill::consume
