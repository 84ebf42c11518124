#include "stream/lease_stores.h"

#include <optional>
#include <utility>

#include "dynamo/dynamo_client.h"
#include "lease/dynamo_lease_store.h"
#include "lease/sqlite_lease_store.h"
#include "stream/client_retries.h"
#include "stream/endpoint_conf.h"

namespace tidemill::stream {
namespace {

// Makes its client when it is needed first, on the lane that uses it.
class DynamoStores final : public lease::LeaseStoreFactory {
 public:
  DynamoStores(const rt::Env& env, const Conf& conf, aws::EndpointOptions where, aws::Environment environment)
      : env_(env), conf_(conf), where_(std::move(where)), environment_(std::move(environment)) {}

  rt::Task<Result<std::unique_ptr<lease::LeaseStore>>> open(const std::string& application,
                                                            const std::string& stream) override {
    if (!client_) {
      auto options = dynamo::resolveDynamoOptions(where_, std::nullopt, environment_);
      if (!options) co_return fail(options.error().within("lease table of application " + application));
      applyClientRetries(conf_, options->aws.retry);
      client_.emplace(env_.loop, env_.http, env_.random, env_.log, std::move(*options));
      factory_.emplace(env_, *client_);
    }
    co_return co_await factory_->open(application, stream);
  }

 private:
  const rt::Env env_;
  const Conf conf_;
  const aws::EndpointOptions where_;
  const aws::Environment environment_;
  std::optional<dynamo::DynamoClient> client_;
  std::optional<lease::DynamoLeaseStoreFactory> factory_;
};

}  // namespace

std::unique_ptr<lease::LeaseStoreFactory> leaseStoresOf(const rt::Env& env, const Conf& conf,
                                                        aws::Environment environment) {
  if (conf.getText("tidemill.leases.store") == "sqlite") {
    return std::make_unique<lease::SqliteLeaseStoreFactory>(env, conf.getText("tidemill.state.directory"));
  }
  return std::make_unique<DynamoStores>(env, conf, endpointOptionsOf(conf, "dynamodb"),
                                        std::move(environment));
}

}  // namespace tidemill::stream
