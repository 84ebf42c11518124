#include "stream/checkpoint/program_match.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidemill::stream {
namespace {

const NodeShape* find(const ProgramShape& program, const std::string& uid) {
  const auto found = std::find_if(program.nodes.begin(), program.nodes.end(),
                                  [&](const NodeShape& node) { return node.uid == uid; });
  return found == program.nodes.end() ? nullptr : &*found;
}

}  // namespace

ProgramMatch matchPrograms(const ProgramShape& before, const ProgramShape& now) {
  ProgramMatch match;
  match.otherInterval = before.batchInterval != now.batchInterval;
  for (const NodeShape& node : before.nodes) {
    const NodeShape* const other = find(now, node.uid);
    if (other == nullptr) {
      match.gone.push_back(node.uid);
    } else if (*other != node) {
      match.changed.push_back(node.uid);
    }
  }
  for (const NodeShape& node : now.nodes) {
    if (find(before, node.uid) == nullptr) match.added.push_back(node.uid);
  }
  return match;
}

Result<void> checkState(const ProgramShape& before, const ProgramShape& now, const std::string& directory) {
  std::vector<std::string> reasons;
  for (const NodeShape& node : before.nodes) {
    if (node.typeTag.empty()) continue;
    const NodeShape* const other = find(now, node.uid);
    if (other == nullptr) {
      reasons.push_back(fmt::format("operator {} ({}) is gone", node.uid, node.kind));
    } else if (other->typeTag != node.typeTag) {
      reasons.push_back(fmt::format("operator {} keeps {} instead of {}", node.uid,
                                    other->typeTag.empty() ? "no state" : other->typeTag, node.typeTag));
    }
  }
  if (reasons.empty()) return {};
  return fail(Code::kInvalidConfig,
              fmt::format("checkpoint directory {} holds state that this program does not read: {}",
                          directory, fmt::join(reasons, "; ")),
              "give the operator with that state its old name by uid(), or begin a new checkpoint directory "
              "with empty state");
}

}  // namespace tidemill::stream
