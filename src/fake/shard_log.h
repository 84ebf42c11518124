// fake/shard_log.h: the records of one shard, kept in the form in which CBOR answers carry them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "codec/body.h"
#include "fake/sequence_layout.h"
#include "rt/time.h"

namespace tidemill::fake {

// One stored record; the views live as long as the log keeps the record.
struct StoredRecord {
  SequenceLayout sequence;
  std::string_view partitionKey;
  std::string_view data;
  rt::WallTime arrival{};

  std::string sequenceNumber() const { return formatSequence(sequence); }
};

// Records in the order of their counters. Each is encoded once, when it is put; an answer in CBOR then copies
// whole runs of bytes. Records are addressed by a position that counts all records ever put, so trimming does
// not shift it: valid positions are first() ≤ position < end(). Memory grows with the records put, until
// trimmed.
class ShardLog {
 public:
  // Counters must grow and arrivals must not go back.
  std::string append(const SequenceLayout& sequence, std::string_view partitionKey, std::string_view data,
                     rt::WallTime arrival);

  // The oldest position that is still readable: the trim horizon.
  std::uint64_t first() const { return trimmed_; }
  std::uint64_t end() const { return forgotten_ + records_.size(); }
  // The oldest position in memory. Below first() only if trimmed records are kept for an oracle.
  std::uint64_t remembered() const { return forgotten_; }

  StoredRecord at(std::uint64_t position) const;
  // Bytes of the payload and its partition key: what the service's limits count.
  std::size_t sizeAt(std::uint64_t position) const;

  // The first readable position whose counter is at least `counter`; end() if there is none.
  std::uint64_t positionOfCounter(std::uint64_t counter) const;
  // The first readable position that arrived at or after `time`; end() if there is none.
  std::uint64_t positionOfTime(rt::WallTime time) const;
  // The same among all records in memory, trimmed ones too: for an oracle.
  std::uint64_t rememberedOfCounter(std::uint64_t counter) const;
  std::uint64_t rememberedOfTime(rt::WallTime time) const;

  // Appends the CBOR maps of the records [from, to) one after another.
  void appendEncoded(codec::Body& out, std::uint64_t from, std::uint64_t to) const;
  std::size_t encodedBytes(std::uint64_t from, std::uint64_t to) const;

  // Makes records that arrived before `horizon` unreadable, and forgets them unless `keep`.
  void trimBefore(rt::WallTime horizon, bool keep);

 private:
  // A run of encoded records in memory that never moves, shared by its records.
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t capacity = 0;
    std::uint64_t endPosition = 0;  // One past the last record in it.
  };
  struct Entry {
    const char* encoded;
    rt::WallTime arrival;
    std::uint64_t counter;
    std::uint32_t encodedSize;
    std::uint32_t dataOffset;
    std::uint32_t dataSize;
    std::uint32_t keySize;
  };

  const Entry& entry(std::uint64_t position) const { return records_[position - forgotten_]; }
  char* room(std::size_t size);
  template <class Before>
  std::uint64_t firstNot(std::uint64_t from, Before before) const;

  std::deque<Entry> records_;
  std::deque<Chunk> chunks_;
  std::uint64_t forgotten_ = 0;
  std::uint64_t trimmed_ = 0;
  // Equal for all records of a shard.
  std::int64_t shardSecond_ = 0;
  std::uint32_t shardIndex_ = 0;
  bool brief_ = false;
};

}  // namespace tidemill::fake
