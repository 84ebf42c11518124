// codec/test_pages.h: answers of GetRecords for tests: golden files, and pages made from a description.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codec/cbor_writer.h"
#include "codec/json_writer.h"
#include "codec/records_page.h"

namespace tidemill::codec {

inline std::string readGolden(const std::string& name) {
  std::ifstream file(std::string(TIDEMILL_SOURCE_DIR) + "/tests/golden/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no golden file " + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The bytes of a .hex file: two digits each, '#' starts a comment.
inline std::string readGoldenHex(const std::string& name) {
  std::istringstream lines(readGolden(name));
  std::string bytes;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream digits(line.substr(0, line.find('#')));
    for (std::string pair; digits >> pair;) bytes += static_cast<char>(std::stoi(pair, nullptr, 16));
  }
  return bytes;
}

struct RecordPlan {
  std::string sequenceNumber;
  std::int64_t milliseconds = 0;
  std::string data;
  std::string partitionKey;
};

struct PagePlan {
  std::vector<RecordPlan> records;
  std::optional<std::string> nextShardIterator;
  std::int64_t millisBehindLatest = 0;
  std::vector<ChildShard> childShards{};
};

inline void writeChildren(CborWriter& w, const std::vector<ChildShard>& children) {
  w.beginArray();
  for (const ChildShard& child : children) {
    w.beginMap();
    w.text("ShardId");
    w.text(child.shardId);
    w.text("ParentShards");
    w.beginArray();
    for (const std::string& parent : child.parentShards) w.text(parent);
    w.end();
    w.end();
  }
  w.end();
}

inline std::string writeCbor(const PagePlan& plan) {
  CborWriter w;
  w.beginMap();
  w.text("Records");
  w.beginArray();
  for (const RecordPlan& record : plan.records) {
    w.beginMap();
    w.text("SequenceNumber");
    w.text(record.sequenceNumber);
    w.text("ApproximateArrivalTimestamp");
    w.timestamp(record.milliseconds);
    w.text("Data");
    w.bytes(record.data);
    w.text("PartitionKey");
    w.text(record.partitionKey);
    w.end();
  }
  w.end();
  if (plan.nextShardIterator) {
    w.text("NextShardIterator");
    w.text(*plan.nextShardIterator);
  }
  w.text("MillisBehindLatest");
  w.integer(plan.millisBehindLatest);
  if (!plan.childShards.empty()) {
    w.text("ChildShards");
    writeChildren(w, plan.childShards);
  }
  w.end();
  return w.take();
}

inline void writeChildren(JsonWriter& w, const std::vector<ChildShard>& children) {
  w.beginArray();
  for (const ChildShard& child : children) {
    w.beginObject();
    w.key("ShardId");
    w.text(child.shardId);
    w.key("ParentShards");
    w.beginArray();
    for (const std::string& parent : child.parentShards) w.text(parent);
    w.endArray();
    w.endObject();
  }
  w.endArray();
}

inline std::string writeJson(const PagePlan& plan) {
  JsonWriter w;
  w.beginObject();
  w.key("Records");
  w.beginArray();
  for (const RecordPlan& record : plan.records) {
    w.beginObject();
    w.key("SequenceNumber");
    w.text(record.sequenceNumber);
    w.key("ApproximateArrivalTimestamp");
    w.timestamp(record.milliseconds);
    w.key("Data");
    w.blob(record.data);
    w.key("PartitionKey");
    w.text(record.partitionKey);
    w.endObject();
  }
  w.endArray();
  if (plan.nextShardIterator) {
    w.key("NextShardIterator");
    w.text(*plan.nextShardIterator);
  }
  w.key("MillisBehindLatest");
  w.integer(plan.millisBehindLatest);
  if (!plan.childShards.empty()) {
    w.key("ChildShards");
    writeChildren(w, plan.childShards);
  }
  w.endObject();
  return w.take();
}

}  // namespace tidemill::codec
