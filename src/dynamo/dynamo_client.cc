#include "dynamo/dynamo_client.h"

#include <utility>

#include "dynamo/answers.h"
#include "dynamo/failures.h"
#include "dynamo/requests.h"

namespace tidemill::dynamo {
namespace {

using namespace std::chrono_literals;

aws::Service dynamoService() {
  return {"DynamoDB", "dynamodb", "DynamoDB_20120810", "dynamodb", dynamoFailures()};
}

}  // namespace

Result<DynamoClientOptions> resolveDynamoOptions(const aws::EndpointOptions& where,
                                                 const std::optional<AwsCredentials>& credentials,
                                                 const aws::Environment& environment) {
  Result<aws::AwsClientOptions> resolved =
      aws::resolveClientOptions("dynamodb", where, credentials, environment);
  if (!resolved) return fail(resolved.error());
  DynamoClientOptions options;
  options.aws = std::move(*resolved);
  // As the SDKs do for this service: its answers are quick, so another attempt is worth more than a wait.
  options.aws.retry.attemptsMax = 4;
  options.aws.retry.transientBase = 25ms;
  return options;
}

DynamoClient::DynamoClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random,
                           base::LogSink& log, DynamoClientOptions options)
    : checked_(transport),
      aws_(loop, checked_, random, log, dynamoService(), std::move(options.aws)),
      writeTimeout_(options.writeTimeout) {}

rt::Task<Result<TableDescription>> DynamoClient::tableCall(aws::Operation operation, std::string context,
                                                           std::string member) {
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(context));
  Result<TableDescription> table = readTableDescription(answer->body->view(), member);
  if (!table) co_return fail(aws_.malformed(operation, *answer, table.error().message()).within(context));
  co_return std::move(table);
}

rt::Task<Result<WriteOutcome>> DynamoClient::write(aws::Operation operation, std::string context) {
  operation.timeout = writeTimeout_;
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) {
    const aws::CallFailure& failure = answer.error();
    if (failure.service && failure.service->name == kConditionFailed) {
      co_return readRefusedWrite(failure.body->view());
    }
    co_return fail(failure.error.within(context));
  }
  Result<WriteOutcome> outcome = readWrite(answer->body->view());
  if (!outcome) co_return fail(aws_.malformed(operation, *answer, outcome.error().message()).within(context));
  co_return std::move(outcome);
}

rt::Task<Result<TableDescription>> DynamoClient::createTable(const CreateTableRequest& request) {
  aws::Operation operation = createTableRequest(request);
  std::string context = tableContext(request.table);
  std::string member = "TableDescription";
  co_return co_await tableCall(std::move(operation), std::move(context), std::move(member));
}

rt::Task<Result<TableDescription>> DynamoClient::describeTable(const std::string& table) {
  aws::Operation operation = describeTableRequest(table);
  std::string context = tableContext(table);
  std::string member = "Table";
  co_return co_await tableCall(std::move(operation), std::move(context), std::move(member));
}

rt::Task<Result<std::optional<Item>>> DynamoClient::getItem(const GetItemRequest& request) {
  const aws::Operation operation = getItemRequest(request);
  const std::string context = itemContext(request.table, request.key);
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(context));
  Result<std::optional<Item>> item = readGetItem(answer->body->view());
  if (!item) co_return fail(aws_.malformed(operation, *answer, item.error().message()).within(context));
  co_return std::move(item);
}

rt::Task<Result<WriteOutcome>> DynamoClient::putNewItem(const PutNewItemRequest& request) {
  aws::Operation operation = putNewItemRequest(request);
  Item key;
  const AttributeValue* value = find(request.item, request.partitionKey);
  if (value != nullptr) key.emplace(request.partitionKey, *value);
  std::string context = itemContext(request.table, key);
  co_return co_await write(std::move(operation), std::move(context));
}

rt::Task<Result<WriteOutcome>> DynamoClient::updateItem(const UpdateItemRequest& request) {
  aws::Operation operation = updateItemRequest(request);
  std::string context = itemContext(request.table, request.key);
  co_return co_await write(std::move(operation), std::move(context));
}

rt::Task<Result<WriteOutcome>> DynamoClient::deleteItem(const DeleteItemRequest& request) {
  aws::Operation operation = deleteItemRequest(request);
  std::string context = itemContext(request.table, request.key);
  co_return co_await write(std::move(operation), std::move(context));
}

rt::Task<Result<ScanPage>> DynamoClient::scanPage(const ScanRequest& request) {
  const aws::Operation operation = scanRequest(request);
  const std::string context = tableContext(request.table);
  aws::CallResult answer = co_await aws_.call(operation);
  if (!answer) co_return fail(answer.error().error.within(context));
  Result<ScanPage> page = readScan(answer->body->view());
  if (!page) co_return fail(aws_.malformed(operation, *answer, page.error().message()).within(context));
  co_return std::move(page);
}

}  // namespace tidemill::dynamo
