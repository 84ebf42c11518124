// fake/fake_aws.h: the fake AWS: HTTP requests in, answers out; on a socket or in a simulation.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "fake/dynamo_faults.h"
#include "fake/fake_dynamo.h"
#include "fake/fake_kinesis.h"
#include "fake/fake_options.h"
#include "fake/fault_plan.h"
#include "fake/request_auth.h"
#include "http/http_transport.h"
#include "rt/time.h"

namespace tidemill::fake {

// What the network is to do with an answer.
struct FakeAnswer {
  enum class Delivery {
    kWhole,
    // The connection breaks before the first byte. The request may have been applied or not.
    kLost,
    // The head and half of the body arrive, then the connection breaks.
    kCut,
  };

  http::Response response;
  Delivery delivery = Delivery::kWhole;
  // Before the first byte is sent.
  std::chrono::milliseconds delay{0};
};

// One account in one region. It has no clock and does no I/O: the same object answers a real port (server.h)
// and a simulated network. Same options and same requests at the same times give the same answers. Not thread
// safe.
//
//   FakeAws aws({.limits = false});
//   FakeAnswer answer = aws.handle(request, now);
class FakeAws {
 public:
  explicit FakeAws(FakeAwsOptions options);
  FakeAws(const FakeAws&) = delete;
  FakeAws& operator=(const FakeAws&) = delete;

  // A `now` before that of an earlier call counts as that one: the service's clock never goes back.
  FakeAnswer handle(const http::Request& request, rt::WallTime now);

  FakeKinesis& kinesis() { return kinesis_; }
  const FakeKinesis& kinesis() const { return kinesis_; }
  FakeDynamo& dynamo() { return dynamo_; }
  const FakeDynamo& dynamo() const { return dynamo_; }
  const FakeAwsOptions& options() const { return options_; }

  // Faults per thousand requests from now on; 0 ends them, also those that DynamoDB has of its own.
  void setFaults(std::uint32_t perThousand) {
    faults_.setRate(perThousand);
    if (perThousand == 0) dynamoFaults_.setRates({});
  }
  // Further faults of DynamoDB's requests from now on.
  void setDynamoFaults(DynamoFaultRates rates) { dynamoFaults_.setRates(rates); }

 private:
  enum class Protocol { kKinesis, kDynamo };
  struct Routed;
  // One of the services behind the common port.
  struct Service {
    // What its X-Amz-Targets begin with, point included.
    std::string_view targetPrefix;
    // As the scope of a signature names it.
    std::string_view signingName;
    bool (*knows)(std::string_view operation);
    // How its answers look, and what it checks first.
    Protocol protocol;
    // Carries the operation out: its body, or the refusal.
    Outcome<std::shared_ptr<const codec::Body>> (*call)(FakeAws& aws, const Routed& routed, InputValue input,
                                                        Fault fault);
  };
  // A request whose service, operation and format are known.
  struct Routed {
    const Service* service;
    std::string_view operation;
    Wire wire;
  };
  static const Service kServices[];
  // By the X-Amz-Target; null if no service here begins its targets like that.
  static const Service* serviceOf(std::string_view target);

  http::Response answerPost(const http::Request& request, FakeAnswer& answer);
  http::Response answerKinesis(const http::Request& request, const Service* service, FakeAnswer& answer);
  http::Response answerDynamo(const http::Request& request, const Service& service, FakeAnswer& answer);
  http::Response answerOperation(const http::Request& request, const Routed& routed, InputValue input,
                                 FakeAnswer& answer);
  Fault drawFault(const Routed& routed);
  http::Response preflight(const http::Request& request);
  http::Response refusal(const ServiceError& error, Wire wire);
  http::Response refuseDynamo(ServiceError error);
  http::Response refuseRouted(const ServiceError& error, const Routed& routed);
  http::Response respond(int status, std::string_view type, std::shared_ptr<const codec::Body> body);
  http::Response respondDynamo(int status, std::string_view type, std::shared_ptr<const codec::Body> body);
  void addCommonHeaders(http::Response& response, std::string_view type);

  // The Date header's value. One for all answers of a second: to format it costs as much as the rest of a
  // header.
  const std::string& dateNow();

  const FakeAwsOptions options_;
  base::Random random_;
  FaultPlan faults_;
  DynamoFaults dynamoFaults_;
  base::Random readThrottles_;
  RequestAuth auth_;
  FakeKinesis kinesis_;
  FakeDynamo dynamo_;
  rt::WallTime now_{};
  std::chrono::sys_seconds dateSecond_{};
  std::string date_;
};

}  // namespace tidemill::fake
