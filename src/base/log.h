// base/log.h: structured events. One line per event, with a stable name and key=value fields.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tidemill::base {

enum class Severity { kDebug, kInfo, kWarning, kError, kBug };

// One field of an event. Never a secret, never the content or the partition key of a record.
struct LogField {
  std::string key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  template <class N>
    requires std::is_arithmetic_v<N>
  LogField(std::string_view k, N v) : key(k), value(std::to_string(v)) {}
};

// Where events go. Production prints them to stderr; simulation keeps them, and a kBug event fails the run.
// write() may be called from any thread.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(Severity severity, std::string_view event, const std::vector<LogField>& fields) = 0;

  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Severity::kInfo, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Severity::kWarning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Severity::kError, event, fields);
  }
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Severity::kDebug, event, fields);
  }
};

// "level=info event=shard_started shard=shardId-000000000000": values with blanks, quotes or control
// characters are quoted and escaped, so that hostile names cannot forge a line.
std::string formatLogLine(Severity severity, std::string_view event, const std::vector<LogField>& fields);

// Prints events at or above `least` to stderr, one write per line.
class StderrLog final : public LogSink {
 public:
  explicit StderrLog(Severity least = Severity::kInfo) : least_(least) {}
  void write(Severity severity, std::string_view event, const std::vector<LogField>& fields) override;

 private:
  const Severity least_;
};

}  // namespace tidemill::base
