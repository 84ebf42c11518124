#include "sim/workloads/lease_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "lease/shard_audit.h"

namespace tidemill::sim {
namespace {

const fake::AttributeValue* find(const fake::Item& item, std::string_view name) {
  const auto found = item.find(name);
  return found == item.end() ? nullptr : &found->second;
}

std::string textOf(const fake::Item& item, std::string_view name) {
  const fake::AttributeValue* value = find(item, name);
  return value == nullptr ? std::string() : value->text;
}

std::int64_t numberOf(const fake::Item& item, std::string_view name) {
  const fake::AttributeValue* value = find(item, name);
  return value == nullptr ? 0 : base::parseInteger(value->number.text()).value_or(-1);
}

}  // namespace

std::optional<LeaseChecker::Row> LeaseChecker::rowOf(const fake::Item& item) {
  const auto subSequence = static_cast<std::uint64_t>(numberOf(item, "checkpointSubSequenceNumber"));
  const auto checkpoint = lease::Checkpoint::parse(textOf(item, "checkpoint"), subSequence);
  if (!checkpoint) return std::nullopt;
  const fake::AttributeValue* parents = find(item, "parentShardId");
  return Row{.owner = textOf(item, "leaseOwner"),
             .counter = numberOf(item, "leaseCounter"),
             .checkpoint = *checkpoint,
             .firstHashKey = textOf(item, "startingHashKey"),
             .lastHashKey = textOf(item, "endingHashKey"),
             .wantedBy = textOf(item, "xTidemillWantedBy"),
             .incarnation = textOf(item, "xTidemillIncarnation"),
             .parents = parents == nullptr ? std::vector<std::string>() : parents->texts};
}

void LeaseChecker::onWrite(const fake::AppliedWrite& write) {
  if (write.table != table_) return;
  const std::string key = textOf(write.key, "leaseKey");
  if (write.after == nullptr) {
    const auto gone = rows_.find(key);
    if (gone != rows_.end() && !gone->second.checkpoint.isShardEnd()) {
      violation("I5", "the row of " + key + " was deleted before its shard was finished");
    }
    rows_.erase(key);
    return;
  }
  auto after = rowOf(*write.after);
  if (!after) {
    violation("I2", "the row of " + key + " has no checkpoint that can be read");
    return;
  }
  after->writtenAt = world().loop().now();
  const auto known = rows_.find(key);
  if (known != rows_.end()) compare(key, known->second, *after);
  const bool ended = after->checkpoint.isShardEnd();
  rows_.insert_or_assign(key, std::move(*after));
  if (ended || !covered_) checkCover();
}

void LeaseChecker::compare(const std::string& key, const Row& before, const Row& after) {
  const bool moved = after.checkpoint != before.checkpoint;
  const bool changed = moved || after.owner != before.owner;
  // First, since the first violation counts: what else such a write breaks follows from it.
  if (after.counter != before.counter + 1 && (changed || after.counter != before.counter)) {
    violation("I6",
              fmt::format("{}: a write made counter {} of counter {}", key, after.counter, before.counter));
  }
  if (after.owner != before.owner) compareOwners(key, before, after);
  if (after.checkpoint < before.checkpoint) {
    violation("I2", fmt::format("{}: checkpoint {} after {}", key, after.checkpoint.text(),
                                before.checkpoint.text()));
  }
  if (moved) onCheckpoint_(key, before.checkpoint, after.checkpoint);
}

void LeaseChecker::compareOwners(const std::string& key, const Row& before, const Row& after) {
  ++ownerChanges_;
  if (before.owner.empty() || after.owner.empty()) return;
  // Who takes a lease marks the row; an owner that hands it over does not.
  const bool taken = after.incarnation.starts_with(after.owner + "/");
  if (!taken || before.wantedBy == after.owner) return;
  ++takeovers_;
  takeoversOf_[key] = {after.owner, after.counter};
  // A lease that was handed to its owner, who has not begun it yet, is nobody's loss.
  const bool begun = before.incarnation.starts_with(before.owner + "/");
  if (begun && calm_(before.owner)) {
    violation("I8", fmt::format("{}: {} took the lease from {}, which nothing had befallen (wanted by {})",
                                key, after.owner, before.owner, base::quoteIfNeeded(before.wantedBy)));
  }
}

// A parent is finished only when its children have rows, so what is unfinished covers the stream.
void LeaseChecker::checkCover() {
  std::vector<lease::HashRange> ranges;
  for (const auto& [key, row] : rows_) {
    if (row.checkpoint.isShardEnd()) continue;
    const auto first = kinesis::parseHashKey(row.firstHashKey);
    const auto last = kinesis::parseHashKey(row.lastHashKey);
    if (!first || !last) return;  // Of a row that the audit has not filled in yet.
    ranges.push_back({*first, *last});
  }
  const auto hole = lease::firstHole(std::move(ranges));
  if (!hole) {
    covered_ = true;
  } else if (covered_) {
    violation("I5", "no unfinished row owns hash key " + kinesis::formatHashKey(hole->first));
  }
}

void LeaseChecker::onDelivery(const std::string& worker, const FencingToken& token, bool stoodStill) {
  const auto takeover = takeoversOf_.find(token.shardId);
  if (takeover != takeoversOf_.end() && takeover->second.by != worker &&
      token.token < takeover->second.counter) {
    ++staleDeliveries_;
    if (stoodStill) return;  // Between the last look at its lease and the call.
    violation("I6", fmt::format("{} began to deliver {} under token {} after {} took it with {}", worker,
                                token.shardId, token.token, takeover->second.by, takeover->second.counter));
    return;
  }
  std::int64_t& highest = delivered_[token.shardId];
  if (token.token >= highest) {
    highest = token.token;
    return;
  }
  ++staleDeliveries_;
  if (stoodStill) return;
  violation("I6", fmt::format("{} began to deliver {} under token {} after {} was in use", worker,
                              token.shardId, token.token, highest));
}

std::vector<std::string> LeaseChecker::idleSince(rt::TimePoint since) const {
  std::vector<std::string> idle;
  for (const auto& [key, row] : rows_) {
    if (row.checkpoint.isShardEnd() || (!row.owner.empty() && row.writtenAt >= since)) continue;
    const bool waits = std::any_of(row.parents.begin(), row.parents.end(), [this](const std::string& parent) {
      const auto found = rows_.find(parent);
      return found != rows_.end() && !found->second.checkpoint.isShardEnd();
    });
    if (!waits) idle.push_back(key);
  }
  return idle;
}

std::optional<lease::Checkpoint> LeaseChecker::checkpointOf(const std::string& shardId) const {
  const auto found = rows_.find(shardId);
  return found == rows_.end() ? std::nullopt : std::optional(found->second.checkpoint);
}

std::map<std::string, int> LeaseChecker::owned() const {
  std::map<std::string, int> counts;
  for (const auto& [key, row] : rows_) {
    if (!row.checkpoint.isShardEnd()) ++counts[row.owner];
  }
  return counts;
}

}  // namespace tidemill::sim
