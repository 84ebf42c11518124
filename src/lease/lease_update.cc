#include "lease/lease_update.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/check.h"
#include "lease/lease_row.h"

namespace tidemill::lease {
namespace {

using dynamo::AttributeValue;
using dynamo::UpdateItemRequest;

// Puts an expression together. Every attribute goes by a placeholder ("#leaseOwner"), since DynamoDB keeps
// hundreds of words for itself; values are numbered in the order of their use.
class UpdateBuilder {
 public:
  UpdateBuilder(const std::string& table, const std::string& leaseKey) {
    request_.table = table;
    request_.key = leaseKeyItem(leaseKey);
    request_.returnNew = true;
  }

  void set(std::string_view name, AttributeValue value) {
    sets_ += fmt::format("{}{} = {}", sets_.empty() ? "" : ", ", nameOf(name), valueOf(std::move(value)));
  }
  void remove(std::string_view name) {
    removes_ += fmt::format("{}{}", removes_.empty() ? "" : ", ", nameOf(name));
  }
  // An empty text is none: DynamoDB and KCL refuse it.
  void setOrRemove(std::string_view name, const std::string& text) {
    if (text.empty()) return remove(name);
    set(name, AttributeValue::string(text));
  }

  void requireEqual(std::string_view name, AttributeValue value) {
    require(fmt::format("{} = {}", nameOf(name), valueOf(std::move(value))));
  }
  void requireOther(std::string_view name, AttributeValue value) {
    require(fmt::format("{} <> {}", nameOf(name), valueOf(std::move(value))));
  }
  void requireThere(std::string_view name) { require(fmt::format("attribute_exists({})", nameOf(name))); }
  void requireAbsent(std::string_view name) {
    require(fmt::format("attribute_not_exists({})", nameOf(name)));
  }

  UpdateItemRequest take() {
    if (!sets_.empty()) request_.update = "SET " + sets_;
    if (!removes_.empty()) request_.update += (sets_.empty() ? "REMOVE " : " REMOVE ") + removes_;
    return std::move(request_);
  }

 private:
  std::string nameOf(std::string_view name) {
    std::string placeholder = fmt::format("#{}", name);
    request_.bindings.names.emplace(placeholder, name);
    return placeholder;
  }
  std::string valueOf(AttributeValue value) {
    std::string placeholder = fmt::format(":v{}", request_.bindings.values.size());
    request_.bindings.values.emplace(placeholder, std::move(value));
    return placeholder;
  }
  void require(std::string_view term) {
    request_.condition += fmt::format("{}{}", request_.condition.empty() ? "" : " AND ", term);
  }

  UpdateItemRequest request_;
  std::string sets_;
  std::string removes_;
};

AttributeValue subNumber(const Checkpoint& checkpoint) {
  return AttributeValue::number(static_cast<std::int64_t>(checkpoint.subSequenceNumber()));
}

void moveCheckpoint(UpdateBuilder& update, const Lease& after) {
  update.set(attribute::kCheckpoint, AttributeValue::string(after.checkpoint.text()));
  update.set(attribute::kCheckpointSub, subNumber(after.checkpoint));
  update.set(attribute::kOwnerSwitches, AttributeValue::number(after.ownerSwitchesSinceCheckpoint));
  update.remove(attribute::kPending);
  update.remove(attribute::kPendingSub);
  update.remove(attribute::kPendingState);
}

void prepareCheckpoint(UpdateBuilder& update, const Lease& after) {
  TIDEMILL_CHECK(after.pendingCheckpoint.has_value());
  update.set(attribute::kPending, AttributeValue::string(after.pendingCheckpoint->text()));
  update.set(attribute::kPendingSub, subNumber(*after.pendingCheckpoint));
  if (after.pendingCheckpointState) {
    update.set(attribute::kPendingState, AttributeValue::binary(*after.pendingCheckpointState));
  } else {
    update.remove(attribute::kPendingState);
  }
}

void note(UpdateBuilder& update, const StreamNote& note) {
  if (!note.stream.empty()) update.set(attribute::kStream, AttributeValue::string(note.stream));
  if (!note.created) return;
  update.set(attribute::kStreamCreated, AttributeValue::number(note.created->time_since_epoch().count()));
}

void changeOwner(UpdateBuilder& update, const LeaseWrite& write) {
  update.setOrRemove(attribute::kLeaseOwner, write.after.leaseOwner);
  if (write.after.leaseOwner != write.before.leaseOwner) update.remove(attribute::kWantedBy);
}

void switchOwner(UpdateBuilder& update, const LeaseWrite& write) {
  changeOwner(update, write);
  update.set(attribute::kOwnerSwitches, AttributeValue::number(write.after.ownerSwitchesSinceCheckpoint));
}

void applyKind(UpdateBuilder& update, const LeaseWrite& write, const StreamNote& stream) {
  using Kind = LeaseWrite::Kind;
  switch (write.kind) {
    case Kind::kRenew:
      return;
    case Kind::kTake:
      switchOwner(update, write);
      update.setOrRemove(attribute::kIncarnation, write.after.incarnation);
      // Even if none was seen: a handoff begins without touching the counter.
      update.remove(attribute::kCheckpointOwner);
      return note(update, stream);
    case Kind::kRelease:
      return changeOwner(update, write);
    case Kind::kHandOver:
      return switchOwner(update, write);
    case Kind::kCheckpoint:
      return moveCheckpoint(update, write.after);
    case Kind::kPrepare:
      return prepareCheckpoint(update, write.after);
    case Kind::kRewind:
      moveCheckpoint(update, write.after);
      changeOwner(update, write);
      return update.remove(attribute::kCheckpointOwner);
  }
}

}  // namespace

UpdateItemRequest updateFor(const std::string& table, const LeaseWrite& write, const StreamNote& note) {
  using Kind = LeaseWrite::Kind;
  UpdateBuilder update(table, write.before.leaseKey);
  update.set(attribute::kLeaseCounter, AttributeValue::number(write.after.leaseCounter));
  applyKind(update, write, note);
  if (write.ignoreCounter) {
    update.requireThere(attribute::kLeaseKey);
  } else {
    update.requireEqual(attribute::kLeaseCounter, AttributeValue::number(write.before.leaseCounter));
  }
  const bool moves = write.kind == Kind::kCheckpoint || write.kind == Kind::kPrepare;
  if (moves && !write.after.checkpoint.isShardEnd()) {
    update.requireOther(attribute::kCheckpoint, AttributeValue::string(Checkpoint::shardEnd().text()));
  }
  return update.take();
}

UpdateItemRequest childrenUpdate(const std::string& table, const std::string& leaseKey,
                                 const std::set<std::string>& children) {
  UpdateBuilder update(table, leaseKey);
  if (children.empty()) {
    update.remove(attribute::kChildren);
  } else {
    update.set(attribute::kChildren, AttributeValue::stringSet(children));
  }
  update.requireThere(attribute::kLeaseKey);
  return update.take();
}

UpdateItemRequest hashRangeUpdate(const std::string& table, const std::string& leaseKey,
                                  const std::string& starting, const std::string& ending) {
  UpdateBuilder update(table, leaseKey);
  update.setOrRemove(attribute::kStartingHash, starting);
  update.setOrRemove(attribute::kEndingHash, ending);
  update.requireThere(attribute::kLeaseKey);
  return update.take();
}

UpdateItemRequest askUpdate(const std::string& table, const Lease& seen, const std::string& by) {
  UpdateBuilder update(table, seen.leaseKey);
  update.setOrRemove(attribute::kWantedBy, by);
  if (seen.leaseOwner.empty()) {
    update.requireThere(attribute::kLeaseKey);
    update.requireAbsent(attribute::kLeaseOwner);
  } else {
    update.requireEqual(attribute::kLeaseOwner, AttributeValue::string(seen.leaseOwner));
  }
  return update.take();
}

UpdateItemRequest noteUpdate(const std::string& table, const std::string& leaseKey,
                             const StreamNote& stream) {
  TIDEMILL_CHECK(stream.created.has_value());
  UpdateBuilder update(table, leaseKey);
  note(update, stream);
  update.requireThere(attribute::kLeaseKey);
  update.requireAbsent(attribute::kStreamCreated);
  return update.take();
}

dynamo::DeleteItemRequest deleteFor(const std::string& table, const Lease& seen) {
  dynamo::DeleteItemRequest request;
  request.table = table;
  request.key = leaseKeyItem(seen.leaseKey);
  request.condition = "attribute_not_exists(#k) OR (#n = :n AND #c = :end)";
  request.bindings.names = {{"#k", std::string(attribute::kLeaseKey)},
                            {"#n", std::string(attribute::kLeaseCounter)},
                            {"#c", std::string(attribute::kCheckpoint)}};
  request.bindings.values.emplace(":n", AttributeValue::number(seen.leaseCounter));
  request.bindings.values.emplace(":end", AttributeValue::string(Checkpoint::shardEnd().text()));
  return request;
}

}  // namespace tidemill::lease
