#include "stream/state_group.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "tidemill/codec.h"
#include "tidemill/error.h"

namespace tidemill::stream {

bool StateGroup::isPosition() const {
  return std::all_of(members_.begin(), members_.end(), [](const auto* one) { return one->isPosition(); });
}

std::string StateGroup::typeTag() const {
  if (members_.size() == 1) return members_.front()->typeTag();
  std::string tag;
  for (detail::StatefulStream* const member : members_) {
    if (!tag.empty()) tag += ' ';
    tag += member->node().uid() + '=' + member->typeTag();
  }
  return tag;
}

// Of several: at first how many partitions each has.
std::optional<std::vector<std::string>> StateGroup::snapshot(Time time) {
  if (members_.size() == 1) return members_.front()->snapshot(time);
  std::vector<std::uint64_t> counts;
  std::vector<std::string> partitions(1);
  for (detail::StatefulStream* const member : members_) {
    auto one = member->snapshot(time);
    if (!one) return std::nullopt;
    counts.push_back(one->size());
    partitions.insert(partitions.end(), std::make_move_iterator(one->begin()),
                      std::make_move_iterator(one->end()));
  }
  partitions.front() = encoded(counts);
  return partitions;
}

void StateGroup::restore(Time time, const std::vector<std::string>& partitions) {
  if (members_.size() == 1) return members_.front()->restore(time, partitions);
  const auto counts = decoded<std::vector<std::uint64_t>>(partitions.empty() ? "" : partitions.front());
  if (!counts) throw counts.error().within("state of " + node().uid());
  if (counts->size() != members_.size() ||
      std::accumulate(counts->begin(), counts->end(), std::uint64_t{1}) != partitions.size()) {
    throw Error(Code::kDamagedBlock, "state of " + node().uid() + ": partitions are missing",
                "an older snapshot may be whole");
  }
  auto next = partitions.begin() + 1;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto end = next + static_cast<std::ptrdiff_t>((*counts)[i]);
    members_[i]->restore(time, {next, end});
    next = end;
  }
}

std::vector<std::unique_ptr<StateGroup>> stateGroupsOf(
    const std::vector<std::shared_ptr<detail::StreamNodeBase>>& nodes) {
  // By the id of each node: the group of the state that it is made of, as the id of its first member; -1: of
  // none. Groups that turn out to be one are joined.
  std::vector<int> groupOf(nodes.size(), -1);
  const auto join = [&groupOf](int one, int other) {
    for (int& group : groupOf) {
      if (group == std::max(one, other)) group = std::min(one, other);
    }
  };
  for (const auto& node : nodes) {
    const auto self = static_cast<std::size_t>(node->id());
    if (!node->retention().used) continue;
    for (const auto& parent : node->parents()) {
      const int above = groupOf[static_cast<std::size_t>(parent->id())];
      if (above == -1) continue;
      // Streams that meet are one group, also where nothing behind them has state.
      if (groupOf[self] == -1) groupOf[self] = above;
      join(groupOf[self], above);
    }
    if (groupOf[self] == -1 && node->stateful() != nullptr) groupOf[self] = node->id();
  }
  std::map<int, std::vector<detail::StatefulStream*>> members;
  for (const auto& node : nodes) {
    if (node->retention().used && node->stateful() != nullptr) {
      members[groupOf[static_cast<std::size_t>(node->id())]].push_back(node->stateful());
    }
  }
  std::vector<std::unique_ptr<StateGroup>> groups;
  for (auto& [first, of] : members) groups.push_back(std::make_unique<StateGroup>(std::move(of)));
  return groups;
}

}  // namespace tidemill::stream
