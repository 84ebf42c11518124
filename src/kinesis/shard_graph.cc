#include "kinesis/shard_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <utility>

#include "kinesis/hash_key.h"
#include "tidemill/sequence_number.h"

namespace tidemill::kinesis {
namespace {

struct HashRange {
  HashKey first = 0;
  HashKey last = 0;
  const Shard* shard = nullptr;
};

// Both keys were checked when the shard was added.
HashRange rangeOf(const Shard& shard) {
  return {*parseHashKey(shard.startingHashKey), *parseHashKey(shard.endingHashKey), &shard};
}

bool startsBefore(const HashRange& a, const HashRange& b) {
  if (a.first != b.first) return a.first < b.first;
  return a.shard->shardId < b.shard->shardId;
}

bool isOlder(const Shard* a, const Shard* b) {
  const auto order = compareSequenceNumbers(a->startingSequenceNumber, b->startingSequenceNumber);
  if (order != 0) return order < 0;
  return a->shardId < b->shardId;
}

bool sameFacts(const Shard& a, const Shard& b) {
  return a.parentShardId == b.parentShardId && a.adjacentParentShardId == b.adjacentParentShardId &&
         a.startingHashKey == b.startingHashKey && a.endingHashKey == b.endingHashKey &&
         a.startingSequenceNumber == b.startingSequenceNumber &&
         (a.open() || b.open() || a.endingSequenceNumber == b.endingSequenceNumber);
}

tl::unexpected<Error> contradiction(const Shard& shard, std::string_view problem) {
  return fail(Code::kMalformedResponse, fmt::format("shard {} {}", shard.shardId, problem),
              "was the stream deleted and created again under the same name?");
}

// The first gap or overlap of sorted ranges between `first` and `last`, both inclusive.
std::optional<std::string> problemBetween(const std::vector<HashRange>& ranges, HashKey first, HashKey last) {
  HashKey next = first;
  bool full = false;
  for (const HashRange& range : ranges) {
    if (full || range.first < next) {
      return fmt::format("hash key {} belongs to shard {} and to another one", formatHashKey(range.first),
                         range.shard->shardId);
    }
    if (range.first > next) return fmt::format("hash key {} belongs to no shard", formatHashKey(next));
    full = range.last >= last;
    next = range.last + 1;  // Wraps to 0 only when it is full.
  }
  if (!full) return fmt::format("hash key {} belongs to no shard", formatHashKey(next));
  return std::nullopt;
}

}  // namespace

Result<ShardGraph> ShardGraph::build(const std::vector<Shard>& shards) {
  ShardGraph graph;
  Result<void> merged = graph.merge(shards);
  if (!merged) return fail(merged.error());
  return graph;
}

Result<void> ShardGraph::merge(const std::vector<Shard>& shards) {
  ShardGraph next = *this;
  for (const Shard& shard : shards) {
    Result<void> added = next.add(shard);
    if (!added) return added;
  }
  Result<void> acyclic = next.checkAcyclic();
  if (!acyclic) return acyclic;
  next.link();
  *this = std::move(next);
  return {};
}

Result<void> ShardGraph::add(const Shard& shard) {
  const auto first = parseHashKey(shard.startingHashKey);
  const auto last = parseHashKey(shard.endingHashKey);
  if (!first || !last || *first > *last) return contradiction(shard, "has a hash range that is none");
  const auto [place, added] = shards_.emplace(shard.shardId, shard);
  if (added) return {};
  if (!sameFacts(place->second, shard)) return contradiction(shard, "was listed with other facts before");
  if (place->second.open()) place->second.endingSequenceNumber = shard.endingSequenceNumber;
  return {};
}

Result<void> ShardGraph::checkAcyclic() const {
  // What ordered() cannot reach waits for itself.
  ShardGraph linked = *this;
  linked.link();
  const std::vector<const Shard*> order = linked.ordered();
  if (order.size() == shards_.size()) return {};
  std::vector<std::string> reached;
  for (const Shard* shard : order) reached.push_back(shard->shardId);
  std::sort(reached.begin(), reached.end());
  for (const auto& [id, shard] : shards_) {
    if (!std::binary_search(reached.begin(), reached.end(), id))
      return contradiction(shard, "descends from itself");
  }
  return {};
}

void ShardGraph::link() {
  children_.clear();
  for (const auto& [id, shard] : shards_) {
    for (const Shard* parent : parents(id)) children_[parent->shardId].push_back(id);
  }
}

const Shard* ShardGraph::find(std::string_view shardId) const {
  const auto found = shards_.find(shardId);
  return found == shards_.end() ? nullptr : &found->second;
}

std::vector<const Shard*> ShardGraph::parents(std::string_view shardId) const {
  std::vector<const Shard*> parents;
  const Shard* shard = find(shardId);
  if (shard == nullptr) return parents;
  if (const Shard* parent = find(shard->parentShardId)) parents.push_back(parent);
  const Shard* adjacent = find(shard->adjacentParentShardId);
  if (adjacent != nullptr && shard->adjacentParentShardId != shard->parentShardId)
    parents.push_back(adjacent);
  return parents;
}

std::vector<const Shard*> ShardGraph::children(std::string_view shardId) const {
  const auto found = children_.find(shardId);
  if (found == children_.end()) return {};
  std::vector<HashRange> ranges;
  for (const std::string& child : found->second) ranges.push_back(rangeOf(*find(child)));
  std::sort(ranges.begin(), ranges.end(), startsBefore);
  std::vector<const Shard*> children;
  for (const HashRange& range : ranges) children.push_back(range.shard);
  return children;
}

std::vector<const Shard*> ShardGraph::roots() const {
  std::vector<const Shard*> roots;
  for (const auto& [id, shard] : shards_) {
    if (parents(id).empty()) roots.push_back(&shard);
  }
  std::sort(roots.begin(), roots.end(), isOlder);
  return roots;
}

std::vector<const Shard*> ShardGraph::open() const {
  std::vector<const Shard*> open;
  for (const auto& [id, shard] : shards_) {
    if (shard.open()) open.push_back(&shard);
  }
  std::sort(open.begin(), open.end(), isOlder);
  return open;
}

std::vector<const Shard*> ShardGraph::ordered() const {
  const auto later = [](const Shard* a, const Shard* b) { return isOlder(b, a); };
  std::priority_queue<const Shard*, std::vector<const Shard*>, decltype(later)> free(later);
  std::map<std::string_view, std::size_t> waitsFor;
  for (const auto& [id, shard] : shards_) {
    waitsFor[id] = parents(id).size();
    if (waitsFor[id] == 0) free.push(&shard);
  }
  std::vector<const Shard*> order;
  while (!free.empty()) {
    const Shard* shard = free.top();
    free.pop();
    order.push_back(shard);
    for (const Shard* child : children(shard->shardId)) {
      if (--waitsFor[child->shardId] == 0) free.push(child);
    }
  }
  return order;
}

bool ShardGraph::childrenComplete(std::string_view shardId) const {
  const Shard* shard = find(shardId);
  if (shard == nullptr || shard->open()) return false;
  const HashRange whole = rangeOf(*shard);
  std::vector<HashRange> parts;
  for (const Shard* child : children(shardId)) {
    HashRange part = rangeOf(*child);
    part.first = std::max(part.first, whole.first);
    part.last = std::min(part.last, whole.last);
    if (part.first <= part.last) parts.push_back(part);
  }
  std::sort(parts.begin(), parts.end(), startsBefore);
  return !problemBetween(parts, whole.first, whole.last);
}

std::optional<std::string> ShardGraph::coverProblem() const {
  std::vector<HashRange> ranges;
  for (const auto& [id, shard] : shards_) {
    if (shard.open()) ranges.push_back(rangeOf(shard));
  }
  std::sort(ranges.begin(), ranges.end(), startsBefore);
  return problemBetween(ranges, 0, kHashKeyMax);
}

}  // namespace tidemill::kinesis
