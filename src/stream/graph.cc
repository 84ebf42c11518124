#include "stream/graph.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemill::stream {

using detail::StreamNodeBase;

Result<void> Graph::validate(bool hasCheckpointDirectory) const {
  if (outputs.empty()) {
    return fail(Code::kUsage, "no output operation is registered, so nothing would be computed",
                "add foreachRDD() or print() before start()");
  }
  for (const auto& node : nodes) {
    const Duration interval = node->checkpointInterval();
    if (interval == Duration(0)) continue;
    if (interval >= node->slide() && interval % node->slide() == Duration(0)) continue;
    return fail(Code::kInvalidConfig,
                fmt::format("stream {}: a checkpoint interval of {} ms with a slide of {} ms", node->uid(),
                            interval.count(), node->slide().count()),
                "give a multiple of the slide, not less than it");
  }
  for (const auto& node : nodes) {
    if (!hasCheckpointDirectory || !node->retention().used || node->survivesRestart()) continue;
    return fail(Code::kUsage,
                fmt::format("stream {} cannot be read again after a restart, so it cannot be used with a "
                            "checkpoint directory",
                            node->uid()),
                "leave the directory out, or read another input: queues are for tests");
  }
  for (detail::StatefulStream* const state : stateful()) {
    if (hasCheckpointDirectory) break;
    if (state->isPosition()) continue;
    return fail(
        Code::kUsage,
        fmt::format("stream {} keeps state, and there is no checkpoint directory", state->node().uid()),
        "name one: without it the state is lost with the process");
  }
  return {};
}

void Graph::plan(Duration interval) {
  std::vector<StreamNodeBase::Retention> plans(nodes.size());
  const auto at = [&](const StreamNodeBase& node) -> StreamNodeBase::Retention& {
    return plans[static_cast<std::size_t>(node.id())];
  };
  for (const OutputOperation& output : outputs) at(*output.of).used = true;
  for (auto it = nodes.rbegin(); it != nodes.rend(); ++it) {  // Children before their parents.
    StreamNodeBase& node = **it;
    StreamNodeBase::Retention& plan = at(node);
    // What children and the operator itself look back at.
    const Duration slide = node.slide();
    const Duration live = std::max({plan.live, slide, slide + node.ownNeed()});
    plan.reach = std::max(plan.reach, slide);
    plan.kept = plan.used && node.worthKeeping() && live > slide;
    for (const auto& parent : node.parents()) {
      StreamNodeBase::Retention& above = at(*parent);
      above.used = above.used || plan.used;
      above.reach = std::max(above.reach, plan.reach - slide + node.parentReach());
      const Duration asked = plan.kept ? slide : live;
      above.live = std::max(above.live, asked - slide + node.parentReach());
    }
    plan.live = std::max(live > slide ? live : interval, remember);
    plan.reach = std::max(plan.reach, remember);
    node.setRetention(plan);
  }
  states = stateGroupsOf(nodes);
}

std::vector<OperatorShape> Graph::shape() const {
  std::vector<OperatorShape> shapes;
  for (const auto& node : nodes) {
    if (!node->retention().used) continue;
    OperatorShape shape;
    shape.uid = node->uid();
    shape.kind = node->kind();
    for (const auto& parent : node->parents()) shape.parents.push_back(parent->uid());
    shape.slide = node->slide();
    shape.parameters = node->parameters();
    if (const auto* const state = node->stateful()) shape.typeTag = state->typeTag();
    shape.uidGiven = node->hasGivenUid();
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

std::vector<detail::StatefulStream*> Graph::stateful() const {
  std::vector<detail::StatefulStream*> found;
  for (const auto& group : states) found.push_back(group.get());
  return found;
}

bool Graph::looksBack() const {
  return std::any_of(nodes.begin(), nodes.end(), [](const auto& node) {
    return node->retention().used &&
           (node->runsEachBatch() || node->retention().kept || node->parentReach() > node->slide() ||
            node->slide() > node->place().interval);
  });
}

Duration Graph::rememberDuration() const {
  Duration longest = remember;
  for (const auto& node : nodes) {
    if (node->retention().used) longest = std::max(longest, node->retention().reach);
  }
  return longest;
}

Duration Graph::blocksDuration() const {
  return remember;
}

Time Graph::historyAfter(Time completed, const std::map<std::string, Time>& snapshots,
                         Time sinceStart) const {
  // Of each operator: RDDs after this time may be asked for.
  std::vector<Time> after(nodes.size(), completed);
  for (const auto& group : states) {
    const auto snapshot = snapshots.find(group->node().uid());
    for (detail::StatefulStream* const member : group->members()) {
      after[static_cast<std::size_t>(member->node().id())] =
          snapshot == snapshots.end() ? sinceStart : snapshot->second;
    }
  }
  Time earliest = completed;
  for (auto it = nodes.rbegin(); it != nodes.rend(); ++it) {
    StreamNodeBase& node = **it;
    if (!node.retention().used) continue;
    const Time own = after[static_cast<std::size_t>(node.id())];
    earliest = std::min(earliest, own);
    const Time next = own - own.time_since_epoch() % node.slide() + node.slide();
    for (const auto& parent : node.parents()) {
      Time& above = after[static_cast<std::size_t>(parent->id())];
      // A state goes on from its snapshot; what an input has read does not show what was in its batches.
      const detail::StatefulStream* const stateful = parent->stateful();
      if (stateful != nullptr && !stateful->isPosition()) continue;
      above = std::min(above, next - node.parentReach());
    }
  }
  return std::min(earliest, completed - remember);
}

// What was made of a batch that was renewed, at its time or later, holds the blocks that it had before.
void Graph::beginTry(Time time, const std::vector<Time>& renewed) const {
  const auto first = std::min_element(renewed.begin(), renewed.end());
  for (const auto& node : nodes) {
    node->forget(time, true);
    for (Time other = first == renewed.end() ? time : *first; other < time; other += node->place().interval)
      node->forget(other, false);
    node->forgetUpTo(time - node->retention().live);
  }
}

void Graph::settle(detail::BatchContext& batch) const {
  for (const auto& node : nodes) {
    const StreamNodeBase::Retention& plan = node->retention();
    if (!plan.kept) continue;
    // Times before this batch are there after a restart only; then they are computed in their order.
    for (const auto& [time, input] : batch.batches) {
      if (time > batch.info.time - plan.live) node->settle(batch, time);
    }
  }
}

void Graph::endTry(Time time) const {
  for (const auto& node : nodes) {
    const StreamNodeBase::Retention& plan = node->retention();
    if (!plan.kept && node->remakes()) node->forgetUpTo(time + node->place().interval - plan.live);
  }
}

}  // namespace tidemill::stream
