#include "tidemill/handler_policy.h"

#include <fmt/format.h>

#include "base/text.h"
#include "stream/handler_conf.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

constexpr std::size_t kReasonMax = 100;
constexpr int kAttemptsMax = 1000;

}  // namespace

HandlerPolicy HandlerPolicy::deadLetterToFile(std::string path) {
  if (path.empty() || path.ends_with('/')) {
    throw Error(Code::kInvalidConfig, fmt::format("dead letters to the file {}", base::quoteIfNeeded(path)),
                "name a file, for example letters/orders.jsonl");
  }
  return {Kind::kDeadLetterFile, std::move(path)};
}

HandlerPolicy HandlerPolicy::deadLetterToStream(std::string streamName) {
  if (streamName.empty()) {
    throw Error(Code::kInvalidConfig, "dead letters to a stream without a name", "name a Kinesis stream");
  }
  return {Kind::kDeadLetterStream, std::move(streamName)};
}

HandlerPolicy HandlerPolicy::skipCounted(std::string reason) {
  if (reason.empty() || reason.size() > kReasonMax) {
    throw Error(Code::kInvalidConfig,
                fmt::format("records skipped for a reason of {} characters", reason.size()),
                fmt::format("name the reason in 1 to {} characters, for example \"not JSON\"", kReasonMax));
  }
  return {Kind::kSkipCounted, std::move(reason)};
}

HandlerPolicy HandlerPolicy::withAttempts(int attempts) const {
  if (attempts < 1 || attempts > kAttemptsMax) {
    throw Error(Code::kInvalidConfig, fmt::format("{} attempts of a messageHandler", attempts),
                fmt::format("choose between 1 and {}", kAttemptsMax));
  }
  HandlerPolicy policy = *this;
  policy.attempts_ = attempts;
  return policy;
}

namespace stream {
namespace {

HandlerPolicy deadLetterPolicy(const std::string& place) {
  constexpr std::string_view kFile = "file:";
  constexpr std::string_view kStream = "kinesis:";
  if (place.starts_with(kFile)) return HandlerPolicy::deadLetterToFile(place.substr(kFile.size()));
  if (place.starts_with(kStream)) return HandlerPolicy::deadLetterToStream(place.substr(kStream.size()));
  throw Error(
      Code::kInvalidConfig,
      fmt::format("tidemill.handler.deadLetter={} is no place for dead letters", base::quoteIfNeeded(place)),
      "give file:PATH or kinesis:STREAM");
}

HandlerPolicy choiceOf(const Conf& conf) {
  const std::string choice = conf.getText("tidemill.handler.onError");
  if (choice == "dead-letter") return deadLetterPolicy(conf.getText("tidemill.handler.deadLetter"));
  if (choice == "fail") return HandlerPolicy::failBatch();
  const std::string reason = conf.getText("tidemill.handler.skipReason");
  if (reason.empty()) {
    throw Error(Code::kInvalidConfig, "tidemill.handler.onError=skip without a name",
                "set tidemill.handler.skipReason: skipped records are counted under it");
  }
  return HandlerPolicy::skipCounted(reason);
}

}  // namespace

HandlerPolicy handlerPolicyOf(const Conf& conf) {
  return choiceOf(conf).withAttempts(static_cast<int>(conf.getInteger("tidemill.handler.attempts")));
}

void checkHandlerPolicy(const HandlerPolicy& policy, const std::string& streamName) {
  if (policy.kind() != HandlerPolicy::Kind::kDeadLetterStream || policy.target() != streamName) return;
  throw Error(Code::kInvalidConfig,
              fmt::format("stream {}: its dead letters would go to itself", base::quoteIfNeeded(streamName)),
              "choose another stream, or a file");
}

}  // namespace stream
}  // namespace tidemill
