// dynamo/dynamo_client.h: DynamoApi over HTTP.
#pragma once

#include <optional>
#include <string>

#include "aws/call.h"
#include "aws/client_options.h"
#include "dynamo/checksum_transport.h"
#include "dynamo/dynamo_api.h"

namespace tidemill::dynamo {

struct DynamoClientOptions {
  aws::AwsClientOptions aws;
  // A write of an item is sent once and ends by then: what a lost answer costs before a read settles it. Keep
  // it well below the lease time. Range: 100 ms to 1 min.
  rt::Duration writeTimeout = std::chrono::seconds(3);
};

// Where DynamoDB is and who calls, with the retries that suit it: aws::resolveClientOptions() for "dynamodb",
// so AWS_ENDPOINT_URL_DYNAMODB comes before AWS_ENDPOINT_URL. kInvalidConfig, kNoCredentials.
Result<DynamoClientOptions> resolveDynamoOptions(const aws::EndpointOptions& where,
                                                 const std::optional<AwsCredentials>& credentials,
                                                 const aws::Environment& environment);

// Checks the checksum of every answer that has one: a damaged answer counts as lost (kServiceError). Lives on
// one lane. All references must outlive it.
//
//   DynamoClient client(env.loop, env.http, random, env.log, *options);
//   auto item = co_await client.getItem(request);
class DynamoClient final : public DynamoApi {
 public:
  DynamoClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
               DynamoClientOptions options);

  rt::Task<Result<TableDescription>> createTable(const CreateTableRequest& request) override;
  rt::Task<Result<TableDescription>> describeTable(const std::string& table) override;
  rt::Task<Result<std::optional<Item>>> getItem(const GetItemRequest& request) override;
  rt::Task<Result<WriteOutcome>> putNewItem(const PutNewItemRequest& request) override;
  rt::Task<Result<WriteOutcome>> updateItem(const UpdateItemRequest& request) override;
  rt::Task<Result<WriteOutcome>> deleteItem(const DeleteItemRequest& request) override;
  rt::Task<Result<ScanPage>> scanPage(const ScanRequest& request) override;

  // Where this client sends to: for messages and logs.
  const aws::Endpoint& endpoint() const { return aws_.endpoint(); }

 private:
  rt::Task<Result<TableDescription>> tableCall(aws::Operation operation, std::string context,
                                               std::string member);
  rt::Task<Result<WriteOutcome>> write(aws::Operation operation, std::string context);

  ChecksumTransport checked_;
  aws::AwsClient aws_;
  const rt::Duration writeTimeout_;
};

}  // namespace tidemill::dynamo
