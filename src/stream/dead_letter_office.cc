#include "stream/dead_letter_office.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "rt/backoff.h"
#include "rt/worker_pool.h"

namespace tidemill::stream {
namespace {

using namespace std::chrono_literals;

// Of one PutRecords call; AWS takes 500 entries and 10 MiB.
constexpr std::size_t kEntriesMax = 500;
constexpr std::size_t kBytesMax = std::size_t{5} << 20;
// A letter above this goes alone: some streams take no record of more than 1 MiB, and the error names it.
constexpr std::size_t kLargeLetter = 900'000;
// Calls in a row that stored nothing, before the batch fails.
constexpr int kTriesMax = 8;

// What the next call takes, from `letters[next]` on; a large one goes alone.
std::vector<kinesis::PutEntry> nextEntries(std::vector<DeadLetter>& letters, std::size_t& next) {
  std::vector<kinesis::PutEntry> entries;
  std::size_t bytes = 0;
  while (next < letters.size() && entries.size() < kEntriesMax) {
    DeadLetter& letter = letters[next];
    const std::size_t size = letter.line.size() + letter.partitionKey.size();
    if (!entries.empty() && (bytes + size > kBytesMax || size > kLargeLetter)) break;
    bytes += size > kLargeLetter ? kBytesMax : size;
    entries.push_back({std::move(letter.line), std::move(letter.partitionKey), std::nullopt});
    ++next;
  }
  return entries;
}

}  // namespace

rt::Task<Result<void>> DeadLetterOffice::settle(std::shared_ptr<HandlerOutcomes> outcomes) {
  for (std::size_t i = 0; i < outcomes->inputs().size(); ++i) {
    InputOutcomes& input = *outcomes->inputs()[i];
    std::vector<DeadLetter> letters = input.takeLetters();
    if (letters.empty()) continue;
    const auto count = static_cast<std::int64_t>(letters.size());
    auto kept = co_await keep(input.policy(), i, std::move(letters));
    if (!kept) co_return fail(kept.error().within(fmt::format("{} dead letters", count)));
    deadLettered_ += count;
    env_.log.warning("dead_letters_kept",
                     {{"stream", input.streamName()}, {"count", count}, {"place", input.policy().target()}});
  }
  for (const auto& input : outcomes->inputs()) tellSkipped(*input);
  if (outcomes->leftOut() > 0) {
    leftOut_ += outcomes->leftOut();
    env_.log.warning("elements_left_out", {{"count", outcomes->leftOut()}});
  }
  co_return Result<void>();
}

rt::Task<Result<void>> DeadLetterOffice::keep(const HandlerPolicy& policy, std::size_t input,
                                              std::vector<DeadLetter> letters) {
  if (policy.kind() == HandlerPolicy::Kind::kDeadLetterFile) {
    co_return co_await append(policy.target(), std::move(letters));
  }
  co_return co_await put(policy.target(), api_(input), std::move(letters));
}

rt::Task<Result<void>> DeadLetterOffice::append(const std::string& path, std::vector<DeadLetter> letters) {
  auto& file = files_[path];
  if (file == nullptr) file = std::make_shared<consume::DeadLetterFile>(env_.files, path);
  auto write = [file, letters = std::move(letters)] {
    std::string lines;
    for (const DeadLetter& letter : letters) lines += letter.line;
    return file->append(lines);
  };
  co_return co_await rt::runOn(env_.store, env_.loop, std::move(write));
}

rt::Task<Result<void>> DeadLetterOffice::put(std::string stream, kinesis::KinesisApi& api,
                                             std::vector<DeadLetter> letters) {
  for (std::size_t next = 0; next < letters.size();) {
    const std::size_t first = next;
    std::vector<kinesis::PutEntry> entries = nextEntries(letters, next);
    auto stored = co_await putAll(stream, api, std::move(entries));
    if (stored) continue;
    if (next > first + 1) co_return stored;
    co_return fail(stored.error().within(letters[first].name));
  }
  co_return Result<void>();
}

rt::Task<Result<void>> DeadLetterOffice::putAll(std::string stream, kinesis::KinesisApi& api,
                                                std::vector<kinesis::PutEntry> entries) {
  rt::Backoff backoff({.base = 100ms, .cap = 5s}, env_.random);
  for (;;) {  // Bounded by kTriesMax calls that store nothing.
    auto outcomes = co_await api.putRecords(stream, entries);
    if (!outcomes && !outcomes.error().retryable()) co_return fail(outcomes.error());
    std::vector<kinesis::PutEntry> refused;
    std::string reason = outcomes ? std::string() : outcomes.error().message();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (outcomes && (*outcomes)[i].errorCode.empty()) continue;
      if (outcomes) reason = (*outcomes)[i].errorCode;
      refused.push_back(std::move(entries[i]));
    }
    if (refused.empty()) co_return Result<void>();
    if (refused.size() < entries.size()) backoff.reset();
    entries = std::move(refused);
    const rt::Duration delay = backoff.next();
    if (backoff.failures() >= kTriesMax) {
      co_return fail(Code::kThrottled,
                     fmt::format("stream {}: {} records refused {} times: {}", base::quoteIfNeeded(stream),
                                 entries.size(), kTriesMax, reason),
                     "give the stream of dead letters more shards; the batch is tried again");
    }
    co_await env_.loop.sleepFor(delay);
  }
}

void DeadLetterOffice::tellSkipped(const InputOutcomes& input) {
  for (const SkippedRecords& shard : input.skipped()) {
    skipped_ += shard.count;
    env_.log.warning("records_skipped", {{"stream", input.streamName()},
                                         {"shard", shard.shardId},
                                         {"count", shard.count},
                                         {"reason", input.policy().target()},
                                         {"first", shard.first},
                                         {"last", shard.last}});
  }
}

}  // namespace tidemill::stream
