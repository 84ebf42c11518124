// stream/test_blocks.h: small blocks for tests.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "block/block.h"

namespace tidemill::stream {

// Records of one shard with these numbers; each carries its number as its data.
inline block::BlockSlice testSlice(const std::string& shardId, const std::vector<std::string>& numbers,
                                   std::int64_t token = 1) {
  auto page = std::make_shared<block::ShardPage>();
  page->streamName = "orders";
  page->shardId = shardId;
  page->token = token;
  std::string text;
  for (const std::string& number : numbers) text += number + ";";
  page->page.body = codec::Body::copyOf(text);
  std::size_t at = 0;
  for (const std::string& number : numbers) {
    Record record;
    record.sequenceNumber = page->page.body->view().substr(at, number.size());
    record.data = std::as_bytes(std::span(record.sequenceNumber));
    page->page.records.push_back(record);
    at += number.size() + 1;
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  return {std::move(page), 0, numbers.size()};
}

inline std::shared_ptr<const block::Block> testBlock(const std::string& id,
                                                     std::vector<block::BlockSlice> slices) {
  return std::make_shared<const block::Block>(id, std::move(slices), std::vector<block::ShardEnd>{});
}

}  // namespace tidemill::stream
