// kinesis/shard_graph.h: the shards of a stream with their parents and children, as a value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinesis/kinesis_api.h"
#include "tidemill/result.h"

namespace tidemill::kinesis {

// Built from listings; no I/O. A split makes two children of one parent, a merge one child of two. A parent
// that is not listed was trimmed (its records are past retention) and does not count. Listings may come in
// any order, and stale ones may come late: what was learned once is never unlearned.
//
//   auto graph = ShardGraph::build(shards);
//   for (const Shard* shard : graph->ordered()) …   // Parents before children.
class ShardGraph {
 public:
  ShardGraph() = default;

  // kMalformedResponse, which names the shard: a shard listed twice with different facts, a cycle of parents,
  // a hash range that is none.
  static Result<ShardGraph> build(const std::vector<Shard>& shards);

  // Adds what `shards` knows more. Shards that it lacks stay; a closed shard never opens again.
  // kMalformedResponse if it contradicts what is known (another stream of the same name?); the graph is then
  // unchanged.
  Result<void> merge(const std::vector<Shard>& shards);

  std::size_t size() const { return shards_.size(); }
  // Null if it is not listed. Pointers live until the next merge.
  const Shard* find(std::string_view shardId) const;
  // The listed parents: none, one, or two after a merge of shards; ParentShardId first.
  std::vector<const Shard*> parents(std::string_view shardId) const;
  // By starting hash key.
  std::vector<const Shard*> children(std::string_view shardId) const;
  // Shards without a listed parent: where reading from TRIM_HORIZON starts.
  std::vector<const Shard*> roots() const;
  // Shards that take new records: where reading from LATEST starts.
  std::vector<const Shard*> open() const;
  // All, each after its parents; among those free to come next, by starting sequence number, then by id.
  std::vector<const Shard*> ordered() const;
  // True if the shard is closed and its children together own its whole hash range: all that will follow it
  // is known. A child whose parents were merged counts with the part that lies in this shard.
  bool childrenComplete(std::string_view shardId) const;

  // Nothing if the open shards own each hash key exactly once; else the first gap or overlap in words. A
  // listing read during a resharding may have one: ask again.
  std::optional<std::string> coverProblem() const;

 private:
  Result<void> add(const Shard& shard);
  Result<void> checkAcyclic() const;
  void link();

  std::map<std::string, Shard, std::less<>> shards_;
  std::map<std::string, std::vector<std::string>, std::less<>> children_;
};

}  // namespace tidemill::kinesis
