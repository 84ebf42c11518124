#include "sim/sim_log.h"

namespace tidemill::sim {

void SimLog::write(base::Severity severity, std::string_view event,
                   const std::vector<base::LogField>& fields) {
  const auto found = counts_.find(event);
  if (found == counts_.end()) {
    counts_.emplace(event, 1);
  } else {
    ++found->second;
  }
  if (observer_) observer_(event, fields);
  if (severity == base::Severity::kDebug) return;
  if (lines_.size() == kKept) lines_.pop_front();
  lines_.push_back(base::formatLogLine(severity, event, fields));
  if (severity == base::Severity::kBug && onBug_) onBug_(lines_.back());
}

std::uint64_t SimLog::count(std::string_view event) const {
  const auto found = counts_.find(event);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace tidemill::sim
