#include "sim/world.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace tidemill::sim {
namespace {

// Far above what any instant of a correct program needs: only a loop of ready tasks gets there.
constexpr std::uint64_t kStepsPerInstantMax = 2'000'000;

}  // namespace

World::World(std::uint64_t seed, WorldOptions options)
    : seed_(seed),
      options_(std::move(options)),
      random_(seed),
      loop_(random_.next()),
      history_(options_.historyKept),
      net_(loop_, history_, random_.next(), options_.net),
      tasks_(loop_) {}

World::~World() {
  end();
}

void World::end() {
  tasks_.cancel();  // They may hold references to nodes.
  nodes_.clear();
}

Node& World::addNode(const std::string& name, ProgramFactory program, HostClock clock) {
  TIDEMILL_CHECK(nodes_.count(name) == 0, "a node's name is used once");
  const std::uint64_t seed = random_.next();
  auto node = std::make_unique<Node>(*this, name, std::move(program), seed, clock);
  return *(nodes_[name] = std::move(node));
}

Node* World::node(const std::string& name) {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : found->second.get();
}

bool World::runFor(rt::Duration duration) {
  runTo(rt::laterBy(loop_.now(), duration), nullptr);
  return !failed();
}

bool World::runUntil(const std::function<bool()>& reached, rt::Duration patience) {
  return runTo(rt::laterBy(loop_.now(), patience), &reached) && !failed();
}

bool World::runTo(rt::TimePoint until, const std::function<bool()>* reached) {
  rt::TimePoint instant = loop_.now();
  std::uint64_t stepsBefore = loop_.steps();
  while (!failed()) {
    if (loop_.stepReady()) {
      if (loop_.now() != instant) {
        instant = loop_.now();
        stepsBefore = loop_.steps();
      } else if (loop_.steps() - stepsBefore > kStepsPerInstantMax) {
        violation("Livelock", "tasks keep each other ready and time stands still");
      }
      continue;
    }
    if (reached != nullptr && (*reached)()) return true;
    if (!loop_.jump(until)) return false;
  }
  return false;
}

void World::heal() {
  faultsOn_ = false;
  options_.faults.on = false;
  options_.disk.on = false;
  net_.faults().on = false;
  net_.healAll();
  for (const auto& [name, node] : nodes_) {
    node->disk().faults().on = false;
    node->disarm();
    if (!node->up()) node->restart();
  }
  history_.add({.at = loop_.now(), .node = {}, .kind = "world.heal", .detail = {}});
}

void World::violation(std::string_view invariant, std::string_view detail) {
  if (failed()) return;
  history_.add({.at = loop_.now(), .node = {}, .kind = "violation", .detail = invariant, .bytes = detail});
  violation_ = Violation{std::string(invariant), std::string(detail)};
}

std::string World::failureText() const {
  if (!failed()) return {};
  const auto microseconds = loop_.now().time_since_epoch().count() / 1000;
  std::string text = fmt::format("FAILED seed={} invariant={} at={}.{:06} detail={}\n", seed_,
                                 violation_->invariant, microseconds / 1'000'000, microseconds % 1'000'000,
                                 base::quoteIfNeeded(violation_->detail));
  for (const std::string& line : history_.last()) text += "  " + line + '\n';
  return text;
}

}  // namespace tidemill::sim
