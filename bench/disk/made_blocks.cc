#include "made_blocks.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/random.h"
#include "block/block_builder.h"

namespace tidemill::bench {
namespace {

constexpr std::size_t kRecordBytes = 1'000;

// Words of a vocabulary as that of a log, between numbers that never repeat.
std::string makeText(base::Random& random, std::size_t bytes) {
  std::vector<std::string> words(400);
  for (std::string& word : words) {
    for (std::uint64_t i = 3 + random.below(7); i > 0; --i) word += static_cast<char>('a' + random.below(26));
  }
  std::string text;
  text.reserve(bytes + 32);
  while (text.size() < bytes) {
    text += random.chance(1, 4) ? std::to_string(random.below(1'000'000)) : words[random.below(words.size())];
    text += ' ';
  }
  text.resize(bytes);
  return text;
}

std::shared_ptr<const block::ShardPage> pageOf(std::string_view payload, std::size_t firstNumber) {
  const std::size_t records = payload.size() / kRecordBytes;
  auto body = std::make_shared<codec::Body>();
  auto page = std::make_shared<block::ShardPage>();
  page->streamName = "bench";
  page->shardId = "shardId-000000000000";
  std::string text(payload);
  for (std::size_t i = 0; i < records; ++i) text += std::to_string(firstNumber + i);
  page->page.body = codec::Body::copyOf(text);
  const std::string_view bytes = page->page.body->view();
  std::size_t numberAt = payload.size();
  for (std::size_t i = 0; i < records; ++i) {
    Record record;
    record.sequenceNumber = bytes.substr(numberAt, std::to_string(firstNumber + i).size());
    numberAt += record.sequenceNumber.size();
    record.partitionKey = record.sequenceNumber;
    record.data = std::as_bytes(std::span(bytes.substr(i * kRecordBytes, kRecordBytes)));
    page->page.records.push_back(record);
  }
  page->page.payloadBytes = codec::payloadBytesOf(page->page.records);
  return page;
}

}  // namespace

MadeBlocks makeBlocks(std::size_t blockBytes, std::size_t bytes) {
  MadeBlocks made;
  made.blockBytes = std::max<std::size_t>(blockBytes / kRecordBytes, 1) * kRecordBytes;
  const std::size_t count = std::max<std::size_t>(bytes / made.blockBytes, 1);
  base::Random random(1);
  made.payload = makeText(random, count * made.blockBytes);
  block::BlockBuilder builder("bench", {});
  std::size_t number = 1'000'000'000;
  for (std::size_t i = 0; i < count; ++i) {
    auto page = pageOf(made.payloadOf(i), number);
    number += page->page.records.size();
    builder.add(std::move(page));
    made.blocks.push_back(builder.seal());
  }
  return made;
}

}  // namespace tidemill::bench
