#include "sim/sim_net.h"

#include <algorithm>
#include <optional>

#include "base/check.h"

namespace tidemill::sim {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
constexpr std::string_view kJson = "application/x-amz-json-1.1";

enum class Fate { kAnswered, kRequestLost, kResponseLost, kReset, kServerError, kThrottled };

std::string_view fateName(Fate fate) {
  switch (fate) {
    case Fate::kAnswered:
      return "net.answer";
    case Fate::kRequestLost:
      return "net.reqlost";
    case Fate::kResponseLost:
      return "net.resplost";
    case Fate::kReset:
      return "net.reset";
    case Fate::kServerError:
      return "net.5xx";
    case Fate::kThrottled:
      return "net.throttle";
  }
  return "net.unknown";
}

}  // namespace

struct SimNet::Plan {
  Fate fate = Fate::kAnswered;
  // Whether the service sees the request.
  bool applied = true;
  rt::Duration there{0};
  rt::Duration back{0};
};

// The caller's end of one request; lives in the frame of SimTransport::send.
class SimNet::Call {
 public:
  Call(SimTransport& from, const http::Request& sent, http::SendOptions limits)
      : transport(from), request(sent), options(limits) {}
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter_.resumes(handle);
    transport.loop_.wakeAt(waiter_, options.deadline);
    transport.net_.launch(*this);
  }
  void await_resume() const noexcept {}

  // Ends the call after `delay` with `result`, unless its deadline comes first.
  void settle(rt::Duration delay, Result<http::Response> result) {
    const rt::TimePoint due = transport.loop_.now() + delay;
    if (due >= options.deadline) return;
    outcome = std::move(result);
    waiter_.cancel();
    transport.loop_.wakeAt(waiter_, due);
  }

  SimTransport& transport;
  const http::Request& request;
  const http::SendOptions options;
  Flight* flight = nullptr;
  std::optional<Result<http::Response>> outcome;

 private:
  rt::Waiter waiter_;
};

// A request on its way, with a copy of what was sent: the sender may be gone when it arrives.
struct SimNet::Flight : rt::Waiter {
  Flight(SimNet& n, Call& c, Plan p)
      : Waiter(&Flight::onFire), net(n), call(&c), node(c.transport.node_), request(c.request), plan(p) {}

  static void onFire(rt::Waiter& waiter) {
    auto& self = static_cast<Flight&>(waiter);
    self.net.arrive(self);
  }

  SimNet& net;
  Call* call;
  const std::string node;
  const http::Request request;
  const Plan plan;
  std::list<Flight>::iterator place;
};

SimNet::Call::~Call() {
  if (flight != nullptr) flight->call = nullptr;
}

SimNet::SimNet(SimLoop& loop, History& history, std::uint64_t seed, NetFaults faults)
    : loop_(loop), history_(history), random_(seed), faults_(faults) {}

SimNet::~SimNet() {
  for (Flight& flight : flights_) {
    if (flight.call != nullptr) flight.call->flight = nullptr;
  }
}

void SimNet::serve(const std::string& host, SimService service) {
  TIDEMILL_CHECK(service.handle != nullptr);
  if (!service.throttled) {
    service.throttled = [](const http::Request&, rt::WallTime) {
      return makeResponse(
          400, kJson, R"({"__type":"ProvisionedThroughputExceededException","message":"Rate exceeded."})");
    };
  }
  services_[host] = std::move(service);
}

void SimNet::cutRequests(const std::string& node, const std::string& host, bool cut) {
  history_.add(
      {.at = loop_.now(), .node = node, .kind = "net.cut.req", .detail = host, .number = cut ? 1U : 0U});
  cut ? static_cast<void>(requestsCut_.emplace(node, host))
      : static_cast<void>(requestsCut_.erase({node, host}));
}

void SimNet::cutResponses(const std::string& node, const std::string& host, bool cut) {
  history_.add(
      {.at = loop_.now(), .node = node, .kind = "net.cut.resp", .detail = host, .number = cut ? 1U : 0U});
  cut ? static_cast<void>(responsesCut_.emplace(node, host))
      : static_cast<void>(responsesCut_.erase({node, host}));
}

void SimNet::healAll() {
  requestsCut_.clear();
  responsesCut_.clear();
}

rt::Duration SimNet::latency() {
  return rt::Duration(random_.between(faults_.latencyMin.count(), faults_.latencyMax.count()));
}

SimNet::Plan SimNet::draw() {
  Plan plan;
  plan.there = latency();
  plan.back = latency();
  if (!faults_.on) return plan;
  std::uint64_t drawn = random_.below(kMillion);
  // True once, for the kind of fault into whose part of the million the draw falls.
  const auto hits = [&drawn](unsigned rate) {
    const bool hit = drawn < rate;
    drawn = hit ? kMillion : drawn - rate;
    return hit;
  };
  if (hits(faults_.requestLost)) {
    plan.fate = Fate::kRequestLost;
    plan.applied = false;
  } else if (hits(faults_.responseLost)) {
    plan.fate = Fate::kResponseLost;
  } else if (hits(faults_.reset)) {
    plan.fate = Fate::kReset;
    plan.applied = random_.chance(1, 2);
  } else if (hits(faults_.serverError)) {
    plan.fate = Fate::kServerError;
    plan.applied = random_.chance(1, 4);
  } else if (hits(faults_.throttle)) {
    plan.fate = Fate::kThrottled;
    plan.applied = false;
  } else if (hits(faults_.slow)) {
    plan.there = rt::Duration(random_.between(faults_.latencyMax.count(), faults_.slowMax.count()));
    ++faultsDrawn_;
  }
  if (plan.fate != Fate::kAnswered) ++faultsDrawn_;
  return plan;
}

void SimNet::launch(Call& call) {
  ++calls_;
  Flight& flight = flights_.emplace_back(*this, call, draw());
  flight.place = std::prev(flights_.end());
  call.flight = &flight;
  note(flight, "net.request", flight.request.body, 0);
  if (flight.plan.there > faults_.latencyMax) {
    note(flight, "net.slow", {}, static_cast<std::uint64_t>(flight.plan.there.count()));
  }
  loop_.wakeAt(flight, loop_.now() + flight.plan.there);
}

void SimNet::arrive(Flight& arrived) {
  std::list<Flight> mine;  // Ends the flight on every way out; the service may use the network meanwhile.
  mine.splice(mine.end(), flights_, arrived.place);
  Plan plan = arrived.plan;
  const std::string_view host = hostOfUrl(arrived.request.url);
  const auto service = services_.find(host);

  if (!requestsCut_.empty() && requestsCut_.count({arrived.node, std::string(host)}) > 0) {
    plan.fate = Fate::kRequestLost;
    plan.applied = false;
  }
  const bool known = service != services_.end();
  std::optional<http::Response> response;
  if (known && plan.applied) response = service->second.handle(arrived.request, loop_.wall());
  if (known && plan.fate == Fate::kThrottled)
    response = service->second.throttled(arrived.request, loop_.wall());
  if (plan.fate == Fate::kServerError) {
    response = makeResponse(500, kJson, R"({"__type":"InternalFailure","message":"Simulated."})");
  }
  if (!responsesCut_.empty() && responsesCut_.count({arrived.node, std::string(host)}) > 0) {
    plan.fate = Fate::kResponseLost;
  }
  note(arrived, fateName(plan.fate), response ? response->body->view() : std::string_view{},
       response ? static_cast<std::uint64_t>(response->status) : 0);

  Call* const call = arrived.call;
  if (call == nullptr) return;
  call->flight = nullptr;
  if (plan.fate == Fate::kRequestLost || plan.fate == Fate::kResponseLost) return;
  if (!known) {
    call->settle(plan.back, fail(Code::kUnreachable, "could not resolve host " + std::string(host)));
  } else if (plan.fate == Fate::kReset) {
    call->settle(plan.back, fail(Code::kUnreachable, "connection to " + std::string(host) + " was reset"));
  } else if (response->body->size() > call->options.bodyBytesMax) {
    call->settle(plan.back,
                 fail(Code::kResponseTooLarge, "response of " + std::string(host) + " is too large"));
  } else {
    call->settle(plan.back, std::move(*response));
  }
}

void SimNet::note(const Flight& flight, std::string_view kind, std::string_view bytes, std::uint64_t number) {
  history_.add({.at = loop_.now(),
                .node = flight.node,
                .kind = kind,
                .detail = flight.request.url,
                .bytes = bytes,
                .number = number});
}

rt::Task<Result<http::Response>> SimTransport::send(const http::Request& request, http::SendOptions options) {
  if (dead_) co_return fail(Code::kUnreachable, "this node is dead");
  SimNet::Call call(*this, request, options);
  co_await call;
  if (call.outcome) co_return std::move(*call.outcome);
  co_return fail(Code::kTimeout,
                 "no answer from " + std::string(hostOfUrl(request.url)) + " by the deadline");
}

http::Response makeResponse(int status, std::string_view contentType, std::string_view body) {
  http::Response response;
  response.status = status;
  response.headers.push_back({"Content-Type", std::string(contentType)});
  response.body = codec::Body::copyOf(body);
  return response;
}

std::string_view hostOfUrl(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of(":/?#"));
}

}  // namespace tidemill::sim
