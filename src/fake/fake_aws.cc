#include "fake/fake_aws.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"
#include "codec/base64.h"
#include "fake/dynamo_protocol.h"
#include "fake/http_date.h"

namespace tidemill::fake {
namespace {

constexpr std::string_view kHtml =
    "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this "
    "request.\n</body></html>\n";

// Added to the seed, so that DynamoDB draws other numbers than Kinesis.
constexpr std::uint64_t kDynamoSeed = 0x64796e616d6f0001;
constexpr std::uint64_t kDynamoFaultSeed = 0x64796e616d6f0002;
constexpr std::uint64_t kReadThrottleSeed = 0x7265616473000001;
// An item has up to 32 levels, each of which takes two of JSON; and there are a few around it.
constexpr std::size_t kDynamoDepthMax = 100;

std::string_view mediaType(const http::Request& request) {
  const std::string_view type = headerOf(request, "Content-Type");
  return base::trim(type.substr(0, type.find(';')));
}

std::shared_ptr<const codec::Body> errorBody(const ServiceError& error, Wire wire) {
  if (error.body != nullptr) return error.body;
  Output out(wire);
  out.beginMap();
  out.member("__type", error.type);
  if (!error.message.empty()) out.member(error.capitalMessage ? "Message" : "message", error.message);
  out.endMap();
  return codec::Body::copyOf(out.take());
}

}  // namespace

constexpr FakeAws::Service FakeAws::kServices[] = {
    {.targetPrefix = "Kinesis_20131202.",
     .signingName = "kinesis",
     .knows = FakeKinesis::knows,
     .protocol = Protocol::kKinesis,
     .call =
         [](FakeAws& aws, const Routed& routed, InputValue input, Fault fault) {
           return aws.kinesis_.call(routed.operation, std::move(input), routed.wire, aws.now_, fault);
         }},
    {.targetPrefix = "DynamoDB_20120810.",
     .signingName = "dynamodb",
     .knows = FakeDynamo::knows,
     .protocol = Protocol::kDynamo,
     .call =
         [](FakeAws& aws, const Routed& routed, InputValue input, Fault fault) {
           return aws.dynamo_.call(routed.operation, std::move(input), aws.now_, fault);
         }},
};

const FakeAws::Service* FakeAws::serviceOf(std::string_view target) {
  for (const Service& service : kServices) {
    if (target.starts_with(service.targetPrefix)) return &service;
  }
  return nullptr;
}

FakeAws::FakeAws(FakeAwsOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      faults_(random_.fork(), options_.faultsPerThousand, options_.networkFaults, options_.bareEnds),
      // Not forked from random_: what Kinesis draws does not depend on whether DynamoDB is there.
      dynamoFaults_(base::Random(options_.seed + kDynamoFaultSeed), options_),
      readThrottles_(options_.seed + kReadThrottleSeed),
      auth_(options_),
      kinesis_(options_, random_.fork()),
      dynamo_(options_, base::Random(options_.seed + kDynamoSeed)) {}

const std::string& FakeAws::dateNow() {
  const auto second = std::chrono::floor<std::chrono::seconds>(now_);
  if (second != dateSecond_ || date_.empty()) {
    dateSecond_ = second;
    date_ = httpDate(second);
  }
  return date_;
}

http::Response FakeAws::respond(int status, std::string_view type, std::shared_ptr<const codec::Body> body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  std::array<char, 72> id2;
  for (std::size_t i = 0; i < id2.size(); i += 8) {
    std::uint64_t word = random_.next();
    for (std::size_t j = i; j < i + 8; ++j, word >>= 8) id2[j] = static_cast<char>(word & 0xff);
  }
  response.headers.reserve(5);
  response.headers.push_back({"x-amzn-RequestId", random_.uuid()});
  response.headers.push_back({"x-amz-id-2", codec::encodeBase64({id2.data(), id2.size()})});
  addCommonHeaders(response, type);
  return response;
}

http::Response FakeAws::respondDynamo(int status, std::string_view type,
                                      std::shared_ptr<const codec::Body> body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.reserve(5);
  response.headers.push_back({"x-amzn-RequestId", dynamoRequestId(random_)});
  response.headers.push_back({"x-amz-crc32", std::to_string(crc32(response.body->view()))});
  addCommonHeaders(response, type);
  return response;
}

void FakeAws::addCommonHeaders(http::Response& response, std::string_view type) {
  response.headers.push_back({"Date", dateNow()});
  if (!type.empty()) response.headers.push_back({"Content-Type", std::string(type)});
  response.headers.push_back({"Content-Length", std::to_string(response.body->size())});
}

http::Response FakeAws::refusal(const ServiceError& error, Wire wire) {
  return respond(error.status, contentType(wire), errorBody(error, wire));
}

http::Response FakeAws::refuseDynamo(ServiceError error) {
  error.type = dynamoTypeName(error.type);
  return respondDynamo(error.status, kDynamoContentType, errorBody(error, Wire::kJson));
}

http::Response FakeAws::refuseRouted(const ServiceError& error, const Routed& routed) {
  return routed.service->protocol == Protocol::kDynamo ? refuseDynamo(error) : refusal(error, routed.wire);
}

http::Response FakeAws::preflight(const http::Request& request) {
  http::Response response = respond(200, "", codec::Body::copyOf(""));
  std::erase_if(response.headers, [](const http::Header& header) { return header.name == "x-amz-id-2"; });
  response.headers.push_back({"Access-Control-Allow-Origin", "*"});
  for (const auto& [asked, allowed] :
       {std::pair{"Access-Control-Request-Headers", "Access-Control-Allow-Headers"},
        std::pair{"Access-Control-Request-Method", "Access-Control-Allow-Methods"}}) {
    const std::string_view value = headerOf(request, asked);
    if (!value.empty()) response.headers.push_back({allowed, std::string(value)});
  }
  response.headers.push_back({"Access-Control-Max-Age", "172800"});
  return response;
}

FakeAnswer FakeAws::handle(const http::Request& request, rt::WallTime now) {
  now_ = std::max(now_, now);
  FakeAnswer answer;
  if (request.method == "OPTIONS" && !headerOf(request, "Origin").empty()) {
    answer.response = preflight(request);
  } else if (request.method != "POST") {
    answer.response = respond(403, "text/xml",
                              codec::Body::copyOf("<AccessDeniedException>\n  <Message>Unable to determine "
                                                  "service/operation name to be authorized</Message>\n"
                                                  "</AccessDeniedException>\n"));
  } else {
    answer.response = answerPost(request, answer);
  }
  return answer;
}

http::Response FakeAws::answerPost(const http::Request& request, FakeAnswer& answer) {
  const Service* service = serviceOf(headerOf(request, "X-Amz-Target"));
  if (service == nullptr || service->protocol == Protocol::kKinesis) {
    return answerKinesis(request, service, answer);
  }
  return answerDynamo(request, *service, answer);
}

// The order is the service's: the operation, then whether the body parses, and only then who asks.
http::Response FakeAws::answerKinesis(const http::Request& request, const Service* service,
                                      FakeAnswer& answer) {
  const std::string_view type = mediaType(request);
  const std::string_view target = headerOf(request, "X-Amz-Target");
  if (type == "application/json" && !target.empty()) {
    return respond(
        404, "application/json",
        codec::Body::copyOf("{\"Output\":{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"},"
                            "\"Version\":\"1.0\"}"));
  }
  const Wire wire = type == contentType(Wire::kJson) ? Wire::kJson : Wire::kCbor;
  const auto operation =
      service == nullptr ? std::string_view() : target.substr(service->targetPrefix.size());
  if (service == nullptr || !service->knows(operation)) {
    return refusal({"UnknownOperationException", ""}, wire);
  }
  auto input = wire == Wire::kJson ? readJsonInput(request.body) : readCborInput(request.body);
  if (!input) return refusal({"SerializationException", ""}, wire);
  return answerOperation(request, {service, operation, wire}, std::move(*input), answer);
}

// Here the body comes before the operation, and formats other than JSON 1.0 do not get that far.
http::Response FakeAws::answerDynamo(const http::Request& request, const Service& service,
                                     FakeAnswer& answer) {
  const std::string_view type = mediaType(request);
  if (type != kDynamoContentType && type != "application/json") {
    return respondDynamo(404, "", codec::Body::copyOf("<UnknownOperationException/>\n"));
  }
  auto input = readJsonInput(request.body, kDynamoDepthMax);
  if (!input) return refuseDynamo({"SerializationException", ""});
  const auto operation = headerOf(request, "X-Amz-Target").substr(service.targetPrefix.size());
  if (!service.knows(operation)) return refuseDynamo({"UnknownOperationException", ""});
  return answerOperation(request, {&service, operation, Wire::kJson}, std::move(*input), answer);
}

// A fault of all services first; DynamoDB may have others.
Fault FakeAws::drawFault(const Routed& routed) {
  const Fault fault = faults_.draw(routed.operation);
  if (fault != Fault::kNone) return fault;
  if (routed.service->protocol == Protocol::kDynamo) return dynamoFaults_.draw();
  const bool throttled = options_.readThrottlesPerThousand > 0 && routed.operation == "GetRecords" &&
                         readThrottles_.chance(options_.readThrottlesPerThousand, 1000);
  return throttled ? Fault::kThrottled : Fault::kNone;
}

http::Response FakeAws::answerOperation(const http::Request& request, const Routed& routed, InputValue input,
                                        FakeAnswer& answer) {
  const bool isDynamo = routed.service->protocol == Protocol::kDynamo;
  if (auto allowed = auth_.check(request, routed.service->signingName, now_); !allowed) {
    return refuseRouted(allowed.error(), routed);
  }

  const Fault fault = drawFault(routed);
  if (fault == Fault::kReset) {
    answer.delivery = FakeAnswer::Delivery::kLost;
    return respond(500, "", codec::Body::copyOf(""));
  }
  if (fault == Fault::kInternalFailure) {
    return isDynamo ? refuseDynamo({"InternalServerError", "Internal server error", 500})
                    : refusal({"InternalFailure", "", 500}, routed.wire);
  }
  if (fault == Fault::kUnavailableHtml) return respond(503, "text/html", codec::Body::copyOf(kHtml));
  auto result = routed.service->call(*this, routed, std::move(input), fault);
  if (fault == Fault::kLostAnswer) answer.delivery = FakeAnswer::Delivery::kLost;
  if (fault == Fault::kCutAnswer) answer.delivery = FakeAnswer::Delivery::kCut;
  if (fault == Fault::kSlow) answer.delay = std::chrono::milliseconds(random_.between(100, 3000));
  if (!result) return refuseRouted(result.error(), routed);
  if (isDynamo) return respondDynamo(200, kDynamoContentType, std::move(*result));
  return respond(200, contentType(routed.wire), std::move(*result));
}

}  // namespace tidemill::fake
