#include "kinesis/kinesis_api.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/text.h"

namespace tidemill::kinesis {
namespace {

constexpr std::size_t kShardsMax = 20'000;
// A token lives for 300 s: only a stalled process meets its end, and once more is enough.
constexpr int kRestartsMax = 3;

}  // namespace

std::string shardContext(const std::string& stream, const std::string& shardId) {
  return fmt::format("stream {}, shard {}", base::quoteIfNeeded(stream), base::quoteIfNeeded(shardId));
}

std::string_view iteratorTypeName(IteratorPosition::Type type) {
  using Type = IteratorPosition::Type;
  switch (type) {
    case Type::kTrimHorizon:
      return "TRIM_HORIZON";
    case Type::kLatest:
      return "LATEST";
    case Type::kAtTimestamp:
      return "AT_TIMESTAMP";
    case Type::kAtSequenceNumber:
      return "AT_SEQUENCE_NUMBER";
    case Type::kAfterSequenceNumber:
      return "AFTER_SEQUENCE_NUMBER";
  }
  return "TRIM_HORIZON";
}

rt::Task<Result<std::vector<Shard>>> listAllShards(KinesisApi& api, const std::string& stream) {
  std::vector<Shard> shards;
  std::optional<std::string> token;
  int restarts = 0;
  // An endless chain of empty pages ends too: a page brings a shard, or it is the last but few.
  for (std::size_t pages = 0; pages <= kShardsMax; ++pages) {
    Result<ListShardsPage> page = co_await api.listShardsPage(stream, token);
    if (!page && page.error().code() == Code::kExpiredNextToken && restarts < kRestartsMax) {
      ++restarts;
      shards.clear();
      token.reset();
      continue;
    }
    if (!page) co_return fail(page.error());
    if (shards.size() + page->shards.size() > kShardsMax) break;
    shards.insert(shards.end(), std::make_move_iterator(page->shards.begin()),
                  std::make_move_iterator(page->shards.end()));
    if (!page->nextToken) co_return std::move(shards);
    token = std::move(page->nextToken);
  }
  co_return fail(Code::kMalformedResponse,
                 fmt::format("stream {}: ListShards goes on beyond {} shards or pages", stream, kShardsMax),
                 "check that the endpoint is Kinesis");
}

}  // namespace tidemill::kinesis
