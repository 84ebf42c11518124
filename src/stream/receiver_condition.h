// stream/receiver_condition.h: how a receiver is doing: its failures and restarts, and who hears of them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "block/block_info.h"
#include "rt/env.h"
#include "stream/input_receiver.h"
#include "stream/restart_plan.h"
#include "tidemill/receiver_info.h"

namespace tidemill::stream {

// Tells the log and the host of every change. Lives on the control lane.
class ReceiverCondition {
 public:
  // References outlive this object. `name`: of the stream.
  ReceiverCondition(const rt::Env& env, std::size_t input, std::string name, const RestartOptions& options,
                    ReceiverHost& host);

  void started();
  // Without effect if it has stopped before.
  void stopped();
  // It goes on after a failure.
  void restarted();

  // It goes on in spite of it.
  void note(const Error& error);
  // The wait before the restart: what RestartPlan says of `judged`, where `asked` takes its place. Nothing:
  // there will be none, and the host was told that the receiver has failed. `shardId`: where reading failed;
  // empty: the leases.
  std::optional<Duration> failed(const std::string& shardId, const Error& error, const Error& judged,
                                 std::optional<Duration> asked = std::nullopt);
  void sealed(const block::BlockInfo& block) { plan_.sealed(block); }

  const ReceiverInfo& info() const { return info_; }

 private:
  void remember(const Error& error);

  const rt::Env& env_;
  ReceiverHost& host_;
  RestartPlan plan_;
  ReceiverInfo info_;
};

}  // namespace tidemill::stream
