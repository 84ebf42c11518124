#include "fake/fake_aws.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"
#include "codec/base64.h"

namespace tidemill::fake {
namespace {

constexpr std::string_view kKinesisTarget = "Kinesis_20131202.";
constexpr std::string_view kHtml =
    "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this "
    "request.\n</body></html>\n";

// "Tue, 15 Nov 1994 08:12:31 GMT"
std::string httpDate(rt::WallTime now) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds));
}

std::string_view mediaType(const http::Request& request) {
  const std::string_view type = headerOf(request, "Content-Type");
  return base::trim(type.substr(0, type.find(';')));
}

// The operation of an X-Amz-Target, if some service here has it.
std::optional<std::string_view> operationOf(std::string_view target) {
  if (!target.starts_with(kKinesisTarget)) return std::nullopt;
  target.remove_prefix(kKinesisTarget.size());
  return FakeKinesis::knows(target) ? std::optional(target) : std::nullopt;
}

std::shared_ptr<const codec::Body> errorBody(const ServiceError& error, Wire wire) {
  Output out(wire);
  out.beginMap();
  out.member("__type", error.type);
  if (!error.message.empty()) out.member(error.capitalMessage ? "Message" : "message", error.message);
  out.endMap();
  return codec::Body::copyOf(out.take());
}

}  // namespace

FakeAws::FakeAws(FakeAwsOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      faults_(random_.fork(), options_.faultsPerThousand, options_.networkFaults),
      auth_(options_),
      kinesis_(options_, random_.fork()) {}

http::Response FakeAws::respond(int status, std::string_view type, std::shared_ptr<const codec::Body> body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  std::string id2;
  for (int i = 0; i < 9; ++i) {
    std::uint64_t word = random_.next();
    for (int j = 0; j < 8; ++j, word >>= 8) id2 += static_cast<char>(word & 0xff);
  }
  response.headers.push_back({"x-amzn-RequestId", random_.uuid()});
  response.headers.push_back({"x-amz-id-2", codec::encodeBase64(id2)});
  response.headers.push_back({"Date", httpDate(now_)});
  if (!type.empty()) response.headers.push_back({"Content-Type", std::string(type)});
  response.headers.push_back({"Content-Length", std::to_string(response.body->size())});
  return response;
}

http::Response FakeAws::refusal(const ServiceError& error, Wire wire) {
  return respond(error.status, contentType(wire), errorBody(error, wire));
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

// The order is the service's: the operation, then whether the body parses, and only then who asks.
http::Response FakeAws::answerPost(const http::Request& request, FakeAnswer& answer) {
  const std::string_view type = mediaType(request);
  const std::string_view target = headerOf(request, "X-Amz-Target");
  if (type == "application/json" && !target.empty()) {
    return respond(
        404, "application/json",
        codec::Body::copyOf("{\"Output\":{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"},"
                            "\"Version\":\"1.0\"}"));
  }
  const Wire wire = type == contentType(Wire::kJson) ? Wire::kJson : Wire::kCbor;
  const auto operation = operationOf(target);
  if (!operation) return refusal({"UnknownOperationException", ""}, wire);
  return answerOperation(request, {*operation, wire}, answer);
}

http::Response FakeAws::answerOperation(const http::Request& request, const Routed& routed,
                                        FakeAnswer& answer) {
  const Wire wire = routed.wire;
  auto input = wire == Wire::kJson ? readJsonInput(request.body) : readCborInput(request.body);
  if (!input) return refusal({"SerializationException", ""}, wire);
  if (auto allowed = auth_.check(request, "kinesis", now_); !allowed) return refusal(allowed.error(), wire);

  const Fault fault = faults_.draw(routed.operation);
  if (fault == Fault::kReset) {
    answer.delivery = FakeAnswer::Delivery::kLost;
    return respond(500, "", codec::Body::copyOf(""));
  }
  if (fault == Fault::kInternalFailure) return refusal({"InternalFailure", "", 500}, wire);
  if (fault == Fault::kUnavailableHtml) return respond(503, "text/html", codec::Body::copyOf(kHtml));
  auto result = kinesis_.call(routed.operation, std::move(*input), wire, now_, fault);
  if (fault == Fault::kLostAnswer) answer.delivery = FakeAnswer::Delivery::kLost;
  if (fault == Fault::kCutAnswer) answer.delivery = FakeAnswer::Delivery::kCut;
  if (fault == Fault::kSlow) answer.delay = std::chrono::milliseconds(random_.between(100, 3000));
  if (!result) return refusal(result.error(), wire);
  return respond(200, contentType(wire), std::move(*result));
}

}  // namespace tidemill::fake
