#include "fake/shard_iterators.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"

namespace tidemill::fake {
namespace {

// "Thu Jan 22 01:22:02 UTC 2015"
std::string javaDate(rt::WallTime time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return fmt::format("{:%a %b %d %H:%M:%S} UTC {:%Y}", fmt::gmtime(seconds), fmt::gmtime(seconds));
}

}  // namespace

ServiceError expiredIterator(rt::WallTime issued, rt::WallTime now, std::chrono::milliseconds life) {
  return {
      "ExpiredIteratorException",
      fmt::format(
          "Iterator expired. The iterator was created at time {} while right now it is {} which is further "
          "in the future than the tolerated delay of {} milliseconds.",
          javaDate(issued), javaDate(now), life.count())};
}

std::string ShardIterators::issue(const ShardCursor& cursor, rt::WallTime now) {
  const std::string payload = fmt::format("{}/{}/{}/{}/{}", now.time_since_epoch().count(),
                                          cursor.incarnation, cursor.shard, cursor.counter, cursor.stream);
  return tokens_.seal(payload, 152 + (cursor.stream.size() + 2) / 16 * 16);
}

Outcome<ShardCursor> ShardIterators::open(std::string_view iterator, rt::WallTime now) const {
  const auto payload = tokens_.open(iterator);
  if (!payload) return invalidArgument("Invalid ShardIterator.");
  const auto parts = base::split(*payload, '/');
  // A paging token opens too, but has another shape.
  if (parts.size() != 5) return invalidArgument("Invalid ShardIterator.");
  const rt::WallTime issued{std::chrono::milliseconds(base::parseInteger(parts[0]).value_or(0))};
  if (now - issued > life_) return refuse(expiredIterator(issued, now, life_));
  return ShardCursor{.stream = std::string(parts[4]),
                     .incarnation = static_cast<std::uint64_t>(base::parseInteger(parts[1]).value_or(0)),
                     .shard = static_cast<std::uint32_t>(base::parseInteger(parts[2]).value_or(0)),
                     .counter = static_cast<std::uint64_t>(base::parseInteger(parts[3]).value_or(0))};
}

}  // namespace tidemill::fake
