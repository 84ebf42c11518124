#include "sim/workloads/packed_records.h"

#include <cstdint>

#include "codec/digest.h"

namespace tidemill::sim {
namespace {

// Fields of KCL's messages.proto.
constexpr unsigned kKeyTable = 1;
constexpr unsigned kRecords = 3;
constexpr unsigned kPartKey = 1;
constexpr unsigned kPartData = 3;

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7f) | 0x80);
  return bytes + static_cast<char>(number);
}

std::string bytesField(unsigned field, std::string_view bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

std::string payloadOf(const std::vector<PackedPart>& parts) {
  std::string message;
  for (const PackedPart& part : parts) message += bytesField(kKeyTable, part.partitionKey);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    message += bytesField(kRecords, varint(kPartKey << 3) + varint(i) + bytesField(kPartData, parts[i].text));
  }
  const codec::Md5 digest = codec::md5(message);
  std::string payload = "\xf3\x89\x9a\xc2" + message;
  payload.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return payload;
}

}  // namespace

std::string PackedRecords::pack(const std::vector<PackedPart>& parts) {
  std::string payload = payloadOf(parts);
  byPayload_[payload] = parts;
  return payload;
}

std::string PackedRecords::packDamaged(const std::vector<PackedPart>& parts) {
  std::string payload = payloadOf(parts);
  payload.back() = static_cast<char>(payload.back() ^ 1);
  damaged_.insert(payload);
  return payload;
}

const std::vector<PackedPart>* PackedRecords::find(std::string_view payload) const {
  const auto found = byPayload_.find(payload);
  return found == byPayload_.end() ? nullptr : &found->second;
}

}  // namespace tidemill::sim
