// fuzz/page_check.h: what must hold for every page that a reader accepts, whatever the bytes were.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/records_page.h"
#include "codec/shard_id.h"
#include "tidemill/sequence_number.h"

namespace tidemill::codec {

inline bool isWithin(std::string_view part, const std::shared_ptr<const Body>& whole) {
  if (whole == nullptr) return false;
  const auto begin = reinterpret_cast<std::uintptr_t>(whole->view().data());
  const auto at = reinterpret_cast<std::uintptr_t>(part.data());
  return at >= begin && part.size() <= whole->size() && at - begin <= whole->size() - part.size();
}

// Reads every byte that the page refers to, so that a sanitizer sees dangling views.
inline std::uint64_t touch(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  return sum;
}

inline void checkPage(const Result<RecordsPage>& page) {
  if (!page) {
    TIDEMILL_CHECK(page.error().code() == Code::kMalformedResponse);
    return;
  }
  TIDEMILL_CHECK(page->records.size() <= 10'000);
  for (const Record& record : page->records) {
    for (const std::string_view view : {record.text(), record.partitionKey, record.sequenceNumber}) {
      TIDEMILL_CHECK(isWithin(view, page->body) || isWithin(view, page->arena));
      TIDEMILL_CHECK(touch(view) <= 255 * view.size());
    }
    TIDEMILL_CHECK(isSequenceNumber(record.sequenceNumber));
  }
  for (const ChildShard& child : page->childShards) {
    TIDEMILL_CHECK(isShardId(child.shardId));
    for (const std::string& parent : child.parentShards) TIDEMILL_CHECK(isShardId(parent));
  }
}

}  // namespace tidemill::codec
