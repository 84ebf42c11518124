// consume/stream_sync.h: keeps the lease rows in step with the shards that the service lists.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consume/lease_book.h"
#include "consume/stream_view.h"
#include "kinesis/kinesis_api.h"
#include "rt/env.h"
#include "rt/task.h"
#include "tidemill/initial_position.h"

namespace tidemill::consume {

// Looks at rows and listing, and makes the rows that are missing. Lives on the control lane, beside its book.
class StreamSync {
 public:
  // References outlive this object.
  StreamSync(const rt::Env& env, kinesis::KinesisApi& api, LeaseBook& book, std::string stream,
             KinesisInitialPosition initialPosition);

  // Rows, then listing. Nothing: it cannot be had now, or cannot be true; nextLook() says when to try again.
  // Errors: those of the store; kUnknownStream; kInvalidConfig if the rows are of an earlier stream of the
  // same name; before the first view that could be had, those of the listing.
  rt::Task<Result<std::optional<StreamView>>> look();
  // Makes the rows that `view` calls for, reads all rows again if there were any, and gives the keys of those
  // made. kDataLoss if a shard that is nobody else's was trimmed before it was read to its end; shards that
  // are being read find that out themselves.
  rt::Task<Result<std::vector<std::string>>> adopt(const StreamView& view);
  rt::TimePoint nextLook() const { return nextLook_; }
  // This time another worker looks for all.
  void skip();

 private:
  rt::Task<Result<void>> checkCreation(const StreamView& view);
  rt::Task<Result<void>> checkTrimmed(const StreamView& view);
  rt::Task<Result<bool>> isTrimmed(std::string shardId);
  bool isUnread(const std::string& shardId) const;

  const rt::Env env_;
  kinesis::KinesisApi& api_;
  LeaseBook& book_;
  const std::string stream_;
  const KinesisInitialPosition initialPosition_;
  bool viewed_ = false;
  // As noted in the store.
  std::optional<rt::WallTime> streamCreated_;
  // Listings in a row that contradict the rows.
  int contradictions_ = 0;
  // And that contradict themselves.
  int inconsistent_ = 0;
  rt::TimePoint nextLook_{};
};

}  // namespace tidemill::consume
