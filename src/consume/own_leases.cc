#include "consume/own_leases.h"

#include <utility>

#include "rt/worker_pool.h"

namespace tidemill::consume {

OwnLeases::OwnLeases(const rt::Env& env, const ConsumerOptions& options, aws::Environment environment)
    : env_(env), options_(options), environment_(std::move(environment)) {}

rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> OwnLeases::open(const std::string& application,
                                                                     const std::string& stream) {
  if (options_.leaseStore == LeaseStoreKind::kDynamoDb) co_return co_await openTable(application, stream);
  co_return co_await openFile(application, stream);
}

rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> OwnLeases::openFile(std::string application,
                                                                         std::string stream) {
  auto make = [files = &env_.files, folder = options_.stateDirectory] {
    return files->makeDirectory(folder);
  };
  auto made = co_await rt::runOn(env_.store, env_.loop, std::move(make));
  if (!made) co_return fail(made.error());
  files_ = std::make_unique<lease::SqliteLeaseStoreFactory>(env_, options_.stateDirectory);
  co_return co_await files_->open(application, stream);
}

rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> OwnLeases::openTable(std::string application,
                                                                          std::string stream) {
  aws::EndpointOptions where;
  if (!options_.dynamoDbEndpoint.empty()) where.endpoint = options_.dynamoDbEndpoint;
  if (!options_.regionName.empty()) where.region = options_.regionName;
  where.allowPlainHttp = options_.allowPlainHttp;
  const auto& credentials =
      options_.dynamoDbCredentials ? options_.dynamoDbCredentials : options_.credentials;
  auto access = dynamo::resolveDynamoOptions(where, credentials, environment_);
  if (!access) co_return fail(access.error());
  client_ =
      std::make_unique<dynamo::DynamoClient>(env_.loop, env_.http, env_.random, env_.log, std::move(*access));
  lease::DynamoLeaseStoreOptions table;
  if (options_.tableReadCapacity > 0) {
    table.provisioned = dynamo::Throughput{options_.tableReadCapacity, options_.tableWriteCapacity};
  }
  tables_ = std::make_unique<lease::DynamoLeaseStoreFactory>(env_, *client_, table);
  co_return co_await tables_->open(application, stream);
}

}  // namespace tidemill::consume
