// consume/found_range.h: the records of a range as they were read again, compared with what it was.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "block/block.h"
#include "block/content_hash.h"
#include "tidemill/error.h"
#include "tidemill/record.h"
#include "tidemill/sequence_number_range.h"

namespace tidemill::consume {

// What is left of a range that is not as it was.
struct RangeLoss {
  SequenceNumberRange asked;
  // Ends, count and hash of what is left; a count of 0: nothing, and the ends are those asked for.
  SequenceNumberRange left;
  // Why, where it is known: "the shard is gone".
  std::string reason;

  // kDataLoss: "range 1 to 9 of shard … of stream …: 3 of 5 records are left, the first of them 4, …".
  Error error() const;
};

// Takes the records of one range in order. They are copied after each page, so that they hold no page of up
// to 10 MiB whose other records nobody wants.
class FoundRange {
 public:
  // `lost`: what is known of it; a size of 0: unknown. `keeps`: page() will be asked for; false: memory does
  // not grow with the range.
  FoundRange(block::SliceInfo lost, bool keeps) : lost_(std::move(lost)), keeps_(keeps) {}

  // Its bytes are there until ended() or pageEnded().
  void add(const Record& record);
  // What was added since the last call is copied.
  void pageEnded();
  // No record comes any more; `reason`: why, if the range may not be whole.
  void ended(std::string reason);
  // A planted bug: forgets the last record, and compares nothing any more.
  void dropLast();

  const SequenceNumberRange& asked() const { return lost_.range; }
  std::int64_t payloadBytes() const { return lost_.payloadBytes; }
  // As RangeLoss::left.
  SequenceNumberRange found() const;
  // Nothing: every record is there, as far as the range tells (ends always; count and hash if it has them).
  std::optional<RangeLoss> loss() const;
  // The records in one page of their own, after ended(). Null: none was found, or they are not kept.
  const std::shared_ptr<const block::ShardPage>& page() const { return page_; }

 private:
  struct End {
    std::string sequenceNumber;
    std::optional<std::uint64_t> part;
  };
  static End endOf(const Record& record);
  bool hasEnds() const;

  std::shared_ptr<const block::ShardPage> copyOf(std::span<const Record> records) const;

  const block::SliceInfo lost_;
  const bool keeps_;
  std::int64_t count_ = 0;
  End first_;
  End last_;
  std::string reason_;
  bool compares_ = true;
  block::ContentHasher hasher_;
  // Views into `copies_`, but those from `copied_` on.
  std::vector<Record> records_;
  std::size_t copied_ = 0;
  std::vector<std::shared_ptr<const block::ShardPage>> copies_;
  std::shared_ptr<const block::ShardPage> page_;
};

}  // namespace tidemill::consume
