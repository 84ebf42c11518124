// block/test_blocks.h: blocks for tests, made from a few numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "block/block.h"
#include "codec/body.h"

namespace tidemill::block {

// A page of shard `shardId` of stream orders: records `first` to `last`, each with `dataBytes` bytes that
// depend on its number. Every third one is the part of an aggregated record, every fourth has a hash key.
inline std::shared_ptr<const ShardPage> testPage(const std::string& shardId, int first, int last,
                                                 std::size_t dataBytes = 10, std::int64_t token = 0) {
  auto page = std::make_shared<ShardPage>();
  page->streamName = "orders";
  page->shardId = shardId;
  page->token = token;
  std::string text;
  std::vector<std::size_t> numberBytes;
  for (int i = first; i <= last; ++i) {
    const std::string number = std::to_string(i);
    numberBytes.push_back(number.size());
    text += number;
    for (std::size_t k = 0; k < dataBytes; ++k)
      text += static_cast<char>(static_cast<std::size_t>(i) * 31 + k * 7);
  }
  page->page.body = codec::Body::copyOf(text);
  std::string_view rest = page->page.body->view();
  for (int i = first; i <= last; ++i) {
    Record record;
    const std::size_t size = numberBytes[static_cast<std::size_t>(i - first)];
    record.sequenceNumber = rest.substr(0, size);
    record.partitionKey = record.sequenceNumber;
    record.data = std::as_bytes(std::span(rest.substr(size, dataBytes)));
    record.approximateArrivalTimestamp += std::chrono::milliseconds(1'700'000'000'000 + i);
    if (i % 3 == 0) {
      record.aggregation = Aggregation::kPart;
      record.subSequenceNumber = static_cast<std::uint64_t>(i);
    }
    if (i % 4 == 0) record.explicitHashKey = record.sequenceNumber;
    page->page.records.push_back(record);
    rest.remove_prefix(size + dataBytes);
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  return page;
}

inline std::shared_ptr<const Block> testBlock(std::string id,
                                              std::vector<std::shared_ptr<const ShardPage>> pages,
                                              std::vector<ShardEnd> ends = {}) {
  std::vector<BlockSlice> slices;
  for (auto& page : pages) {
    const std::size_t count = page->page.records.size();
    slices.push_back({std::move(page), 0, count});
  }
  return std::make_shared<const Block>(std::move(id), std::move(slices), std::move(ends));
}

// One of shard-a with `records` records from number `first` on.
inline std::shared_ptr<const Block> testBlock(std::string id, int first, int records = 2,
                                              std::size_t dataBytes = 10) {
  return testBlock(std::move(id), {testPage("shard-a", first, first + records - 1, dataBytes)});
}

// Everything a block consists of, as text: equal for equal blocks.
inline std::string textOf(const Block& block) {
  std::string text = block.id() + ": " + block.ranges().toString() + "\n";
  block.forEach([&](const Record& record) {
    text += std::string(record.shardId) + " " + std::string(record.sequenceNumber) + " " +
            std::to_string(record.subSequenceNumber) + " " + std::string(record.partitionKey) + " " +
            std::string(record.explicitHashKey) + " " +
            std::to_string(record.approximateArrivalTimestamp.time_since_epoch().count()) + " " +
            std::to_string(static_cast<int>(record.aggregation)) + " " + std::string(record.text()) + "\n";
  });
  for (const ShardEnd& end : block.ends()) {
    text += "end " + end.shardId + " " + std::to_string(end.token) + " " +
            std::to_string(static_cast<int>(end.kind));
    for (const codec::ChildShard& child : end.children) {
      text += " " + child.shardId + "(" + child.startingHashKey + "-" + child.endingHashKey + ")";
      for (const std::string& parent : child.parentShards) text += "<" + parent;
    }
    text += "\n";
  }
  return text;
}

}  // namespace tidemill::block
