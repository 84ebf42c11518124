#include "lease/shard_audit.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tidemill::lease {
namespace {

constexpr int kRunsToBeSure = 3;

std::optional<HashRange> parseRange(const std::string& first, const std::string& last) {
  const auto low = kinesis::parseHashKey(first);
  const auto high = kinesis::parseHashKey(last);
  if (!low || !high || *low > *high) return std::nullopt;
  return HashRange{*low, *high};
}

bool hasNoRange(const Lease& lease) {
  return lease.startingHashKey.empty() && lease.endingHashKey.empty();
}

const std::string& shardIdOf(const Lease& lease) {
  return lease.shardId.empty() ? lease.leaseKey : lease.shardId;
}

}  // namespace

std::optional<HashRange> hashRangeOf(const Lease& lease) {
  return parseRange(lease.startingHashKey, lease.endingHashKey);
}

std::optional<HashRange> firstHole(std::vector<HashRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const HashRange& a, const HashRange& b) {
    return std::pair(a.first, a.last) < std::pair(b.first, b.last);
  });
  kinesis::HashKey next = 0;  // The first key that nothing so far has.
  for (const HashRange& range : ranges) {
    if (range.first > next) return HashRange{next, range.first - 1};
    if (range.last == kinesis::kHashKeyMax) return std::nullopt;
    next = std::max(next, range.last + 1);
  }
  return HashRange{next, kinesis::kHashKeyMax};
}

bool auditNeedsListing(const std::vector<Lease>& leases) {
  return std::any_of(leases.begin(), leases.end(), [](const Lease& lease) {
    return !lease.checkpoint.isShardEnd() && !hashRangeOf(lease);
  });
}

AuditReport ShardAuditor::run(const std::vector<Lease>& leases, const std::vector<kinesis::Shard>& shards) {
  AuditReport report;
  if (leases.empty()) {
    reset();
    report.hole = HashRange{0, kinesis::kHashKeyMax};
    report.syncNow = true;
    return report;
  }

  std::map<std::string, const kinesis::Shard*> listed;
  for (const kinesis::Shard& shard : shards) listed[shard.shardId] = &shard;
  std::vector<HashRange> ranges;
  for (const Lease& lease : leases) {
    if (lease.checkpoint.isShardEnd()) continue;
    auto range = hashRangeOf(lease);
    const auto shard = listed.find(shardIdOf(lease));
    if (!range && shard != listed.end()) {
      const kinesis::Shard& found = *shard->second;
      range = parseRange(found.startingHashKey, found.endingHashKey);
      // A range that is there and wrong was written by somebody else: counted as it should be, left as it is.
      if (range && hasNoRange(lease)) {
        report.missing.push_back({lease.leaseKey, found.startingHashKey, found.endingHashKey});
      }
    }
    if (range) ranges.push_back(*range);
  }

  report.hole = firstHole(std::move(ranges));
  seen_ = !report.hole ? 0 : report.hole == hole_ ? std::min(seen_ + 1, kRunsToBeSure) : 1;
  hole_ = report.hole;
  report.seen = seen_;
  report.syncNow = seen_ >= kRunsToBeSure;
  return report;
}

void ShardAuditor::reset() {
  hole_.reset();
  seen_ = 0;
}

}  // namespace tidemill::lease
