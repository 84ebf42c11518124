// sim/history.h: what crossed the seams of a simulated world, as a running hash and the last entries as text.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rt/time.h"

namespace tidemill::sim {

// Mixes bytes into a 64-bit state, equal on every compiler: eight bytes at a time, in little-endian order.
std::uint64_t mixBytes(std::uint64_t state, std::string_view bytes);
std::uint64_t mixNumber(std::uint64_t state, std::uint64_t number);

// One event. `kind` names the seam and what happened, e.g. "net.request"; `detail` is short text; `bytes`
// enters the hash but is not kept; `number` is a status, a count or the like.
struct HistoryEvent {
  rt::TimePoint at;
  std::string_view node;
  std::string_view kind;
  std::string_view detail;
  std::string_view bytes = {};
  std::uint64_t number = 0;
};

// Two runs are the same if their hashes are. Owned by the World.
class History {
 public:
  // Keeps the last `kept` events as text for a failure's report; at least 1.
  explicit History(std::size_t kept = 200);

  void add(const HistoryEvent& event);
  // Is told of every event, for checkers; it must not add any.
  using Observer = std::function<void(const HistoryEvent&)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  std::uint64_t hash() const { return hash_; }
  std::uint64_t events() const { return events_; }
  // How often events of that kind came.
  std::uint64_t count(std::string_view kind) const;
  // The last events, oldest first, one line each.
  std::vector<std::string> last() const;

 private:
  struct Kept {
    rt::TimePoint at;
    std::string node;
    std::string kind;
    std::string detail;
    std::size_t bytes = 0;
    std::uint64_t number = 0;
  };

  Observer observer_;
  std::vector<Kept> ring_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t events_ = 0;
  std::uint64_t hash_ = 0x7469646d696c6c21ULL;
};

}  // namespace tidemill::sim
