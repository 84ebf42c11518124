// consume/handler_cell.h: a handler with everything that a call of it uses, on a worker thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/block.h"
#include "consume/outcome_plan.h"
#include "consume/shard_checkpointer.h"
#include "tidemill/shard_handler.h"

namespace tidemill::consume {

// A batch of one shard on its way through the handler, over all calls with it.
struct CallRecords {
  // Null: no records, for handlers that want to be called all the same.
  std::shared_ptr<const block::ShardPage> page;
  std::int64_t millisBehindLatest = -1;
  int attempt = 0;
  // Of the page, with the shard filled in; made by the first call.
  std::vector<Record> records{};
  bool unpacked = false;
};

// What a call with records did.
struct BatchEnd {
  CallEnd end;
  // Of the first call: how many records there are.
  std::int64_t records = 0;
};

// Shared by the runner of a shard and the call that is running: a call that nobody waits for any more keeps
// alive what it uses. One call at a time. User code throws; nothing leaves these functions.
class HandlerCell {
 public:
  HandlerCell(ShardHandlerFactory factory, ShardInfo info, ShardCheckpointer::Send send,
              lease::Checkpoint start, std::shared_ptr<const LeaseFence> fence, bool logExceptionText);

  ShardCheckpointer& checkpointer() { return checkpointer_; }
  const ShardInfo& info() const { return info_; }
  bool initialized() const { return initialized_; }

  // On a worker thread. Makes the handler first if there is none.
  CallEnd initialize();
  // Leaves out what is checkpointed already; without any record left the call is done and not made.
  BatchEnd process(CallRecords& batch, CallLimits limits);
  CallEnd shardEnded(CallLimits limits);
  CallEnd shutdownRequested(CallLimits limits);
  CallEnd leaseLost();

 private:
  CallEnd checked(Outcome outcome, std::size_t records) const;
  template <class Call>
  CallEnd guarded(Call call);
  std::string describeException() const;

  const ShardHandlerFactory factory_;
  const ShardInfo info_;
  const bool logExceptionText_;
  ShardCheckpointer checkpointer_;
  std::unique_ptr<ShardHandler> handler_;
  bool initialized_ = false;
};

}  // namespace tidemill::consume
