// Aggregated records against protobuf's own reader and writer: both take and refuse the same messages, and
// what they take means the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include <kpl_aggregate.pb.h>
#include "codec/kpl_record.h"
#include "codec/test_kpl.h"
#include "codec/utf8.h"

namespace tidemill::codec {
namespace {

// The same messages in every run; RC_PARAMS in the environment explores others.
[[maybe_unused]] const int kSeedIsFixed =
    setenv("RC_PARAMS", "seed=20261127 max_success=2000", /*overwrite=*/0);

std::string anyBytes(std::size_t most) {
  std::string bytes(*rc::gen::inRange<std::size_t>(0, most), '\0');
  for (char& c : bytes) c = *rc::gen::arbitrary<char>();
  return bytes;
}

// Mostly an index of the table, now and then a hostile one.
std::uint64_t anyIndex(int size) {
  if (*rc::gen::inRange(0, 12) > 0 && size > 0) return static_cast<std::uint64_t>(*rc::gen::inRange(0, size));
  return *rc::gen::elementOf(
      std::vector<std::uint64_t>{0, 1, 127, 128, 1ull << 31, 1ull << 32, 1ull << 63, ~std::uint64_t{0}});
}

std::string anyHashKey() {
  static const std::vector<std::string> kKeys = {
      "0", "17", "340282366920938463463374607431768211455",      "340282366920938463463374607431768211456",
      "",  "-1", "000000000000000000000000000000000000000000042"};
  const bool good = *rc::gen::inRange(0, 8) > 0;
  return good ? std::to_string(*rc::gen::arbitrary<std::uint64_t>()) : *rc::gen::elementOf(kKeys);
}

oracle::Aggregate anyAggregate() {
  oracle::Aggregate message;
  const int keys = *rc::gen::inRange(0, 5);
  const int hashKeys = *rc::gen::inRange(0, 3);
  const int parts = *rc::gen::inRange(0, 8);
  for (int i = 0; i < keys; ++i) {
    const bool text = *rc::gen::inRange(0, 10) > 0;
    message.add_partition_key_table(text ? "key-" + std::to_string(i) : anyBytes(9));
  }
  for (int i = 0; i < hashKeys; ++i) message.add_explicit_hash_key_table(anyHashKey());
  for (int i = 0; i < parts; ++i) {
    oracle::Part& part = *message.add_records();
    part.set_partition_key_index(anyIndex(keys));
    if (*rc::gen::arbitrary<bool>()) part.set_explicit_hash_key_index(anyIndex(hashKeys));
    part.set_data(anyBytes(200));
    if (*rc::gen::inRange(0, 4) == 0) part.add_tags()->set_key("colour");
  }
  return message;
}

std::string bytesOf(const oracle::Aggregate& message) {
  std::string bytes;
  RC_ASSERT(message.SerializePartialToString(&bytes));
  return bytes;
}

// Flips, cuts, doubles and inserts bytes.
std::string mutated(std::string bytes) {
  const int times = *rc::gen::inRange(1, 5);
  for (int i = 0; i < times && !bytes.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        bytes[at] = *rc::gen::arbitrary<char>();
        break;
      case 1:
        bytes.erase(at, *rc::gen::inRange<std::size_t>(1, 9));
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, *rc::gen::inRange<std::size_t>(1, 30)));
        break;
      case 3:
        bytes.insert(at, std::string(*rc::gen::inRange<std::size_t>(1, 12), '\xff'));
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] + *rc::gen::inRange(-2, 3));
    }
  }
  return bytes;
}

// What the format demands beyond what protobuf does.
bool isSound(const oracle::Aggregate& message) {
  for (const oracle::Part& part : message.records()) {
    if (part.partition_key_index() >= static_cast<std::uint64_t>(message.partition_key_table_size()))
      return false;
    if (!isUtf8(message.partition_key_table(static_cast<int>(part.partition_key_index())))) return false;
    if (!part.has_explicit_hash_key_index()) continue;
    if (part.explicit_hash_key_index() >= static_cast<std::uint64_t>(message.explicit_hash_key_table_size()))
      return false;
    if (!decimalHashKey(message.explicit_hash_key_table(static_cast<int>(part.explicit_hash_key_index()))))
      return false;
  }
  return true;
}

void checkParts(const KplReader& reader, const oracle::Aggregate& message) {
  const auto parts = reader.parts();
  RC_ASSERT(parts.size() == static_cast<std::size_t>(message.records_size()));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const oracle::Part& wanted = message.records(static_cast<int>(i));
    const std::string data(reinterpret_cast<const char*>(parts[i].data.data()), parts[i].data.size());
    RC_ASSERT(data == wanted.data());
    RC_ASSERT(parts[i].partitionKey ==
              message.partition_key_table(static_cast<int>(wanted.partition_key_index())));
    const std::string hashKey =
        wanted.has_explicit_hash_key_index()
            ? message.explicit_hash_key_table(static_cast<int>(wanted.explicit_hash_key_index()))
            : std::string();
    RC_ASSERT(parts[i].explicitHashKey == hashKey);
  }
}

void checkSame(const std::string& bytes) {
  // Exactly as large as it must be, so that a sanitizer sees a step outside.
  const std::string frame = kplFrame(bytes);
  const std::vector<char> exact(frame.begin(), frame.end());
  KplReader reader;
  const KplKind kind = reader.read(codec::bytesOf({exact.data(), exact.size()}));
  if (bytes.empty()) {
    RC_ASSERT(reader.fault() == KplFault::kTooShort);
    return;
  }
  // Groups are the one thing that protobuf skips and we refuse: no aggregator ever wrote one.
  if (reader.fault() == KplFault::kGroup) return;
  oracle::Aggregate message;
  const bool wanted = message.ParseFromString(bytes) && isSound(message);
  RC_ASSERT((kind == KplKind::kAggregate) == wanted);
  RC_ASSERT((reader.fault() == KplFault::kNone) == wanted);
  if (wanted) checkParts(reader, message);
}

RC_GTEST_PROP(KplProperty, ReadsWhatProtobufWrites, ()) {
  checkSame(bytesOf(anyAggregate()));
}

RC_GTEST_PROP(KplProperty, TakesAndRefusesTheSameChangedMessagesAsProtobuf, ()) {
  checkSame(mutated(bytesOf(anyAggregate())));
}

RC_GTEST_PROP(KplProperty, TakesAndRefusesTheSameNoiseAsProtobuf, ()) {
  checkSame(anyBytes(40));
}

RC_GTEST_PROP(KplProperty, EveryTruncationIsWhatProtobufSaysItIs, ()) {
  const std::string bytes = bytesOf(anyAggregate());
  for (std::size_t size = 1; size < bytes.size(); size += 1 + bytes.size() / 64)
    checkSame(bytes.substr(0, size));
}

}  // namespace
}  // namespace tidemill::codec
