#include "codec/kpl_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "codec/test_kpl.h"

namespace tidemill::codec {
namespace {

using testing::ElementsAre;

std::string dataOf(const KplPart& part) {
  return {reinterpret_cast<const char*>(part.data.data()), part.data.size()};
}

// What is wrong with an aggregated record of this message; kNone: it was read.
KplFault faultOf(std::string_view message) {
  KplReader reader;
  const std::string payload = kplFrame(message);
  const KplKind kind = reader.read(bytesOf(payload));
  EXPECT_EQ(kind == KplKind::kDamaged, reader.fault() != KplFault::kNone);
  EXPECT_TRUE(kind == KplKind::kAggregate || reader.parts().empty());
  return reader.fault();
}

// A message with one entry in each table and this part.
std::string withPart(std::string_view part) {
  return bytesField(1, "key") + bytesField(2, "17") + bytesField(3, part);
}

class KplReaderTest : public testing::Test {
 protected:
  KplKind read(std::string payload) {
    payload_ = std::move(payload);
    return reader_.read(bytesOf(payload_));
  }
  std::string payload_;
  KplReader reader_;
};

TEST_F(KplReaderTest, GivesThePartsInTheirOrderWithTheirKeys) {
  ASSERT_EQ(read(aggregateOf(
                {{"ann", "one"}, {"bob", "", "170141183460469231731687303715884105728"}, {"ann", "three"}})),
            KplKind::kAggregate);
  ASSERT_EQ(reader_.parts().size(), 3u);
  EXPECT_EQ(dataOf(reader_.parts()[0]), "one");
  EXPECT_EQ(reader_.parts()[0].partitionKey, "ann");
  EXPECT_EQ(reader_.parts()[0].explicitHashKey, "");
  EXPECT_EQ(dataOf(reader_.parts()[1]), "");
  EXPECT_EQ(reader_.parts()[1].partitionKey, "bob");
  EXPECT_EQ(reader_.parts()[1].explicitHashKey, "170141183460469231731687303715884105728");
  EXPECT_EQ(dataOf(reader_.parts()[2]), "three");
  EXPECT_EQ(reader_.parts()[2].partitionKey, "ann");
}

TEST_F(KplReaderTest, GivesViewsIntoThePayload) {
  ASSERT_EQ(read(aggregateOf({{"ann", "one"}})), KplKind::kAggregate);
  const char* const data = reinterpret_cast<const char*>(reader_.parts()[0].data.data());
  EXPECT_EQ(data - payload_.data(), static_cast<std::ptrdiff_t>(payload_.find("one")));
  EXPECT_EQ(reader_.parts()[0].partitionKey.data() - payload_.data(),
            static_cast<std::ptrdiff_t>(payload_.find("ann")));
}

// A megabyte with 80,000 parts would be stored, hashed and copied as 40 gigabytes.
TEST_F(KplReaderTest, RefusesKeysThatTakeManyTimesWhatTheMessageTakes) {
  const std::string key(10'000, 'k');
  const std::string zeros = std::string(10'000, '0') + "17";
  const std::vector<PartPlan> partitionKeys(5'000, {key, ""});
  const std::vector<PartPlan> hashKeys(5'000, {"k", "", zeros});
  for (const auto& parts : {partitionKeys, hashKeys}) {
    EXPECT_EQ(read(aggregateOf(parts)), KplKind::kDamaged);
    EXPECT_EQ(reader_.fault(), KplFault::kKeys);
    EXPECT_TRUE(reader_.parts().empty());
  }
  EXPECT_EQ(kplFaultName(KplFault::kKeys), "keys");
}

TEST_F(KplReaderTest, TakesTheLongestKeysThatKinesisTakesWithLittleData) {
  const std::vector<PartPlan> parts(5'000,
                                    {std::string(256, 'k'), "", "340282366920938463463374607431768211455"});
  ASSERT_EQ(read(aggregateOf(parts)), KplKind::kAggregate);
  EXPECT_EQ(reader_.parts().size(), 5'000u);
  // Of one part the key may be as long as it likes.
  EXPECT_EQ(read(aggregateOf({{std::string(500'000, 'k'), "data"}})), KplKind::kAggregate);
}

TEST_F(KplReaderTest, TakesPayloadsWithoutTheMagicAsPlain) {
  const std::string whole = aggregateOf({{"ann", "one"}});
  EXPECT_EQ(read(""), KplKind::kPlain);
  EXPECT_EQ(read("hello"), KplKind::kPlain);
  EXPECT_EQ(read(whole.substr(0, 3)), KplKind::kPlain);
  EXPECT_EQ(read(whole.substr(1)), KplKind::kPlain);
  EXPECT_EQ(read(std::string(4096, '\0')), KplKind::kPlain);
  EXPECT_EQ(read("\xf3\x89\x9a\xc3" + whole.substr(4)), KplKind::kPlain);
}

TEST_F(KplReaderTest, TakesTheMagicWithTooLittleBehindItAsDamaged) {
  const std::string magic = "\xf3\x89\x9a\xc2";
  for (std::size_t bytes = 0; bytes <= 16; ++bytes) {
    EXPECT_EQ(read(magic + std::string(bytes, 'x')), KplKind::kDamaged) << bytes;
    EXPECT_EQ(reader_.fault(), KplFault::kTooShort) << bytes;
  }
  EXPECT_EQ(read(magic + std::string(17, 'x')), KplKind::kDamaged);
  EXPECT_EQ(reader_.fault(), KplFault::kChecksum);
}

TEST_F(KplReaderTest, ChecksTheMd5OverTheMessageAloneAndBeforeItIsDecoded) {
  const std::string whole = aggregateOf({{"ann", "one"}});
  for (std::size_t at = 4; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    EXPECT_EQ(read(flipped), KplKind::kDamaged) << at;
    EXPECT_EQ(reader_.fault(), KplFault::kChecksum) << at;
    EXPECT_TRUE(reader_.parts().empty());
  }
  EXPECT_EQ(read(whole + "x"), KplKind::kDamaged);
  EXPECT_EQ(reader_.fault(), KplFault::kChecksum);
}

TEST_F(KplReaderTest, GivesNoPartsOfAnAggregateThatHasNone) {
  EXPECT_EQ(read(kplFrame(bytesField(1, "ann"))), KplKind::kAggregate);
  EXPECT_TRUE(reader_.parts().empty());
}

TEST_F(KplReaderTest, ForgetsTheRecordBefore) {
  ASSERT_EQ(read(aggregateOf({{"ann", "one"}, {"bob", "two"}})), KplKind::kAggregate);
  // Its index would be good in the tables of the record before.
  EXPECT_EQ(read(kplFrame(bytesField(1, "eve") + bytesField(3, partMessage(1, {}, "x")))), KplKind::kDamaged);
  EXPECT_EQ(reader_.fault(), KplFault::kIndex);
  EXPECT_EQ(read("plain"), KplKind::kPlain);
  EXPECT_TRUE(reader_.parts().empty());
  EXPECT_EQ(reader_.fault(), KplFault::kNone);
}

TEST_F(KplReaderTest, FindsTablesBehindTheParts) {
  const std::string part = partMessage(0, 0, "late");
  ASSERT_EQ(read(kplFrame(bytesField(3, part) + bytesField(2, "5") + bytesField(1, "ann"))),
            KplKind::kAggregate);
  EXPECT_EQ(reader_.parts()[0].partitionKey, "ann");
  EXPECT_EQ(reader_.parts()[0].explicitHashKey, "5");
}

TEST_F(KplReaderTest, TakesTheLastOfRepeatedSingleFields) {
  const std::string part = partMessage(9, 9, "first") + partMessage(0, 0, "last");
  ASSERT_EQ(read(kplFrame(withPart(part))), KplKind::kAggregate);
  EXPECT_EQ(dataOf(reader_.parts()[0]), "last");
  EXPECT_EQ(reader_.parts()[0].partitionKey, "key");
}

TEST_F(KplReaderTest, SkipsFieldsThatItDoesNotKnow) {
  const std::string fixed64 = varint(9 << 3 | 1) + std::string(8, 'x');
  const std::string fixed32 = varint(9 << 3 | 5) + std::string(4, 'x');
  const std::string unknown =
      numberField(8, 1) + bytesField(7, "?") + fixed64 + fixed32 + numberField(536870911, 1);
  ASSERT_EQ(read(kplFrame(unknown + withPart(unknown + partMessage(0, {}, "x") + unknown) + unknown)),
            KplKind::kAggregate);
  EXPECT_EQ(dataOf(reader_.parts()[0]), "x");
}

TEST_F(KplReaderTest, TakesAKnownNumberOfAnotherWireTypeAsUnknown) {
  const std::string odd = numberField(1, 7) + numberField(2, 7) + numberField(3, 7);
  const std::string part =
      bytesField(1, "odd") + bytesField(2, "odd") + numberField(3, 1) + numberField(4, 1);
  ASSERT_EQ(read(kplFrame(odd + withPart(part + partMessage(0, {}, "x")))), KplKind::kAggregate);
  EXPECT_EQ(reader_.parts()[0].partitionKey, "key");
  EXPECT_EQ(faultOf(withPart(part)), KplFault::kMissingField);
}

TEST_F(KplReaderTest, ReadsPastTags) {
  const std::string tag = bytesField(4, bytesField(1, "colour") + bytesField(2, "blue"));
  const std::string bare = bytesField(4, bytesField(1, ""));
  ASSERT_EQ(read(kplFrame(withPart(tag + partMessage(0, {}, "x") + bare))), KplKind::kAggregate);
  EXPECT_EQ(faultOf(withPart(partMessage(0, {}, "x") + bytesField(4, bytesField(2, "blue")))),
            KplFault::kMissingField);
  EXPECT_EQ(faultOf(withPart(partMessage(0, {}, "x") + bytesField(4, "\x0a\x05"))), KplFault::kTruncated);
}

TEST(KplFaults, APartNeedsPartitionKeyAndData) {
  EXPECT_EQ(faultOf(withPart(numberField(1, 0))), KplFault::kMissingField);
  EXPECT_EQ(faultOf(withPart(bytesField(3, "x"))), KplFault::kMissingField);
  EXPECT_EQ(faultOf(withPart("")), KplFault::kMissingField);
  EXPECT_EQ(faultOf(withPart(numberField(1, 0) + bytesField(3, "x"))), KplFault::kNone);
}

TEST(KplFaults, IndexesStayInsideTheirTables) {
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  // 2^32 would be 0 for a reader that cuts it to 32 bits, 2^64 - 1 would be -1.
  for (const std::uint64_t index : {std::uint64_t{1}, std::uint64_t{1} << 31, std::uint64_t{1} << 32, kAll}) {
    EXPECT_EQ(faultOf(withPart(partMessage(index, {}, "x"))), KplFault::kIndex) << index;
    EXPECT_EQ(faultOf(withPart(partMessage(0, index, "x"))), KplFault::kIndex) << index;
  }
  EXPECT_EQ(faultOf(bytesField(3, partMessage(0, {}, "x"))), KplFault::kIndex);
}

TEST(KplFaults, OneBadPartMakesAllOfItDamaged) {
  const std::string good = bytesField(3, partMessage(0, {}, "x"));
  EXPECT_EQ(faultOf(bytesField(1, "key") + good + good), KplFault::kNone);
  EXPECT_EQ(faultOf(bytesField(1, "key") + good + bytesField(3, partMessage(4, {}, "x"))), KplFault::kIndex);
}

TEST(KplFaults, HashKeysAreDecimalNumbersBelowTwoToThe128) {
  const auto faultOfKey = [](const std::string& key) { return faultOf(kplMessage({{"key", "x", key}})); };
  EXPECT_EQ(faultOfKey("0"), KplFault::kNone);
  EXPECT_EQ(faultOfKey("0007"), KplFault::kNone);
  EXPECT_EQ(faultOfKey("340282366920938463463374607431768211455"), KplFault::kNone);
  for (const char* wrong : {"", "340282366920938463463374607431768211456", "-1", "+1", " 1", "1 ", "0x10",
                            "1e3", "9999999999999999999999999999999999999999999999"}) {
    EXPECT_EQ(faultOfKey(wrong), KplFault::kHashKey) << wrong;
  }
  // Nobody refers to it.
  EXPECT_EQ(faultOf(bytesField(2, "none") + kplMessage({{"key", "x"}})), KplFault::kNone);
}

TEST(KplFaults, PartitionKeysAreText) {
  EXPECT_EQ(faultOf(kplMessage({{"ключ", "x"}})), KplFault::kNone);
  EXPECT_EQ(faultOf(kplMessage({{"\xff\xfe", "x"}})), KplFault::kPartitionKey);
  EXPECT_EQ(faultOf(bytesField(1, "key") + bytesField(1, "\xff") + bytesField(3, partMessage(0, {}, "x"))),
            KplFault::kNone);
}

TEST(KplFaults, EveryTruncationOfAMessageIsOne) {
  const std::string message = kplMessage({{"ann", "one", "5"}});
  std::size_t whole = 0;
  for (std::size_t size = 1; size < message.size(); ++size) {
    // Cut between two fields it is a shorter message, which lacks what the part refers to, or the part.
    KplReader reader;
    const std::string payload = kplFrame(message.substr(0, size));
    if (reader.read(bytesOf(payload)) == KplKind::kAggregate) {
      EXPECT_TRUE(reader.parts().empty());
      ++whole;
    }
  }
  EXPECT_EQ(whole, 2u);  // Behind either table.
}

TEST(KplFaults, LengthsAndNumbersAreHeldToTheirBounds) {
  EXPECT_EQ(faultOf(std::string("\x0a\x05") + "four"), KplFault::kTruncated);
  EXPECT_EQ(faultOf("\x0a\xff\xff\xff\xff\x7f"), KplFault::kTruncated);   // Beyond 2^31.
  EXPECT_EQ(faultOf("\x0a\xff\xff\xff\xff\xff\x01"), KplFault::kNumber);  // A length of six bytes.
  EXPECT_EQ(faultOf("\x40" + std::string(9, '\xff') + "\x01"), KplFault::kNone);
  EXPECT_EQ(faultOf("\x40" + std::string(10, '\xff') + "\x01"), KplFault::kNumber);
  EXPECT_EQ(faultOf(std::string(6, '\xff')), KplFault::kNumber);  // A tag of six bytes.
  EXPECT_EQ(faultOf("\xff"), KplFault::kTruncated);
  EXPECT_EQ(faultOf("\x0d\x01\x02\x03"), KplFault::kTruncated);
  EXPECT_EQ(faultOf("\x09\x01\x02\x03\x04\x05\x06\x07"), KplFault::kTruncated);
}

TEST(KplFaults, GroupsAndFieldsThatCannotBeAreRefused) {
  EXPECT_EQ(faultOf("\x4b\x4c"), KplFault::kGroup);  // Field 9 begins and ends.
  EXPECT_EQ(faultOf("\x4c"), KplFault::kGroup);
  EXPECT_EQ(faultOf(std::string(10'000, '\x4b')), KplFault::kGroup);  // Nested as deep as it is long.
  EXPECT_EQ(faultOf(std::string_view("\x00\x00", 2)), KplFault::kField);
  EXPECT_EQ(faultOf("\x02\x01x"), KplFault::kField);
  EXPECT_EQ(faultOf("\x0e"), KplFault::kField);
  EXPECT_EQ(faultOf("\x0f"), KplFault::kField);
}

TEST(KplFaults, EachHasAName) {
  for (int fault = 0; fault <= static_cast<int>(KplFault::kKeys); ++fault) {
    EXPECT_NE(kplFaultName(static_cast<KplFault>(fault)), "unknown") << fault;
  }
}

TEST_F(KplReaderTest, HoldsAsManyPartsAsFitOneRecord) {
  const std::string part = bytesField(3, partMessage(0, {}, ""));
  std::string message = bytesField(1, "");
  constexpr std::size_t kParts = 174'000;  // 1 MiB of the smallest parts.
  for (std::size_t i = 0; i < kParts; ++i) message += part;
  EXPECT_EQ(read(kplFrame(message)), KplKind::kAggregate);
  EXPECT_EQ(reader_.parts().size(), kParts);
}

// md5("a") = 0cc175b9…, md5("b") = 92eb5ffe…: on either side of the middle.
TEST_F(KplReaderTest, CountsPartsOutsideOfARangeByTheirEffectiveHash) {
  constexpr HashKey kMiddle = HashKey{1} << 127;
  const HashRange low{0, kMiddle - 1};
  const HashRange high{kMiddle, ~HashKey{0}};
  ASSERT_EQ(read(aggregateOf({{"a", "1"}, {"b", "2"}, {"b", "3", "0"}, {"a", "4"}})), KplKind::kAggregate);
  EXPECT_EQ(reader_.partsOutside(low), 1u);  // "b" by its MD5; the second "b" has a key of its own.
  EXPECT_EQ(reader_.partsOutside(high), 3u);
  EXPECT_EQ(reader_.partsOutside({}), 0u);
}

TEST_F(KplReaderTest, CountsPartsOutsideOfARangeHoweverManyKeysThereAre) {
  const HashRange low{0, (HashKey{1} << 127) - 1};
  std::vector<PartPlan> parts;
  std::size_t outside = 0;
  for (int i = 0; i < 300; ++i) {
    // Each key twice, the second time far from the first.
    const std::string key = "key " + std::to_string(i % 150);
    parts.push_back({key, "x"});
    if (!low.holds(hashKeyOf(md5(key)))) ++outside;
    ASSERT_EQ(read(aggregateOf(parts)), KplKind::kAggregate);
    ASSERT_EQ(reader_.partsOutside(low), outside) << parts.size() << " parts";
  }
}

TEST_F(KplReaderTest, CountsTheEndsOfARangeAsInside) {
  ASSERT_EQ(read(aggregateOf({{"a", "1", "10"}, {"a", "2", "20"}})), KplKind::kAggregate);
  EXPECT_EQ(reader_.partsOutside({10, 20}), 0u);
  EXPECT_EQ(reader_.partsOutside({11, 20}), 1u);
  EXPECT_EQ(reader_.partsOutside({10, 19}), 1u);
}

TEST(HashRangeOf, NeedsBothEnds) {
  EXPECT_TRUE(hashRangeOf("0", "340282366920938463463374607431768211455"));
  EXPECT_FALSE(hashRangeOf("", "5"));
  EXPECT_FALSE(hashRangeOf("5", ""));
  EXPECT_FALSE(hashRangeOf("5", "x"));
  EXPECT_EQ(hashKeyOf(md5("a")), decimalHashKey("16955237001963240173058271559858726497"));  // 0cc175b9…61
}

}  // namespace
}  // namespace tidemill::codec
