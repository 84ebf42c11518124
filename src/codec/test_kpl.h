// codec/test_kpl.h: makes aggregated records for tests, right ones and wrong ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/digest.h"
#include "codec/records_page.h"

namespace tidemill::codec {

inline std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7f) | 0x80);
  return bytes + static_cast<char>(number);
}

// Fields of a protobuf message.
inline std::string numberField(std::uint32_t field, std::uint64_t number) {
  return varint(std::uint64_t{field} << 3) + varint(number);
}
inline std::string bytesField(std::uint32_t field, std::string_view bytes) {
  return varint(std::uint64_t{field} << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

// The record around a protobuf message: magic bytes in front, MD5 behind.
inline std::string kplFrame(std::string_view message) {
  const Md5 digest = md5(message);
  return "\xf3\x89\x9a\xc2" + std::string(message) +
         std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

struct PartPlan {
  std::string partitionKey;
  std::string data;
  std::optional<std::string> explicitHashKey = std::nullopt;
};

inline std::string partMessage(std::uint64_t partitionKey, std::optional<std::uint64_t> hashKey,
                               std::string_view data) {
  std::string message = numberField(1, partitionKey);
  if (hashKey) message += numberField(2, *hashKey);
  return message + bytesField(3, data);
}

// The index of `text` in `table`, where it is put if it is missing.
inline std::uint64_t indexIn(std::vector<std::string>& table, const std::string& text) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i] == text) return i;
  }
  table.push_back(text);
  return table.size() - 1;
}

inline std::string kplMessage(const std::vector<PartPlan>& parts) {
  std::vector<std::string> partitionKeys;
  std::vector<std::string> hashKeys;
  std::string records;
  for (const PartPlan& part : parts) {
    std::optional<std::uint64_t> hashKey;
    if (part.explicitHashKey) hashKey = indexIn(hashKeys, *part.explicitHashKey);
    records += bytesField(3, partMessage(indexIn(partitionKeys, part.partitionKey), hashKey, part.data));
  }
  std::string message;
  for (const std::string& key : partitionKeys) message += bytesField(1, key);
  for (const std::string& key : hashKeys) message += bytesField(2, key);
  return message + records;
}

inline std::string aggregateOf(const std::vector<PartPlan>& parts) {
  return kplFrame(kplMessage(parts));
}

struct OuterRecord {
  std::string sequenceNumber;
  std::string data;
};

// A page of Kinesis records, as GetRecords gives it. `next` empty: the shard has ended.
inline RecordsPage kplPageOf(const std::vector<OuterRecord>& outer, std::optional<std::string> next = "next",
                             std::int64_t millisBehind = 0) {
  std::string text = "a";  // The partition key of all of them, as the producer library writes it.
  for (const OuterRecord& record : outer) text += record.sequenceNumber + record.data;
  RecordsPage page;
  page.body = Body::copyOf(text);
  const std::string_view bytes = page.body->view();
  std::size_t at = 1;
  for (const OuterRecord& one : outer) {
    Record record;
    record.partitionKey = bytes.substr(0, 1);
    record.sequenceNumber = bytes.substr(at, one.sequenceNumber.size());
    at += one.sequenceNumber.size();
    record.data = bytesOf(bytes.substr(at, one.data.size()));
    at += one.data.size();
    record.approximateArrivalTimestamp += std::chrono::milliseconds(1000 + page.records.size());
    page.records.push_back(record);
  }
  page.payloadBytes = payloadBytesOf(page.records);
  page.nextShardIterator = std::move(next);
  page.millisBehindLatest = millisBehind;
  return page;
}

}  // namespace tidemill::codec
