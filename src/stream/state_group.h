// stream/state_group.h: operators with state of which one is made of another.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidemill/stream_node.h"

namespace tidemill::stream {

// Their snapshots are one: a state that is made of another needs that one of the same time, or it would miss
// what lies between. Goes by the name of the member that comes first in the program.
class StateGroup final : public detail::StatefulStream {
 public:
  // At least one; they outlive this object.
  explicit StateGroup(std::vector<detail::StatefulStream*> members) : members_(std::move(members)) {}

  const std::vector<detail::StatefulStream*>& members() const { return members_; }

  detail::StreamNodeBase& node() override { return members_.front()->node(); }
  bool isPosition() const override;
  std::string typeTag() const override;
  // Nothing where one of them has no state of that time.
  std::optional<std::vector<std::string>> snapshot(Time time) override;
  void restore(Time time, const std::vector<std::string>& partitions) override;

 private:
  const std::vector<detail::StatefulStream*> members_;
};

// Every operator with state of `nodes`, in groups.
std::vector<std::unique_ptr<StateGroup>> stateGroupsOf(
    const std::vector<std::shared_ptr<detail::StreamNodeBase>>& nodes);

}  // namespace tidemill::stream
