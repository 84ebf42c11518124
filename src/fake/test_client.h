// fake/test_client.h: for unit tests: signed calls to a FakeAws at a time that the test sets.
#pragma once

#include <boost/json.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "aws/sigv4.h"
#include "fake/fake_aws.h"
#include "tidemill/credentials.h"

namespace tidemill::fake {

using namespace std::chrono_literals;

// What a call came back with. JSON answers are parsed; an empty body is an empty object.
struct TestAnswer {
  int status = 0;
  std::string raw;
  boost::json::object json;
  http::Response response;

  std::string error() const {
    const auto* type = json.if_contains("__type");
    return type == nullptr ? "" : std::string(type->as_string());
  }
  // The name of the error without the part of the service that raised it.
  std::string errorName() const {
    const std::string type = error();
    return type.substr(type.find('#') + 1);
  }
  std::string message() const {
    const auto* message = json.if_contains("message");
    return message == nullptr ? "" : std::string(message->as_string());
  }
  std::string text(std::string_view name) const {
    const auto* value = json.if_contains(name);
    return value == nullptr || !value->is_string() ? "" : std::string(value->as_string());
  }
  const boost::json::array& list(std::string_view name) const { return json.at(name).as_array(); }
};

class TestClient {
 public:
  explicit TestClient(FakeAwsOptions options = {}) : aws(std::move(options)) {}

  // An unsigned request as a client would send it.
  static http::Request request(std::string_view operation, std::string body) {
    http::Request request;
    request.url = "http://127.0.0.1:4567/";
    request.headers = {{"X-Amz-Target", "Kinesis_20131202." + std::string(operation)},
                       {"Content-Type", "application/x-amz-json-1.1"}};
    request.body = std::move(body);
    return request;
  }

  void sign(http::Request& request, std::string_view secret = "test", std::string_view key = "test",
            std::string_view region = "us-east-1", std::string_view service = "kinesis") {
    const AwsCredentials credentials{std::string(key), secret};
    aws::SigningKeys keys;
    aws::sign(request, credentials, {std::string(region), std::string(service)}, now, keys);
  }

  TestAnswer send(const http::Request& request) {
    TestAnswer answer;
    answer.response = aws.handle(request, now).response;
    answer.status = answer.response.status;
    answer.raw = answer.response.body->view();
    boost::json::error_code error;
    const auto parsed = boost::json::parse(answer.raw, error);
    if (!error && parsed.is_object()) answer.json = parsed.as_object();
    return answer;
  }

  TestAnswer call(std::string_view operation, std::string body) {
    http::Request signedRequest = request(operation, std::move(body));
    sign(signedRequest);
    return send(signedRequest);
  }

  // An unsigned request to DynamoDB.
  static http::Request dynamoRequest(std::string_view operation, std::string body) {
    http::Request request;
    request.url = "http://127.0.0.1:4567/";
    request.headers = {{"X-Amz-Target", "DynamoDB_20120810." + std::string(operation)},
                       {"Content-Type", "application/x-amz-json-1.0"}};
    request.body = std::move(body);
    return request;
  }

  TestAnswer dynamo(std::string_view operation, std::string body) {
    http::Request signedRequest = dynamoRequest(operation, std::move(body));
    sign(signedRequest, "test", "test", "us-east-1", "dynamodb");
    return send(signedRequest);
  }

  // An ACTIVE table on demand with the partition key `id` and, if `sort` is a type, the sort key `at`;
  // afterwards the clock stands behind its creation.
  void makeTable(const std::string& name, const std::string& sort = "") {
    const std::string at = sort.empty() ? "" : R"(,{"AttributeName":"at","AttributeType":")" + sort + "\"}";
    const std::string range = sort.empty() ? "" : R"(,{"AttributeName":"at","KeyType":"RANGE"})";
    dynamo("CreateTable",
           R"({"TableName":")" + name +
               R"(","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":)" +
               R"("id","AttributeType":"S"})" + at +
               R"(],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"})" + range + "]}");
    now += aws.options().tableDelay + 1s;
  }

  // CBOR in, CBOR out: the body as it came.
  TestAnswer callCbor(std::string_view operation, std::string body) {
    http::Request signedRequest = request(operation, std::move(body));
    signedRequest.headers[1].value = "application/x-amz-cbor-1.1";
    sign(signedRequest);
    return send(signedRequest);
  }

  // An ACTIVE stream of that many shards; afterwards the clock stands behind its creation.
  void makeStream(const std::string& name, int shards) {
    call("CreateStream", R"({"StreamName":")" + name + R"(","ShardCount":)" + std::to_string(shards) + "}");
    now += aws.options().createDelay + 1s;
  }

  // One record for the shard of that hash key, by default the first.
  std::string put(const std::string& stream, const std::string& base64, const std::string& hashKey = "0") {
    return call("PutRecord", R"({"StreamName":")" + stream + R"(","PartitionKey":"k","ExplicitHashKey":")" +
                                 hashKey + R"(","Data":")" + base64 + "\"}")
        .text("SequenceNumber");
  }

  std::string iterator(const std::string& stream, const std::string& shard, const std::string& type,
                       const std::string& more = "") {
    return call("GetShardIterator", R"({"StreamName":")" + stream + R"(","ShardId":")" + shard +
                                        R"(","ShardIteratorType":")" + type + "\"" + more + "}")
        .text("ShardIterator");
  }

  TestAnswer records(const std::string& iterator, const std::string& more = "") {
    return call("GetRecords", R"({"ShardIterator":")" + iterator + "\"" + more + "}");
  }

  FakeAws aws;
  // Some moment of 2026, with milliseconds.
  rt::WallTime now{std::chrono::milliseconds(1'790'000'000'123)};
};

}  // namespace tidemill::fake
