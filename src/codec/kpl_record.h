// codec/kpl_record.h: takes apart what the Kinesis Producer Library has packed into one record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/digest.h"
#include "codec/hash_key.h"

namespace tidemill::codec {

// One of the records that were packed together: views into the payload.
struct KplPart {
  std::span<const std::byte> data;
  std::string_view partitionKey;
  std::string_view explicitHashKey;  // Empty: none was given.
  // Where its keys are in the tables of the reader.
  std::uint32_t partitionKeyIndex = 0;
  std::uint32_t explicitHashKeyIndex = 0;
};

// Why a payload that begins as an aggregated record is none that can be read.
enum class KplFault {
  kNone,
  kTooShort,      // Nothing lies between the magic bytes and the checksum.
  kChecksum,      // The MD5 at the end is not that of the message.
  kTruncated,     // A field ends behind its message.
  kNumber,        // A number has more bytes than one may have.
  kField,         // No field begins so: number 0, or a wire type that does not exist.
  kGroup,         // A group, which no version of the format has.
  kMissingField,  // A part without partition key or data, or a tag without key.
  kIndex,         // A part refers to an entry that its table does not have.
  kPartitionKey,  // A partition key is not UTF-8.
  kHashKey,       // An explicit hash key is no decimal number below 2^128.
  kKeys,          // The keys of all parts take more than 64 times what the message takes.
};
// "checksum", "index", …
std::string_view kplFaultName(KplFault fault);

enum class KplKind { kPlain, kAggregate, kDamaged };

// True if `payload` begins with the four magic bytes: an aggregated record, or one that is damaged.
bool hasKplMagic(std::span<const std::byte> payload);
// What the checksum at the end is the MD5 of. Empty: nothing, as `payload` is a plain record or too short.
std::string_view kplMessageOf(std::span<const std::byte> payload);
// How many parts `payload` has if it is an aggregated record that can be read, without looking whether it is:
// for making room. Never more than fit its bytes; 0 for a plain one.
std::size_t kplPartsMax(std::span<const std::byte> payload);

// Reads aggregated records, one after the other; what it allocates is used again. All or nothing: of a
// payload in which anything is wrong no part is given, so that what cannot be read is never left out silently
// (KCL gives the parts in front of a bad one and loses the rest). Unknown fields are skipped, those of
// repeated single fields the last counts, as protobuf demands. No recursion; every table is bounded by the
// bytes of the payload, and so are the keys of all parts together: a part of 6 bytes may refer to a key of
// megabytes, and whoever stores, hashes or copies records does so with their keys. (With keys of 256
// characters, the most that Kinesis takes, and 10 bytes of data they take 16 times as much as the message.)
// Used by one thread at a time.
class KplReader {
 public:
  // The views in parts() are into `payload`; the parts themselves last until the next read().
  KplKind read(std::span<const std::byte> payload);
  // The same; `digest` is the MD5 of kplMessageOf(payload), anything if that is empty.
  KplKind read(std::span<const std::byte> payload, const Md5& digest);

  // After kAggregate: in their order, which gives the sub-sequence numbers from 0. May be empty.
  std::span<const KplPart> parts() const { return parts_; }
  // After kDamaged.
  KplFault fault() const { return fault_; }

  // How many parts the service would have put into another shard than one with this range: by the explicit
  // hash key if there is one, else by the partition key.
  std::size_t partsOutside(const HashRange& range);

 private:
  // An entry of a table, looked at when the first part refers to it: nobody misses what nobody uses.
  struct Key {
    std::string_view text;
    HashKey hash = 0;
    bool checked = false;
    bool hashed = false;
  };
  KplFault readMessage(std::string_view message);
  KplFault readTables(std::string_view message);
  KplFault readPart(std::string_view bytes);
  KplFault usePartitionKey(std::uint64_t index, KplPart& part);
  KplFault useHashKey(std::uint64_t index, KplPart& part);
  void hashUsedKeys();
  HashKey hashOf(const KplPart& part) const;

  std::vector<Key> partitionKeys_;
  std::vector<Key> hashKeys_;
  std::vector<KplPart> parts_;
  std::size_t partCount_ = 0;   // As readTables() has seen.
  std::uint64_t keyBytes_ = 0;  // Of the parts so far.
  KplFault fault_ = KplFault::kNone;
};

}  // namespace tidemill::codec
