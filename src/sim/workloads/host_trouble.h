// sim/workloads/host_trouble.h: when the simulated world last troubled each host.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sim/world.h"

namespace tidemill::sim {

// Listens to the history of a world: crashes, starts, stalls, and whatever keeps a host's requests to one
// service from being applied and answered in time. Neither drift nor a jump of the wall clock is a trouble.
class HostTrouble {
 public:
  // `service` is a host name as in URLs. Only one of these may listen to a world, which must outlive it.
  HostTrouble(World& world, std::string service);
  HostTrouble(const HostTrouble&) = delete;
  HostTrouble& operator=(const HostTrouble&) = delete;

  // Something that no history tells befalls `host` now.
  void add(const std::string& host);

  // Nothing has befallen `host` since then.
  bool calmSince(const std::string& host, rt::TimePoint since) const;

 private:
  void onEvent(const HistoryEvent& event);
  void lastsUntil(std::string_view host, rt::TimePoint until);

  World& world_;
  const std::string service_;
  // The end of the last trouble, by host.
  std::map<std::string, rt::TimePoint, std::less<>> until_;
};

}  // namespace tidemill::sim
