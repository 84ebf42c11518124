// fake/service_transport.h: for tests: a transport straight to a fake service, with misfortunes by request.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/http_transport.h"
#include "rt/loop.h"
#include "rt/time.h"

namespace tidemill::fake {

class ServiceTransport final : public http::HttpTransport {
 public:
  enum class Fate {
    kAnswered,
    kRequestLost,  // Nothing applied; the caller hears nothing until its deadline.
    kAnswerLost,   // Applied; the caller hears nothing until its deadline.
    kReset,        // Applied; the connection breaks.
    kUnreachable,  // Nothing listens there.
    kBadGateway,   // 503 from something in between, nothing applied.
  };
  using Service = std::function<http::Response(const http::Request&, rt::WallTime now)>;

  ServiceTransport(rt::Loop& loop, Service service) : loop_(loop), service_(std::move(service)) {}

  rt::Task<Result<http::Response>> send(const http::Request& request, http::SendOptions options) override {
    requests.push_back(request);
    const Fate fate = fateOf ? fateOf(request) : Fate::kAnswered;
    co_await loop_.yield();
    const bool applied = fate == Fate::kAnswered || fate == Fate::kAnswerLost || fate == Fate::kReset;
    http::Response response;
    if (applied) response = service_(request, loop_.wall());
    if (fate == Fate::kRequestLost || fate == Fate::kAnswerLost) {
      co_await loop_.sleepUntil(options.deadline);
      co_return fail(Code::kTimeout, "no answer by the deadline");
    }
    if (fate == Fate::kReset || fate == Fate::kUnreachable) {
      co_return fail(Code::kUnreachable, "the connection broke");
    }
    if (fate == Fate::kBadGateway) {
      response.status = 503;
      response.body = codec::Body::copyOf("<html>try later</html>");
      co_return std::move(response);
    }
    if (response.body->size() > options.bodyBytesMax) co_return fail(Code::kResponseTooLarge, "too large");
    co_return std::move(response);
  }

  // What befalls a request; empty: nothing.
  std::function<Fate(const http::Request&)> fateOf;
  std::vector<http::Request> requests;

 private:
  rt::Loop& loop_;
  const Service service_;
};

}  // namespace tidemill::fake
