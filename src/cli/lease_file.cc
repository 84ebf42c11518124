#include "cli/lease_file.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "codec/base64.h"
#include "codec/json_writer.h"
#include "dynamo/attribute_json.h"

namespace tidemill::cli {
namespace {

namespace json = boost::json;
using lease::Checkpoint;
using lease::Lease;

constexpr std::string_view kFormat = "tidemill-leases";
constexpr std::int64_t kVersion = 1;
constexpr char kHint[] = "give a file that `tidemill leases APP export` made, whole";

Error bad(const std::string& what) {
  return Error(Code::kInvalidConfig, what, kHint);
}

Result<json::object> parseObject(std::string_view line) {
  json::parse_options options;
  options.max_depth = dynamo::kJsonDepthMax;
  json::error_code error;
  json::value value = json::parse({line.data(), line.size()}, error, {}, options);
  if (error || !value.is_object()) return fail(bad("it is no object of JSON"));
  return std::move(value.get_object());
}

// Takes the members out one by one; the first that does not fit is remembered.
class Members {
 public:
  explicit Members(json::object object) : object_(std::move(object)) {}

  // Empty if it is not there.
  std::string text(std::string_view name) { return optionalText(name).value_or(std::string()); }
  std::optional<std::string> optionalText(std::string_view name) {
    const auto value = take(name);
    if (!value) return std::nullopt;
    if (value->is_string()) return std::string(value->get_string());
    return refuse<std::string>(name);
  }
  std::optional<std::int64_t> integer(std::string_view name) {
    const auto value = take(name);
    if (!value) return std::nullopt;
    if (value->is_int64()) return value->get_int64();
    return refuse<std::int64_t>(name);
  }
  std::set<std::string> texts(std::string_view name) {
    std::set<std::string> texts;
    const auto value = take(name);
    if (!value) return texts;
    if (!value->is_array()) refuse<int>(name);
    if (!value->is_array()) return texts;
    for (const json::value& element : value->get_array()) {
      if (!element.is_string()) refuse<int>(name);
      if (element.is_string()) texts.emplace(element.get_string());
    }
    return texts;
  }
  std::optional<Checkpoint> checkpoint(std::string_view name, std::string_view subName) {
    const auto position = optionalText(name);
    const std::int64_t sub = integer(subName).value_or(0);
    if (!position) return std::nullopt;
    auto checkpoint = Checkpoint::parse(*position, static_cast<std::uint64_t>(sub));
    return sub >= 0 && checkpoint ? checkpoint : refuse<Checkpoint>(name);
  }
  std::optional<std::string> bytes(std::string_view name) {
    const auto encoded = optionalText(name);
    if (!encoded) return std::nullopt;
    std::string decoded(codec::decodedBase64Max(encoded->size()), '\0');
    const auto size = codec::decodeBase64(*encoded, decoded.data());
    if (!size) return refuse<std::string>(name);
    decoded.resize(*size);
    return decoded;
  }
  std::optional<double> real(std::string_view name) {
    const auto text = optionalText(name);
    if (!text) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc() && end == text->data() + text->size()) return number;
    return refuse<double>(name);
  }
  std::map<std::string, std::string> attributes(std::string_view name) {
    std::map<std::string, std::string> texts;
    const auto value = take(name);
    if (!value) return texts;
    const auto item = dynamo::readItem(*value);
    if (!item) refuse<int>(name);
    if (!item) return texts;
    for (const auto& [attribute, content] : *item) {
      codec::JsonWriter writer;
      dynamo::writeValue(writer, content);
      texts.emplace(attribute, writer.take());
    }
    return texts;
  }

  // Success if everything fitted and nothing is left.
  Result<void> finish() const {
    if (!wrong_.empty()) return fail(bad("its member " + wrong_ + " is not as it should be"));
    if (!object_.empty())
      return fail(bad("its member " + base::quoteIfNeeded(std::string(object_.begin()->key())) +
                      " is not known here"));
    return {};
  }
  void demand(bool there, std::string_view name) {
    if (!there) refuse<int>(name);
  }

 private:
  std::optional<json::value> take(std::string_view name) {
    const auto found = object_.find({name.data(), name.size()});
    if (found == object_.end()) return std::nullopt;
    std::optional<json::value> value(std::move(found->value()));
    object_.erase(found);
    return value;
  }
  template <class T>
  std::optional<T> refuse(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
    return std::nullopt;
  }

  json::object object_;
  std::string wrong_;
};

class RowWriter {
 public:
  RowWriter() { to_.beginObject(); }

  void text(std::string_view name, const std::string& value) {
    if (value.empty()) return;
    to_.key(name);
    to_.text(value);
  }
  void integer(std::string_view name, std::int64_t value) {
    to_.key(name);
    to_.integer(value);
  }
  void texts(std::string_view name, const std::set<std::string>& values) {
    if (values.empty()) return;
    to_.key(name);
    to_.beginArray();
    for (const std::string& value : values) to_.text(value);
    to_.endArray();
  }
  void checkpoint(std::string_view name, std::string_view subName, const Checkpoint& checkpoint) {
    text(name, checkpoint.text());
    integer(subName, static_cast<std::int64_t>(checkpoint.subSequenceNumber()));
  }
  codec::JsonWriter& raw(std::string_view name) {
    to_.key(name);
    return to_;
  }
  std::string take() {
    to_.endObject();
    return to_.take();
  }

 private:
  codec::JsonWriter to_;
};

Result<dynamo::Item> itemOf(const std::map<std::string, std::string>& attributes) {
  std::string text = "{";
  for (const auto& [name, value] : attributes) {
    codec::JsonWriter key;
    key.text(name);
    text += (text.size() > 1 ? "," : "") + key.take() + ":" + value;
  }
  return dynamo::parseItem(text + "}");
}

}  // namespace

std::string writeHead(const LeaseFileHead& head) {
  RowWriter writer;
  writer.text("format", std::string(kFormat));
  writer.integer("version", kVersion);
  writer.text("application", head.application);
  writer.text("stream", head.stream);
  writer.integer("leases", head.leases);
  return writer.take();
}

Result<LeaseFileHead> readHead(std::string_view line) {
  auto object = parseObject(line);
  if (!object) return fail(object.error());
  Members members(std::move(*object));
  if (members.text("format") != kFormat) return fail(bad("it is no export of leases"));
  if (const auto version = members.integer("version"); version != kVersion) {
    return fail(bad(fmt::format("it is an export of version {}, and this program knows version {}",
                                version.value_or(0), kVersion)));
  }
  LeaseFileHead head;
  head.application = members.text("application");
  head.stream = members.text("stream");
  const auto leases = members.integer("leases");
  members.demand(leases && *leases >= 0, "leases");
  head.leases = leases.value_or(0);
  auto finished = members.finish();
  if (!finished) return fail(finished.error());
  return head;
}

Result<std::string> writeRow(const Lease& lease) {
  RowWriter writer;
  writer.text("leaseKey", lease.leaseKey);
  writer.text("leaseOwner", lease.leaseOwner);
  writer.integer("leaseCounter", lease.leaseCounter);
  writer.integer("ownerSwitchesSinceCheckpoint", lease.ownerSwitchesSinceCheckpoint);
  writer.checkpoint("checkpoint", "checkpointSubSequenceNumber", lease.checkpoint);
  if (lease.pendingCheckpoint) {
    writer.checkpoint("pendingCheckpoint", "pendingCheckpointSubSequenceNumber", *lease.pendingCheckpoint);
  }
  if (lease.pendingCheckpointState) writer.raw("pendingCheckpointState").blob(*lease.pendingCheckpointState);
  writer.texts("parentShardId", lease.parentShardIds);
  writer.texts("childShardIds", lease.childShardIds);
  writer.text("startingHashKey", lease.startingHashKey);
  writer.text("endingHashKey", lease.endingHashKey);
  if (lease.startsAt) writer.integer("startsAt", lease.startsAt->time_since_epoch().count());
  writer.text("incarnation", lease.incarnation);
  writer.text("wantedBy", lease.wantedBy);
  writer.text("checkpointOwner", lease.checkpointOwner);
  // Text with all its digits: the writer has whole numbers only.
  if (lease.throughputKBps) writer.text("throughputKBps", fmt::format("{}", *lease.throughputKBps));
  writer.text("entityType", lease.entityType);
  writer.text("streamName", lease.streamName);
  writer.text("shardId", lease.shardId);
  if (!lease.unknownAttributes.empty()) {
    const auto item = itemOf(lease.unknownAttributes);
    if (!item) return fail(item.error());
    dynamo::writeItem(writer.raw("unknownAttributes"), *item);
  }
  std::string line = writer.take();
  // Text that is not UTF-8 would be changed by JSON.
  const auto back = readRow(line);
  if (back && *back == lease) return line;
  return fail(Code::kInvalidConfig,
              fmt::format("lease {} cannot be exported: it would not come back as it is",
                          base::quoteIfNeeded(lease.leaseKey)),
              "an attribute of the row holds bytes that are not UTF-8");
}

Result<Lease> readRow(std::string_view line) {
  auto object = parseObject(line);
  if (!object) return fail(object.error());
  Members members(std::move(*object));
  Lease lease;
  lease.leaseKey = members.text("leaseKey");
  members.demand(!lease.leaseKey.empty(), "leaseKey");
  lease.leaseOwner = members.text("leaseOwner");
  const auto counter = members.integer("leaseCounter");
  members.demand(counter.has_value(), "leaseCounter");
  lease.leaseCounter = counter.value_or(0);
  lease.ownerSwitchesSinceCheckpoint = members.integer("ownerSwitchesSinceCheckpoint").value_or(0);
  const auto checkpoint = members.checkpoint("checkpoint", "checkpointSubSequenceNumber");
  members.demand(checkpoint.has_value(), "checkpoint");
  lease.checkpoint = checkpoint.value_or(Checkpoint());
  lease.pendingCheckpoint = members.checkpoint("pendingCheckpoint", "pendingCheckpointSubSequenceNumber");
  lease.pendingCheckpointState = members.bytes("pendingCheckpointState");
  lease.parentShardIds = members.texts("parentShardId");
  lease.childShardIds = members.texts("childShardIds");
  lease.startingHashKey = members.text("startingHashKey");
  lease.endingHashKey = members.text("endingHashKey");
  if (const auto startsAt = members.integer("startsAt"))
    lease.startsAt = rt::WallTime(std::chrono::milliseconds(*startsAt));
  lease.incarnation = members.text("incarnation");
  lease.wantedBy = members.text("wantedBy");
  lease.checkpointOwner = members.text("checkpointOwner");
  lease.throughputKBps = members.real("throughputKBps");
  lease.entityType = members.text("entityType");
  lease.streamName = members.text("streamName");
  lease.shardId = members.text("shardId");
  lease.unknownAttributes = members.attributes("unknownAttributes");
  auto finished = members.finish();
  if (!finished) return fail(finished.error());
  return lease;
}

std::vector<std::string> beyondSqlite(const Lease& lease) {
  std::vector<std::string> names;
  if (!lease.checkpointOwner.empty()) names.emplace_back("checkpointOwner");
  if (lease.throughputKBps) names.emplace_back("throughputKBps");
  if (!lease.entityType.empty()) names.emplace_back("entityType");
  if (!lease.streamName.empty()) names.emplace_back("streamName");
  if (!lease.shardId.empty()) names.emplace_back("shardId");
  for (const auto& [name, value] : lease.unknownAttributes) names.push_back(name);
  return names;
}

ImportPlan importPlan(const std::vector<Lease>& rows, const std::vector<Lease>& there) {
  std::map<std::string, const Lease*> byKey;
  for (const Lease& lease : there) byKey.emplace(lease.leaseKey, &lease);
  ImportPlan plan;
  for (const Lease& row : rows) {
    const auto found = byKey.find(row.leaseKey);
    if (found == byKey.end()) {
      plan.create.push_back(row);
    } else {
      (*found->second == row ? plan.equal : plan.different).push_back(row.leaseKey);
    }
  }
  return plan;
}

}  // namespace tidemill::cli
