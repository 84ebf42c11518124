// Feeds arbitrary bytes to the readers of DynamoDB's answers: items, pages, tables, refusals.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dynamo/answers.h"
#include "dynamo/attribute_json.h"

namespace tidemill::dynamo {
namespace {

template <class T>
void checkRefusal(const Result<T>& answer) {
  if (!answer) TIDEMILL_CHECK(answer.error().code() == Code::kMalformedResponse);
}

// What was read can be sent, and is read as the same again.
void checkItem(const Item& item) {
  const Result<Item> again = parseItem(formatItem(item));
  TIDEMILL_CHECK(again && *again == item);
}

void checkPage(const Result<ScanPage>& page) {
  checkRefusal(page);
  if (!page) return;
  for (const Item& item : page->items) checkItem(item);
  TIDEMILL_CHECK(!page->lastEvaluatedKey || !page->lastEvaluatedKey->empty());
}

}  // namespace
}  // namespace tidemill::dynamo

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::dynamo;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  checkPage(readScan(bytes));
  const auto item = readGetItem(bytes);
  checkRefusal(item);
  if (item && *item) checkItem(**item);
  const auto written = readWrite(bytes);
  checkRefusal(written);
  if (written) TIDEMILL_CHECK(written->applied);
  TIDEMILL_CHECK(!readRefusedWrite(bytes).applied);
  checkRefusal(readTableDescription(bytes, "Table"));
  checkRefusal(readTableDescription(bytes, "TableDescription"));
  return 0;
}
