// sim/sim_log.h: keeps the events of a simulated node; a bug ends the run.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"

namespace tidemill::sim {

// Keeps the last lines, and how often each event came: a test asserts on events, never on text.
class SimLog final : public base::LogSink {
 public:
  // Hears of every event at or above Severity::kBug: the line.
  explicit SimLog(std::function<void(const std::string&)> onBug = {}) : onBug_(std::move(onBug)) {}

  void write(base::Severity severity, std::string_view event,
             const std::vector<base::LogField>& fields) override;

  // Is told of every event, for checkers.
  using Observer = std::function<void(std::string_view event, const std::vector<base::LogField>& fields)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  std::uint64_t count(std::string_view event) const;
  const std::deque<std::string>& lines() const { return lines_; }

 private:
  static constexpr std::size_t kKept = 200;

  std::function<void(const std::string&)> onBug_;
  Observer observer_;
  std::deque<std::string> lines_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace tidemill::sim
