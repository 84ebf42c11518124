#include "cli/fsck_repair.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace tidemill::cli {
namespace {

using Infos = std::vector<std::shared_ptr<const block::BlockInfo>>;

// What is in memory at once.
constexpr std::int64_t kPortionBytes = 32 << 20;

Error notRebuilt(const block::BlockInfo& info, const Error& why) {
  if (why.code() == Code::kDataLoss) {
    return why.within("block " + info.id)
        .hinting(
            "a longer retention of the stream gives more time; with tidemill.recovery.onDataLoss=record "
            "a worker goes on with what is left");
  }
  Error named = why.within("block " + info.id + ", " + info.ranges().toString());
  if (why.code() != Code::kUnknownStream) return named;
  return named.hinting(
      "check --endpoint and --region; if the stream was deleted, the records of the block are gone for good");
}

Result<void> store(std::vector<consume::RebuiltBlock> blocks, block::DiskBlocks& into, RepairReport& report) {
  for (consume::RebuiltBlock& one : blocks) {
    if (!one.losses.empty()) {
      report.notRebuilt.push_back(notRebuilt(*one.block->info(), one.losses.front()));
      continue;
    }
    auto stored = into.replace(std::move(one.block));
    if (!stored) return fail(stored.error());
    ++report.rebuilt;
  }
  return {};
}

}  // namespace

std::optional<Error> RepairReport::failure() const {
  if (notRebuilt.empty()) return std::nullopt;
  const auto loss = std::find_if(notRebuilt.begin(), notRebuilt.end(),
                                 [](const Error& error) { return error.code() == Code::kDataLoss; });
  const Error& first = loss == notRebuilt.end() ? notRebuilt.front() : *loss;
  if (notRebuilt.size() == 1) return first;
  return first.within(std::to_string(notRebuilt.size()) + " blocks were not rebuilt, one of them");
}

std::vector<Error> unknownDamage(const block::FsckReport& found) {
  std::vector<Error> errors;
  for (const block::FsckFinding& finding : found.findings) {
    if (finding.kind != block::FsckFinding::Kind::kDamaged || finding.rebuildable) continue;
    errors.emplace_back(
        Code::kDataLoss,
        finding.file + " at byte " + std::to_string(finding.offset) + ": " + finding.what +
            "; the index is damaged as well, so nobody knows which block it was, or whether it was needed",
        "read the stream from an earlier point: tidemill leases APP rewind");
  }
  return errors;
}

rt::Task<Result<RepairReport>> rebuildBlocks(consume::RangeReader& reader, block::DiskBlocks& store,
                                             std::vector<std::shared_ptr<const block::BlockInfo>> blocks) {
  RepairReport report;
  std::map<std::string, Infos> byStream;
  for (auto& info : blocks) {
    if (store.location(info->id)) byStream[block::streamOf(*info)].push_back(std::move(info));
  }
  for (const auto& [stream, infos] : byStream) {
    std::optional<Error> failure;
    const auto portions = consume::RangeReader::portionsOf(infos, kPortionBytes);
    for (const Infos& portion : portions) {
      if (!failure) {
        Infos asked = portion;
        auto rebuilt = co_await reader.rebuild(std::move(asked));
        if (rebuilt) {
          auto stored = cli::store(std::move(*rebuilt), store, report);
          if (!stored) co_return fail(stored.error());
          continue;
        }
        failure = rebuilt.error();
      }
      for (const auto& info : portion) report.notRebuilt.push_back(notRebuilt(*info, *failure));
    }
  }
  co_return std::move(report);
}

}  // namespace tidemill::cli
