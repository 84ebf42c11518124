// stream/rate_gate.h: shares the permits of one receiver among the readers of its shards.
#pragma once

#include <cstdint>
#include <memory>

#include "consume/read_quota.h"
#include "consume/wake_up.h"
#include "rt/loop.h"
#include "rt/semaphore.h"
#include "stream/rate_limiter.h"

namespace tidemill::stream {

// Readers pass in the order in which they came, each with its share of what is there, so that no shard
// starves and one that is alone gets everything. A read asks Kinesis for no more records than it has permits.
// Lives on the fetch lane, owned by a shared_ptr: holds keep it.
class RateGate final : public consume::ReadQuota, public std::enable_shared_from_this<RateGate> {
 public:
  RateGate(rt::Loop& loop, const RateLimits& limits);

  // Reaches readers that wait.
  void update(std::int64_t rate);
  void updateMax(std::int64_t rate);
  std::int64_t limit() const { return limiter_.limit(); }

  rt::Task<consume::QuotaHold> acquire(int most) override;
  void settle(std::int64_t charged, std::int64_t brought) override;

 private:
  rt::Loop& loop_;
  RateLimiter limiter_;
  std::int64_t waiting_ = 0;
  // Who has it waits for a permit; the others wait behind.
  rt::Semaphore turn_;
  consume::WakeUp changed_;
};

}  // namespace tidemill::stream
