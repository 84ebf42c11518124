#include "stream/short_windows.h"

#include <algorithm>
#include <optional>

namespace tidemill::stream {

std::vector<ShortWindow> shortWindows(const Graph& graph, const std::map<std::string, Time>& restored,
                                      Time first) {
  // Of each operator that is made of restored state: the state, and from when on what it gives is whole.
  struct Whole {
    const detail::StreamNodeBase* state = nullptr;
    Time from = Time::min();
  };
  std::vector<Whole> wholes(graph.nodes.size());
  for (const auto& group : graph.states) {
    const auto found = restored.find(group->node().uid());
    if (found == restored.end()) continue;
    for (detail::StatefulStream* const member : group->members()) {
      const detail::StreamNodeBase& node = member->node();
      if (member->isPosition()) continue;  // What has been read is read again.
      // What a function gave in the batch of the restored state is not kept with it.
      const bool givesMore = node.kind() == "mapWithState";
      wholes[static_cast<std::size_t>(node.id())] = {
          &node, givesMore ? found->second + node.slide() : found->second};
    }
  }
  std::vector<ShortWindow> windows;
  for (const auto& node : graph.nodes) {
    Whole& own = wholes[static_cast<std::size_t>(node->id())];
    if (!node->retention().used || own.state != nullptr) continue;
    bool looksBack = false;
    for (const auto& parent : node->parents()) {
      const Whole& above = wholes[static_cast<std::size_t>(parent->id())];
      if (above.state == nullptr) continue;
      const Duration back = node->parentReach() - parent->slide();
      looksBack = looksBack || back > Duration(0);
      if (own.state == nullptr || above.from + back > own.from) own = {above.state, above.from + back};
    }
    if (looksBack && own.from > first) windows.push_back({node->uid(), own.state->uid(), own.from});
  }
  return windows;
}

}  // namespace tidemill::stream
