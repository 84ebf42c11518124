// stream/checkpoint/test_ledger.h: blocks of made-up records, for tests of the ledger.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "block/block_info.h"
#include "stream/checkpoint/ledger_entry.h"

namespace tidemill::stream {

inline Time at(std::int64_t seconds) {
  return Time(std::chrono::seconds(seconds));
}

inline lease::Checkpoint number(int value) {
  return lease::Checkpoint::at(std::to_string(value));
}

inline block::SliceInfo slice(const std::string& shard, int from, int to) {
  block::SliceInfo info;
  info.range = {"orders", shard, std::to_string(from), std::to_string(to), to - from + 1};
  info.token = 7;
  info.payloadBytes = 10;
  return info;
}

inline std::shared_ptr<const block::BlockInfo> infoOf(const std::string& id,
                                                      std::vector<block::SliceInfo> slices,
                                                      const std::string& owedTo = {}) {
  return std::make_shared<const block::BlockInfo>(block::BlockInfo{id, std::move(slices), {}, owedTo});
}

// A block of one shard.
inline AddedEntry added(const std::string& id, const std::string& shard, int from, int to,
                        const std::string& owedTo = {}) {
  return {"in", infoOf(id, {slice(shard, from, to)}, owedTo)};
}

inline SpanEntry span(const std::string& shard, SpanEntry::Kind kind, const lease::Checkpoint& from = {}) {
  return {"in", shard, kind, from};
}

}  // namespace tidemill::stream
