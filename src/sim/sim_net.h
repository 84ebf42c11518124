// sim/sim_net.h: the network between simulated nodes and services, at the seam of whole HTTP messages.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "http/http_transport.h"
#include "sim/history.h"
#include "sim/sim_loop.h"

namespace tidemill::sim {

// What can happen to one call, each as chances in a million. They exclude each other.
struct NetFaults {
  // False: latency only. The liveness phase of a run turns everything off here.
  bool on = true;
  // One way.
  rt::Duration latencyMin = std::chrono::microseconds(500);
  rt::Duration latencyMax = std::chrono::milliseconds(15);
  // The request never arrives; the caller hears nothing until its deadline.
  unsigned requestLost = 0;
  // The service has applied the request; the caller hears nothing until its deadline.
  unsigned responseLost = 0;
  // The connection breaks; half of the time the service had applied the request.
  unsigned reset = 0;
  // 500; one in four times the service had applied the request.
  unsigned serverError = 0;
  // The service's own throttling answer; nothing applied.
  unsigned throttle = 0;
  // The request takes up to slowMax to arrive, perhaps past the caller's deadline, and is applied then.
  unsigned slow = 0;
  rt::Duration slowMax = std::chrono::seconds(20);
};

// One service behind one or more hosts. Both functions get the true time.
struct SimService {
  std::function<http::Response(const http::Request&, rt::WallTime serverNow)> handle;
  // The answer to a throttled request. Empty: Kinesis's ProvisionedThroughputExceededException as JSON.
  std::function<http::Response(const http::Request&, rt::WallTime serverNow)> throttled;
};

// Carries requests of all nodes to services registered by URL host. A request in flight belongs to the
// network: it is applied even if its node has crashed meanwhile. Owned by the World.
class SimNet {
 public:
  // All must outlive this object.
  SimNet(SimLoop& loop, History& history, std::uint64_t seed, NetFaults faults);
  ~SimNet();
  SimNet(const SimNet&) = delete;
  SimNet& operator=(const SimNet&) = delete;

  // `host` without port, e.g. "kinesis.us-east-1.amazonaws.com". Replaces an earlier registration.
  void serve(const std::string& host, SimService service);

  NetFaults& faults() { return faults_; }
  // Cuts (or heals) one direction between a node and a host.
  void cutRequests(const std::string& node, const std::string& host, bool cut);
  void cutResponses(const std::string& node, const std::string& host, bool cut);
  void healAll();

  // Requests that nodes have sent.
  std::uint64_t calls() const { return calls_; }
  // Faults that have been drawn: a workload may demand that there were some.
  std::uint64_t faultsDrawn() const { return faultsDrawn_; }

 private:
  friend class SimTransport;
  class Call;
  struct Flight;
  struct Plan;
  using Link = std::pair<std::string, std::string>;

  void launch(Call& call);
  void arrive(Flight& flight);
  Plan draw();
  void note(const Flight& flight, std::string_view kind, std::string_view bytes, std::uint64_t number);
  rt::Duration latency();

  SimLoop& loop_;
  History& history_;
  base::Random random_;
  NetFaults faults_;
  std::map<std::string, SimService, std::less<>> services_;
  std::set<Link> requestsCut_;
  std::set<Link> responsesCut_;
  std::list<Flight> flights_;
  std::uint64_t calls_ = 0;
  std::uint64_t faultsDrawn_ = 0;
};

// The transport that one incarnation of a node sees.
class SimTransport final : public http::HttpTransport {
 public:
  // `loop` is the node's.
  SimTransport(SimNet& net, rt::Loop& loop, std::string node)
      : net_(net), loop_(loop), node_(std::move(node)) {}

  rt::Task<Result<http::Response>> send(const http::Request& request, http::SendOptions options) override;
  // Nothing is sent any more.
  void kill() { dead_ = true; }

 private:
  friend class SimNet;

  SimNet& net_;
  rt::Loop& loop_;
  const std::string node_;
  bool dead_ = false;
};

// A response of `status` with `body` and a Content-Type.
http::Response makeResponse(int status, std::string_view contentType, std::string_view body);

// The host of an absolute URL, without port; empty if there is none.
std::string_view hostOfUrl(std::string_view url);

}  // namespace tidemill::sim
