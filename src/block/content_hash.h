// block/content_hash.h: the content hash of a run of records (XXH3-128 of libxxhash).
#pragma once

#include <memory>
#include <span>

#include "tidemill/content_hash.h"
#include "tidemill/record.h"

struct XXH3_state_s;

namespace tidemill::block {

// Takes records one by one. What counts: sequence and sub-sequence number, partition key, explicit hash key,
// arrival time and payload, each with its length, so that nothing can move from one to the next. The shard
// does not count: a range names it.
class ContentHasher {
 public:
  ContentHasher();

  void add(const Record& record);
  // Of everything added so far.
  ContentHash hash() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

ContentHash contentHashOf(std::span<const Record> records);

// XXH3-128 of plain bytes.
ContentHash hashOfBytes(std::span<const std::byte> bytes);

}  // namespace tidemill::block
