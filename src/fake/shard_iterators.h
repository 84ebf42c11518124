// fake/shard_iterators.h: shard iterators: where a reader stands, and for how long it may say so.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "fake/opaque_token.h"
#include "fake/service_error.h"
#include "rt/time.h"

namespace tidemill::fake {

// The next record to read is the first whose counter is at least `counter`.
struct ShardCursor {
  std::string stream;
  std::uint64_t incarnation = 0;
  std::uint32_t shard = 0;
  std::uint64_t counter = 0;
};

class ShardIterators {
 public:
  ShardIterators(base::Random random, std::chrono::milliseconds life) : tokens_(random), life_(life) {}

  // Each call gives another text, also for the same cursor. Its size is the service's: 152 bytes and a
  // multiple of 16, before base64.
  std::string issue(const ShardCursor& cursor, rt::WallTime now);

  // Fails with InvalidArgumentException for what it did not issue, ExpiredIteratorException past its life.
  Outcome<ShardCursor> open(std::string_view iterator, rt::WallTime now) const;

 private:
  OpaqueTokens tokens_;
  const std::chrono::milliseconds life_;
};

// The refusal of an iterator that was issued at `issued`.
ServiceError expiredIterator(rt::WallTime issued, rt::WallTime now, std::chrono::milliseconds life);

}  // namespace tidemill::fake
