#include "base/log.h"

#include <cstdio>

#include "base/text.h"

namespace tidemill::base {
namespace {

std::string_view severityName(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
    case Severity::kBug:
      return "bug";
  }
  return "unknown";
}

}  // namespace

std::string formatLogLine(Severity severity, std::string_view event, const std::vector<LogField>& fields) {
  std::string line = "level=";
  line += severityName(severity);
  line += " event=";
  line += event;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += quoteIfNeeded(field.value);
  }
  return line;
}

void StderrLog::write(Severity severity, std::string_view event, const std::vector<LogField>& fields) {
  if (severity < least_) return;
  std::string line = formatLogLine(severity, event, fields);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);  // One call: lines of several threads do not mix.
}

}  // namespace tidemill::base
