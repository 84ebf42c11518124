#include "sim/workloads/host_trouble.h"

#include <algorithm>
#include <utility>

namespace tidemill::sim {
namespace {

// A conflict is an answer like any other.
bool isRefusal(const HistoryEvent& answer) {
  return answer.number >= 500 ||
         (answer.number >= 400 && answer.bytes.find("ConditionalCheckFailed") == std::string_view::npos);
}

}  // namespace

HostTrouble::HostTrouble(World& world, std::string service) : world_(world), service_(std::move(service)) {
  world.history().observe([this](const HistoryEvent& event) { onEvent(event); });
}

void HostTrouble::add(const std::string& host) {
  lastsUntil(host, world_.loop().now());
}

bool HostTrouble::calmSince(const std::string& host, rt::TimePoint since) const {
  const auto found = until_.find(host);
  return found == until_.end() || found->second < since;
}

void HostTrouble::lastsUntil(std::string_view host, rt::TimePoint until) {
  auto found = until_.find(host);
  if (found == until_.end()) found = until_.emplace(std::string(host), until).first;
  found->second = std::max(found->second, until);
}

void HostTrouble::onEvent(const HistoryEvent& event) {
  const auto duration = rt::Duration(static_cast<rt::Duration::rep>(event.number));
  if (event.kind.starts_with("node.")) {
    if (event.kind == "node.clock") return;
    if (event.kind == "node.start") {
      until_.insert_or_assign(std::string(event.node), event.at);
    } else {
      // A host is down until it starts again.
      lastsUntil(event.node,
                 event.kind == "node.stall" ? rt::laterBy(event.at, duration) : rt::TimePoint::max());
    }
    return;
  }
  if (!event.kind.starts_with("net.") || event.detail.find(service_) == std::string_view::npos) return;
  if (event.kind == "net.slow") {
    lastsUntil(event.node, rt::laterBy(event.at, duration));
  } else if (event.kind == "net.answer" ? isRefusal(event) : event.kind != "net.request") {
    // A cut is not over with its beginning, but each request that it keeps is lost in its turn.
    lastsUntil(event.node, event.at);
  }
}

}  // namespace tidemill::sim
