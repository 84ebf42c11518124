#include "codec/kpl_record.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/md5_lanes.h"
#include "codec/utf8.h"

namespace tidemill::codec {
namespace {

constexpr std::array<unsigned char, 4> kMagic = {0xf3, 0x89, 0x9a, 0xc2};
constexpr std::size_t kChecksumBytes = 16;

enum WireType : std::uint32_t {
  kWireVarint = 0,
  kWireFixed64 = 1,
  kWireBytes = 2,
  kWireStartGroup = 3,
  kWireEndGroup = 4,
  kWireFixed32 = 5
};

constexpr std::uint32_t tagOf(std::uint32_t field, WireType type) {
  return field << 3 | type;
}

// AggregatedRecord.
constexpr std::uint32_t kPartitionKeyTableField = tagOf(1, kWireBytes);
constexpr std::uint32_t kHashKeyTableField = tagOf(2, kWireBytes);
constexpr std::uint32_t kRecordsField = tagOf(3, kWireBytes);
// Record.
constexpr std::uint32_t kPartitionKeyIndexField = tagOf(1, kWireVarint);
constexpr std::uint32_t kHashKeyIndexField = tagOf(2, kWireVarint);
constexpr std::uint32_t kDataField = tagOf(3, kWireBytes);
constexpr std::uint32_t kTagsField = tagOf(4, kWireBytes);
// Tag.
constexpr std::uint32_t kTagKeyField = tagOf(1, kWireBytes);

// Walks over the fields of one message. A field of a known number with another wire type than it should have
// is an unknown field, as everywhere in protobuf; its tag differs, so it is skipped like one.
class Fields {
 public:
  explicit Fields(std::string_view message) : at_(message.data()), end_(message.data() + message.size()) {}

  // False at the end of the message, or at a fault.
  bool next() {
    if (at_ == end_) return false;
    std::uint64_t tag = 0;
    // Of the fifth byte the bits that do not fit are ignored, as protobuf's own reader does.
    if (!readNumber(kShortNumber, tag)) return false;
    tag_ = static_cast<std::uint32_t>(tag);
    if (tag_ >> 3 == 0) return refuse(KplFault::kField);
    switch (tag_ & 7) {
      case kWireVarint:
        return readNumber(kLongNumber, number_);
      case kWireFixed64:
        return take(8);
      case kWireBytes: {
        std::uint64_t size = 0;
        return readNumber(kShortNumber, size) && take(size);
      }
      case kWireFixed32:
        return take(4);
      case kWireStartGroup:
      case kWireEndGroup:
        return refuse(KplFault::kGroup);
      default:
        return refuse(KplFault::kField);
    }
  }

  std::uint32_t tag() const { return tag_; }
  std::uint64_t number() const { return number_; }
  std::string_view bytes() const { return bytes_; }
  KplFault fault() const { return fault_; }

 private:
  static constexpr int kShortNumber = 5;  // Bytes of a number of 32 bits: tags and lengths.
  static constexpr int kLongNumber = 10;

  bool readNumber(int bytesMax, std::uint64_t& number) {
    number = 0;
    for (int i = 0; i < bytesMax; ++i) {
      if (at_ == end_) return refuse(KplFault::kTruncated);
      const auto byte = static_cast<unsigned char>(*at_++);
      number |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) return true;
    }
    return refuse(KplFault::kNumber);
  }

  bool take(std::uint64_t size) {
    if (size > static_cast<std::uint64_t>(end_ - at_)) return refuse(KplFault::kTruncated);
    bytes_ = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }

  bool refuse(KplFault fault) {
    fault_ = fault;
    return false;
  }

  const char* at_;
  const char* const end_;
  std::uint32_t tag_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  KplFault fault_ = KplFault::kNone;
};

// Index and data with their tags, inside a tag and a length.
constexpr std::size_t kPartBytesMin = 6;
// For each byte of a message.
constexpr std::uint64_t kKeyBytesMax = 64;

// Tags of parts are not given to anybody, but a part with a broken one does not parse.
KplFault checkTag(std::string_view bytes) {
  Fields fields(bytes);
  bool key = false;
  while (fields.next()) key = key || fields.tag() == kTagKeyField;
  if (fields.fault() != KplFault::kNone) return fields.fault();
  return key ? KplFault::kNone : KplFault::kMissingField;
}

}  // namespace

std::string_view kplFaultName(KplFault fault) {
  switch (fault) {
    case KplFault::kNone:
      return "none";
    case KplFault::kTooShort:
      return "too short";
    case KplFault::kChecksum:
      return "checksum";
    case KplFault::kTruncated:
      return "truncated";
    case KplFault::kNumber:
      return "number";
    case KplFault::kField:
      return "field";
    case KplFault::kGroup:
      return "group";
    case KplFault::kMissingField:
      return "missing field";
    case KplFault::kIndex:
      return "index";
    case KplFault::kPartitionKey:
      return "partition key";
    case KplFault::kHashKey:
      return "hash key";
    case KplFault::kKeys:
      return "keys";
  }
  return "unknown";
}

bool hasKplMagic(std::span<const std::byte> payload) {
  if (payload.size() < kMagic.size()) return false;
  return std::equal(kMagic.begin(), kMagic.end(), payload.begin(), [](unsigned char magic, std::byte byte) {
    return magic == static_cast<unsigned char>(byte);
  });
}

std::string_view kplMessageOf(std::span<const std::byte> payload) {
  constexpr std::size_t kFrameBytes = kMagic.size() + kChecksumBytes;
  if (payload.size() <= kFrameBytes || !hasKplMagic(payload)) return {};
  const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
  return text.substr(kMagic.size(), text.size() - kFrameBytes);
}

std::size_t kplPartsMax(std::span<const std::byte> payload) {
  std::size_t parts = 0;
  Fields fields(kplMessageOf(payload));
  while (fields.next()) parts += fields.tag() == kRecordsField ? 1 : 0;
  return std::min(parts, payload.size() / kPartBytesMin);
}

KplKind KplReader::read(std::span<const std::byte> payload) {
  const std::string_view message = kplMessageOf(payload);
  return read(payload, message.empty() ? Md5() : md5(message));
}

KplKind KplReader::read(std::span<const std::byte> payload, const Md5& digest) {
  partitionKeys_.clear();
  hashKeys_.clear();
  parts_.clear();
  fault_ = KplFault::kNone;
  if (!hasKplMagic(payload)) return KplKind::kPlain;
  const std::string_view message = kplMessageOf(payload);
  fault_ = KplFault::kTooShort;
  if (message.empty()) return KplKind::kDamaged;
  const std::string_view checksum(message.data() + message.size(), kChecksumBytes);
  fault_ = KplFault::kChecksum;
  if (std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()) != checksum)
    return KplKind::kDamaged;
  fault_ = readMessage(message);
  if (fault_ == KplFault::kNone) return KplKind::kAggregate;
  parts_.clear();
  return KplKind::kDamaged;
}

// Twice over the message: the tables may stand behind the parts that refer to them.
KplFault KplReader::readMessage(std::string_view message) {
  const KplFault fault = readTables(message);
  if (fault != KplFault::kNone) return fault;
  parts_.reserve(std::min(partCount_, message.size() / kPartBytesMin));
  keyBytes_ = 0;
  Fields fields(message);
  while (fields.next()) {
    if (fields.tag() != kRecordsField) continue;
    const KplFault wrong = readPart(fields.bytes());
    if (wrong != KplFault::kNone) return wrong;
    keyBytes_ += parts_.back().partitionKey.size() + parts_.back().explicitHashKey.size();
    if (keyBytes_ > kKeyBytesMax * message.size()) return KplFault::kKeys;
  }
  return KplFault::kNone;
}

KplFault KplReader::readTables(std::string_view message) {
  partCount_ = 0;
  Fields fields(message);
  while (fields.next()) {
    if (fields.tag() == kRecordsField) {
      ++partCount_;
    } else if (fields.tag() == kPartitionKeyTableField) {
      partitionKeys_.push_back({.text = fields.bytes()});
    } else if (fields.tag() == kHashKeyTableField) {
      hashKeys_.push_back({.text = fields.bytes()});
    }
  }
  return fields.fault();
}

KplFault KplReader::readPart(std::string_view bytes) {
  KplPart part;
  std::uint64_t partitionKey = 0;
  std::uint64_t hashKey = 0;
  bool hasPartitionKey = false;
  bool hasHashKey = false;
  bool hasData = false;
  Fields fields(bytes);
  while (fields.next()) {
    switch (fields.tag()) {
      case kPartitionKeyIndexField:
        partitionKey = fields.number();
        hasPartitionKey = true;
        break;
      case kHashKeyIndexField:
        hashKey = fields.number();
        hasHashKey = true;
        break;
      case kDataField:
        part.data = std::as_bytes(std::span(fields.bytes()));
        hasData = true;
        break;
      case kTagsField: {
        const KplFault fault = checkTag(fields.bytes());
        if (fault != KplFault::kNone) return fault;
        break;
      }
      default:
        break;
    }
  }
  if (fields.fault() != KplFault::kNone) return fields.fault();
  if (!hasPartitionKey || !hasData) return KplFault::kMissingField;
  const KplFault fault = usePartitionKey(partitionKey, part);
  if (fault != KplFault::kNone) return fault;
  if (hasHashKey) {
    const KplFault wrong = useHashKey(hashKey, part);
    if (wrong != KplFault::kNone) return wrong;
  }
  parts_.push_back(part);
  return KplFault::kNone;
}

KplFault KplReader::usePartitionKey(std::uint64_t index, KplPart& part) {
  if (index >= partitionKeys_.size()) return KplFault::kIndex;
  Key& key = partitionKeys_[index];
  if (!key.checked && !isUtf8(key.text)) return KplFault::kPartitionKey;
  key.checked = true;
  part.partitionKey = key.text;
  part.partitionKeyIndex = static_cast<std::uint32_t>(index);
  return KplFault::kNone;
}

KplFault KplReader::useHashKey(std::uint64_t index, KplPart& part) {
  if (index >= hashKeys_.size()) return KplFault::kIndex;
  Key& key = hashKeys_[index];
  if (!key.checked) {
    const auto hash = decimalHashKey(key.text);
    if (!hash) return KplFault::kHashKey;
    key.hash = *hash;
    key.checked = true;
  }
  part.explicitHashKey = key.text;
  part.explicitHashKeyIndex = static_cast<std::uint32_t>(index);
  return KplFault::kNone;
}

// Of each entry that decides about a part, once, and many together: one by one they would cost as much as the
// checksum.
void KplReader::hashUsedKeys() {
  constexpr std::size_t kTogether = 8 * kMd5Lanes;
  std::array<Key*, kTogether> keys;
  std::array<std::string_view, kTogether> texts;
  std::array<Md5, kTogether> digests;
  std::size_t count = 0;
  const auto hashThem = [&] {
    md5Each(std::span(texts).first(count), std::span(digests).first(count));
    for (std::size_t i = 0; i < count; ++i) keys[i]->hash = hashKeyOf(digests[i]);
    count = 0;
  };
  for (const KplPart& part : parts_) {
    if (!part.explicitHashKey.empty()) continue;
    Key& key = partitionKeys_[part.partitionKeyIndex];
    if (std::exchange(key.hashed, true)) continue;
    keys[count] = &key;
    texts[count] = key.text;
    if (++count == kTogether) hashThem();
  }
  hashThem();
}

HashKey KplReader::hashOf(const KplPart& part) const {
  return part.explicitHashKey.empty() ? partitionKeys_[part.partitionKeyIndex].hash
                                      : hashKeys_[part.explicitHashKeyIndex].hash;
}

std::size_t KplReader::partsOutside(const HashRange& range) {
  hashUsedKeys();
  return static_cast<std::size_t>(std::count_if(
      parts_.begin(), parts_.end(), [&](const KplPart& part) { return !range.holds(hashOf(part)); }));
}

}  // namespace tidemill::codec
