// consume/read_quota.h: how many records the next read of a shard may bring.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "rt/task.h"

namespace tidemill::consume {

class QuotaHold;

// Of all shards of one receiver. Lives on the fetch lane.
class ReadQuota {
 public:
  virtual ~ReadQuota() = default;
  // Waits until a read may begin. `most`: what it could ask for at most, at least 1.
  virtual rt::Task<QuotaHold> acquire(int most) = 0;
  // A read that was charged with so many records has brought so many.
  virtual void settle(std::int64_t charged, std::int64_t brought) = 0;
};

// The right to one read; what it does not bring is given back. Lane only.
class QuotaHold {
 public:
  // May ask for `records` of Kinesis, at least 1, and was charged with `charged`.
  QuotaHold(std::shared_ptr<ReadQuota> quota, int records, std::int64_t charged)
      : quota_(std::move(quota)), records_(records), charged_(charged) {}
  QuotaHold(QuotaHold&&) noexcept = default;
  QuotaHold& operator=(QuotaHold&&) = delete;
  ~QuotaHold() { settle(0); }

  int records() const { return records_; }
  // The read is over and has brought so many records; those in aggregated ones count one by one, so it may
  // be more than was asked for.
  void settle(std::int64_t brought) {
    if (auto quota = std::exchange(quota_, nullptr)) quota->settle(charged_, brought);
  }

 private:
  std::shared_ptr<ReadQuota> quota_;
  int records_;
  std::int64_t charged_;
};

}  // namespace tidemill::consume
