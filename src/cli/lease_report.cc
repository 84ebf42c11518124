#include "cli/lease_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/output.h"
#include "codec/json_writer.h"

namespace tidemill::cli {
namespace {

constexpr std::size_t kColumns = 7;
using Row = std::array<std::string, kColumns>;

std::string orDash(std::string text) {
  return text.empty() ? "-" : text;
}

std::string joined(const std::set<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ",") + id;
  return text;
}

// "4959…/3": the part behind the slash counts inside an aggregated record.
std::string checkpointText(const lease::Checkpoint& checkpoint) {
  if (checkpoint.subSequenceNumber() == 0) return checkpoint.text();
  return fmt::format("{}/{}", checkpoint.text(), checkpoint.subSequenceNumber());
}

double secondsOf(rt::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string ageText(const LeaseObservation& observation, const lease::Lease& lease) {
  if (lease.leaseOwner.empty()) return "-";
  if (observation.moved(lease.leaseKey)) return "alive";
  return fmt::format(">={:.1f}s", secondsOf(observation.unchangedFor(lease.leaseKey)));
}

std::string lagText(const LeaseReport& report, const lease::Lease& lease) {
  const auto found = report.lagMilliseconds.find(lease.leaseKey);
  return found == report.lagMilliseconds.end()
             ? "-"
             : fmt::format("{:.1f}s", static_cast<double>(found->second) / 1000);
}

std::string padded(const Row& row, const std::array<std::size_t, kColumns>& widths) {
  std::string line;
  for (std::size_t i = 0; i < kColumns; ++i) {
    line += row[i];
    if (i + 1 < kColumns) line.append(widths[i] - row[i].size() + 2, ' ');
  }
  return line;
}

void writeSet(codec::JsonWriter& to, std::string_view key, const std::set<std::string>& texts) {
  to.key(key);
  to.beginArray();
  for (const std::string& text : texts) to.text(text);
  to.endArray();
}

void writeText(codec::JsonWriter& to, std::string_view key, const std::string& text) {
  if (text.empty()) return;
  to.key(key);
  to.text(text);
}

void writeCheckpoints(codec::JsonWriter& to, const lease::Lease& lease) {
  to.key("checkpoint");
  to.text(lease.checkpoint.text());
  to.key("subSequenceNumber");
  to.integer(static_cast<std::int64_t>(lease.checkpoint.subSequenceNumber()));
  if (lease.pendingCheckpoint) {
    to.key("pendingCheckpoint");
    to.text(lease.pendingCheckpoint->text());
    to.key("pendingSubSequenceNumber");
    to.integer(static_cast<std::int64_t>(lease.pendingCheckpoint->subSequenceNumber()));
  }
  if (lease.startsAt) {
    to.key("startsAt");
    to.integer(lease.startsAt->time_since_epoch().count());
  }
}

void writeAge(codec::JsonWriter& to, const LeaseReport& report, const lease::Lease& lease) {
  if (!lease.leaseOwner.empty()) {
    using std::chrono::milliseconds;
    const bool alive = report.observation.moved(lease.leaseKey);
    to.key("alive");
    to.boolean(alive);
    to.key("unchangedMs");
    to.integer(
        std::chrono::duration_cast<milliseconds>(report.observation.unchangedFor(lease.leaseKey)).count());
  }
  const auto lag = report.lagMilliseconds.find(lease.leaseKey);
  if (lag == report.lagMilliseconds.end()) return;
  to.key("lagMs");
  to.integer(lag->second);
}

void writeLease(codec::JsonWriter& to, const LeaseReport& report, const lease::Lease& lease) {
  to.beginObject();
  to.key("key");
  to.text(lease.leaseKey);
  writeText(to, "owner", lease.leaseOwner);
  to.key("counter");
  to.integer(lease.leaseCounter);
  to.key("ownerSwitches");
  to.integer(lease.ownerSwitchesSinceCheckpoint);
  writeCheckpoints(to, lease);
  writeSet(to, "parents", lease.parentShardIds);
  writeSet(to, "children", lease.childShardIds);
  writeText(to, "startingHashKey", lease.startingHashKey);
  writeText(to, "endingHashKey", lease.endingHashKey);
  writeText(to, "incarnation", lease.incarnation);
  writeText(to, "wantedBy", lease.wantedBy);
  writeText(to, "checkpointOwner", lease.checkpointOwner);
  writeText(to, "entityType", lease.entityType);
  writeText(to, "streamName", lease.streamName);
  writeText(to, "shardId", lease.shardId);
  std::set<std::string> unknown;
  for (const auto& [name, value] : lease.unknownAttributes) unknown.insert(name);
  writeSet(to, "unknownAttributes", unknown);
  writeAge(to, report, lease);
  to.endObject();
}

}  // namespace

std::vector<std::string> leaseTable(const LeaseReport& report) {
  const lease::LeaseListing& listing = report.observation.listing();
  std::vector<Row> rows = {{"SHARD", "PARENTS", "OWNER", "COUNTER", "CHECKPOINT", "AGE", "LAG"}};
  for (const lease::Lease& lease : listing.leases) {
    rows.push_back({oneLine(lease.leaseKey), orDash(oneLine(joined(lease.parentShardIds))),
                    orDash(oneLine(lease.leaseOwner)), std::to_string(lease.leaseCounter),
                    checkpointText(lease.checkpoint), ageText(report.observation, lease),
                    lagText(report, lease)});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  lines.reserve(rows.size());
  for (const Row& row : rows) lines.push_back(padded(row, widths));
  for (const lease::UnreadableRow& row : listing.unreadable)
    lines.push_back(oneLine("unreadable: " + base::quoteIfNeeded(row.leaseKey) + ": " + row.reason));
  for (const std::string& key : listing.otherRows)
    lines.push_back(oneLine("no lease: " + base::quoteIfNeeded(key)));
  return lines;
}

std::string leaseDocument(const LeaseReport& report) {
  const lease::LeaseListing& listing = report.observation.listing();
  codec::JsonWriter to;
  to.beginObject();
  to.key("application");
  to.text(report.application);
  writeText(to, "stream", report.stream);
  to.key("leases");
  to.beginArray();
  for (const lease::Lease& lease : listing.leases) writeLease(to, report, lease);
  to.endArray();
  to.key("unreadable");
  to.beginArray();
  for (const lease::UnreadableRow& row : listing.unreadable) {
    to.beginObject();
    to.key("key");
    to.text(row.leaseKey);
    to.key("reason");
    to.text(row.reason);
    to.endObject();
  }
  to.endArray();
  writeSet(to, "otherRows", {listing.otherRows.begin(), listing.otherRows.end()});
  to.endObject();
  return to.take();
}

}  // namespace tidemill::cli
