#include "block/copied_block.h"

#include <cstring>
#include <utility>

#include "codec/body.h"

namespace tidemill::block {
namespace {

std::string_view copyInto(codec::Body& body, std::string_view bytes) {
  char* copy = body.extend(bytes.size());
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  return {copy, bytes.size()};
}

}  // namespace

std::shared_ptr<const ShardPage> copiedPage(std::string streamName, std::string shardId, std::int64_t token,
                                            std::span<const Record> records) {
  std::size_t bytes = 0;
  for (const Record& record : records) {
    bytes += record.data.size() + record.partitionKey.size() + record.sequenceNumber.size() +
             record.explicitHashKey.size();
  }
  auto body = std::make_shared<codec::Body>();
  body->reserve(bytes);
  auto page = std::make_shared<ShardPage>();
  page->streamName = std::move(streamName);
  page->shardId = std::move(shardId);
  page->token = token;
  page->page.records.reserve(records.size());
  for (const Record& record : records) {
    Record copy = record;
    copy.data = std::as_bytes(std::span(copyInto(*body, record.text())));
    copy.partitionKey = copyInto(*body, record.partitionKey);
    copy.sequenceNumber = copyInto(*body, record.sequenceNumber);
    copy.explicitHashKey = copyInto(*body, record.explicitHashKey);
    copy.shardId = {};  // A page says it once.
    page->page.records.push_back(copy);
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  page->page.body = std::move(body);
  return page;
}

std::shared_ptr<const Block> copiedBlock(std::string id, const std::string& streamName,
                                         std::span<const Record> records) {
  std::vector<BlockSlice> slices;
  while (!records.empty()) {
    std::size_t count = 1;
    while (count < records.size() && records[count].shardId == records[0].shardId) ++count;
    slices.push_back(
        {copiedPage(streamName, std::string(records[0].shardId), 0, records.first(count)), 0, count});
    records = records.subspan(count);
  }
  if (slices.empty()) return nullptr;
  return std::make_shared<const Block>(std::move(id), std::move(slices), std::vector<ShardEnd>());
}

}  // namespace tidemill::block
