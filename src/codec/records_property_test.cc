// Properties of the readers over random pages. RapidCheck prints the seed of a failure and shrinks the page.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "codec/base64.h"
#include "codec/base64_simd.h"
#include "codec/cbor_value.h"
#include "codec/records_page.h"
#include "codec/test_pages.h"

namespace tidemill::codec {
namespace {

// The same pages in every run; RC_PARAMS in the environment explores others.
[[maybe_unused]] const int kSeedIsFixed = setenv("RC_PARAMS", "seed=20261123", /*overwrite=*/0);

rc::Gen<std::string> sequenceNumbers() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 130), rc::gen::arbitrary<std::uint64_t>()),
                      [](const std::pair<int, std::uint64_t>& sizeAndSeed) {
                        std::string digits;
                        std::uint64_t state = sizeAndSeed.second;
                        for (int i = 0; i < sizeAndSeed.first; ++i) {
                          state = state * 6364136223846793005u + 1442695040888963407u;
                          digits += static_cast<char>('0' + (state >> 33) % 10);
                        }
                        if (digits.front() == '0') digits.front() = '7';
                        return digits;
                      });
}

// Text with everything that a writer must escape or leave alone.
rc::Gen<std::string> texts() {
  const auto parts = rc::gen::container<std::vector<std::string>>(
      rc::gen::elementOf(std::vector<std::string>{"a", "Z", "0", "\"", "\\", "/", "\n", "\x01", "\x7f", "é",
                                                  "ключ", "😀", " ", "\\u0041", std::string(1, '\0')}));
  return rc::gen::map(parts, [](const std::vector<std::string>& all) {
    std::string text;
    for (const auto& part : all) text += part;
    return text;
  });
}

rc::Gen<RecordPlan> recordPlans() {
  // Within the years 0 to 9999: what a JSON number of seconds is ever used for.
  constexpr std::int64_t kMin = -62'135'596'800'000;
  constexpr std::int64_t kMax = 253'402'300'799'999;
  return rc::gen::build<RecordPlan>(
      rc::gen::set(&RecordPlan::sequenceNumber, sequenceNumbers()),
      rc::gen::set(&RecordPlan::milliseconds, rc::gen::inRange<std::int64_t>(kMin, kMax)),
      rc::gen::set(&RecordPlan::data), rc::gen::set(&RecordPlan::partitionKey, texts()));
}

rc::Gen<PagePlan> pagePlans() {
  return rc::gen::build<PagePlan>(
      rc::gen::set(&PagePlan::records, rc::gen::container<std::vector<RecordPlan>>(recordPlans())),
      rc::gen::set(&PagePlan::nextShardIterator,
                   rc::gen::map(rc::gen::pair(rc::gen::arbitrary<bool>(), texts()),
                                [](const std::pair<bool, std::string>& maybe) {
                                  return maybe.first ? std::optional(maybe.second) : std::nullopt;
                                })),
      rc::gen::set(&PagePlan::millisBehindLatest,
                   rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max())));
}

void checkSame(const PagePlan& plan, const Result<RecordsPage>& page) {
  RC_ASSERT(page.has_value());
  RC_ASSERT(page->records.size() == plan.records.size());
  for (std::size_t i = 0; i < plan.records.size(); ++i) {
    const RecordPlan& wanted = plan.records[i];
    const Record& record = page->records[i];
    RC_ASSERT(record.sequenceNumber == wanted.sequenceNumber);
    RC_ASSERT(record.approximateArrivalTimestamp.time_since_epoch().count() == wanted.milliseconds);
    RC_ASSERT(record.text() == wanted.data);
    RC_ASSERT(record.partitionKey == wanted.partitionKey);
  }
  RC_ASSERT(page->nextShardIterator == plan.nextShardIterator);
  RC_ASSERT(page->millisBehindLatest == plan.millisBehindLatest);
}

bool isWithin(std::string_view part, const std::shared_ptr<const Body>& whole) {
  if (whole == nullptr) return false;
  const char* const begin = whole->view().data();
  return part.data() >= begin && part.data() + part.size() <= begin + whole->size();
}

// Whatever was read must lie in memory that the page keeps alive.
void checkViews(const Result<RecordsPage>& page) {
  if (!page) {
    RC_ASSERT(page.error().code() == Code::kMalformedResponse);
    return;
  }
  for (const Record& record : page->records) {
    for (const std::string_view view : {record.text(), record.partitionKey, record.sequenceNumber}) {
      RC_ASSERT(isWithin(view, page->body) || isWithin(view, page->arena));
    }
  }
}

std::string flipped(std::string bytes) {
  const int flips = *rc::gen::inRange(1, 6);
  for (int i = 0; i < flips && !bytes.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<char>();
  }
  return bytes;
}

RC_GTEST_PROP(RecordsProperty, CborReadsBackWhatWasWritten, ()) {
  const auto plan = *pagePlans();
  checkSame(plan, readRecordsCbor(Body::copyOf(writeCbor(plan)), {}));
  checkSame(plan, readRecordsCbor(Body::copyOf(writeCbor(plan)), {.lenient = true}));
}

RC_GTEST_PROP(RecordsProperty, JsonReadsBackWhatWasWritten, ()) {
  const auto plan = *pagePlans();
  checkSame(plan, readRecordsJson(Body::copyOf(writeJson(plan)), {}));
}

RC_GTEST_PROP(RecordsProperty, EveryTruncationIsAnError, ()) {
  // Small pages: the work grows with the square of their size.
  const auto plan = *rc::gen::resize(15, pagePlans());
  const std::string cbor = writeCbor(plan);
  const std::string json = writeJson(plan);
  for (std::size_t size = 0; size < cbor.size(); ++size) {
    RC_ASSERT_FALSE(readRecordsCbor(Body::copyOf(cbor.substr(0, size)), {}).has_value());
  }
  for (std::size_t size = 0; size < json.size(); ++size) {
    RC_ASSERT_FALSE(readRecordsJson(Body::copyOf(json.substr(0, size)), {}).has_value());
  }
}

RC_GTEST_PROP(RecordsProperty, FlippedBytesNeverCrash, ()) {
  const auto plan = *pagePlans();
  for (const bool lenient : {false, true}) {
    checkViews(readRecordsCbor(Body::copyOf(flipped(writeCbor(plan))), {.lenient = lenient}));
    checkViews(readRecordsJson(Body::copyOf(flipped(writeJson(plan))), {.lenient = lenient}));
  }
}

// parseCbor() takes bytes without padding, so a sanitizer sees the scanner's smallest step outside.
RC_GTEST_PROP(RecordsProperty, TheTreeReaderNeverLeavesItsBytes, ()) {
  const std::string bytes = writeCbor(*pagePlans());
  const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2));
  RC_ASSERT_FALSE(parseCbor({cut.data(), cut.size()}).has_value());
  const std::string changed = flipped(bytes);
  const std::vector<char> exact(changed.begin(), changed.end());
  static_cast<void>(parseCbor({exact.data(), exact.size()}));
}

RC_GTEST_PROP(Base64Property, DecodesWhatWasEncoded, (const std::string& seed)) {
  std::string bytes;
  const int times = *rc::gen::inRange(0, 20);
  for (int i = 0; i < times; ++i) bytes += seed;
  const std::string text = encodeBase64(bytes);
  std::vector<char> out(decodedBase64Max(text.size()));
  const auto size = decodeBase64(text, out.data());
  RC_ASSERT(size.has_value());
  RC_ASSERT(std::string_view(out.data(), *size) == bytes);
}

RC_GTEST_PROP(Base64Property, TheFastWayAgreesWithTheTables, ()) {
  std::string bytes(*rc::gen::inRange<std::size_t>(0, 300), '\0');
  for (char& c : bytes) c = *rc::gen::arbitrary<char>();
  std::string text = encodeBase64(bytes);
  if (*rc::gen::arbitrary<bool>()) text = flipped(text);
  std::vector<char> fast(decodedBase64Max(text.size()));
  std::vector<char> slow(decodedBase64Max(text.size()));
  const auto fastSize = decodeBase64(text, fast.data());
  const auto slowSize = decodeBase64Scalar(text, slow.data());
  RC_ASSERT(fastSize == slowSize);
  if (fastSize)
    RC_ASSERT(std::string_view(fast.data(), *fastSize) == std::string_view(slow.data(), *slowSize));
}

}  // namespace
}  // namespace tidemill::codec
