#include "stream/receiver_condition.h"

#include <algorithm>
#include <utility>

namespace tidemill::stream {

ReceiverCondition::ReceiverCondition(const rt::Env& env, std::size_t input, std::string name,
                                     const RestartOptions& options, ReceiverHost& host)
    : env_(env), host_(host), plan_(options) {
  info_.streamId = static_cast<int>(input);
  info_.name = std::move(name);
}

void ReceiverCondition::started() {
  info_.active = true;
  host_.onReceiver(ReceiverEvent::kStarted, info_);
}

void ReceiverCondition::stopped() {
  if (std::exchange(info_.active, false)) host_.onReceiver(ReceiverEvent::kStopped, info_);
}

void ReceiverCondition::restarted() {
  ++info_.restarts;
  plan_.restarted(env_.loop.now());
  env_.log.info("receiver_restarted", {{"stream", info_.name}, {"restarts", info_.restarts}});
  started();
}

void ReceiverCondition::remember(const Error& error) {
  info_.lastErrorMessage = error.message();
  info_.lastErrorTime = Time(env_.loop.wall().time_since_epoch());
}

void ReceiverCondition::note(const Error& error) {
  remember(error);
  env_.log.warning("receiver_error", {{"stream", info_.name}, {"reason", error.message()}});
  host_.onReceiver(ReceiverEvent::kError, info_);
}

std::optional<Duration> ReceiverCondition::failed(const std::string& shardId, const Error& error,
                                                  const Error& judged, std::optional<Duration> asked) {
  remember(error);
  auto delay = plan_.failed(shardId, judged, env_.loop.now());
  if (delay && asked) delay = std::max(*asked, Duration(0));
  env_.log.warning("receiver_failed", {{"stream", info_.name},
                                       {"shard", shardId},
                                       {"code", codeName(error.code())},
                                       {"failures", plan_.failures()},
                                       {"restartMilliseconds", delay ? delay->count() : -1},
                                       {"reason", error.message()}});
  host_.onReceiver(ReceiverEvent::kError, info_);
  if (!delay) host_.onReceiverFailed(error);
  return delay;
}

}  // namespace tidemill::stream
