#include "consume/handler_cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace tidemill::consume {
namespace {

// Begins a batch, or leaves out what the handler has checkpointed since the last call.
void unpack(CallRecords& batch, const lease::Checkpoint& done) {
  if (batch.page == nullptr) return;
  if (!batch.unpacked) {
    batch.records = batch.page->page.records;
    for (Record& record : batch.records) record.shardId = batch.page->shardId;
    batch.unpacked = true;
  }
  if (!done.isSequenceNumber()) return;
  const auto first = std::find_if(batch.records.begin(), batch.records.end(), [&](const Record& record) {
    return lease::Checkpoint::at(std::string(record.sequenceNumber), record.subSequenceNumber) > done;
  });
  batch.records.erase(batch.records.begin(), first);
}

}  // namespace

HandlerCell::HandlerCell(ShardHandlerFactory factory, ShardInfo info, ShardCheckpointer::Send send,
                         lease::Checkpoint start, std::shared_ptr<const LeaseFence> fence,
                         bool logExceptionText)
    : factory_(std::move(factory)),
      info_(std::move(info)),
      logExceptionText_(logExceptionText),
      checkpointer_(info_.shardId, std::move(start), std::move(fence), std::move(send)) {}

std::string HandlerCell::describeException() const {
  try {
    throw;
  } catch (const Error& error) {
    const std::string name = fmt::format("it threw an error, {}", codeName(error.code()));
    return logExceptionText_ ? name + ": " + error.message() : name;
  } catch (const std::exception& exception) {
    return logExceptionText_ ? fmt::format("it threw: {}", exception.what()) : "it threw an exception";
  } catch (...) {
    return "it threw something that is no std::exception";
  }
}

template <class Call>
CallEnd HandlerCell::guarded(Call call) {
  try {
    return call();
  } catch (...) {  // User code may throw anything; this is the edge.
    return {std::nullopt, describeException()};
  }
}

// An answer that makes no sense for its call counts as a failure.
CallEnd HandlerCell::checked(Outcome outcome, std::size_t records) const {
  if (outcome.kind() == Outcome::Kind::kAgainWhenPrepared && !checkpointer_.preparedNow() &&
      !checkpointer_.prepared()) {
    return {std::nullopt, "it wants to be called again when a checkpoint is prepared, but prepared none"};
  }
  if (outcome.kind() == Outcome::Kind::kDeadLetter) {
    if (outcome.records().empty()) return {std::nullopt, "it named no record for the dead letters"};
    for (const std::size_t index : outcome.records()) {
      if (index < records) continue;
      return {std::nullopt, fmt::format("it named record {} of {} for the dead letters", index, records)};
    }
  }
  std::string reason = outcome.reason();
  return {std::move(outcome), std::move(reason)};
}

CallEnd HandlerCell::initialize() {
  return guarded([this]() -> CallEnd {
    if (handler_ == nullptr) handler_ = factory_(info_.shardId);
    if (handler_ == nullptr) return {std::nullopt, "the factory made no handler"};
    CallEnd end = checked(handler_->initialize(info_), 0);
    initialized_ = end.outcome && end.outcome->kind() == Outcome::Kind::kOk;
    return end;
  });
}

BatchEnd HandlerCell::process(CallRecords& batch, CallLimits limits) {
  unpack(batch, checkpointer_.last());
  const auto count = batch.records.size();
  BatchEnd done{.end = {Outcome::ok(), {}}, .records = static_cast<std::int64_t>(count)};
  if (batch.page != nullptr && count == 0) return done;
  ++batch.attempt;
  checkpointer_.begin(std::move(limits));
  done.end = guarded([&]() -> CallEnd {
    const RecordBatch view{info_.shardId, batch.records, Duration(batch.millisBehindLatest), batch.attempt};
    return checked(handler_->processRecords(view, checkpointer_), count);
  });
  return done;
}

CallEnd HandlerCell::shardEnded(CallLimits limits) {
  checkpointer_.begin(std::move(limits));
  return guarded([this] { return checked(handler_->shardEnded(checkpointer_), 0); });
}

CallEnd HandlerCell::shutdownRequested(CallLimits limits) {
  checkpointer_.begin(std::move(limits));
  return guarded([this] { return checked(handler_->shutdownRequested(checkpointer_), 0); });
}

CallEnd HandlerCell::leaseLost() {
  return guarded([this]() -> CallEnd {
    handler_->leaseLost();
    return {Outcome::ok(), {}};
  });
}

}  // namespace tidemill::consume
