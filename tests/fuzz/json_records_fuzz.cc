// Feeds arbitrary bytes to the JSON reader of GetRecords answers, strict and lenient.
#include "page_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::codec;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  checkPage(readRecordsJson(Body::copyOf(bytes), {}));
  checkPage(readRecordsJson(Body::copyOf(bytes), {.lenient = true}));
  return 0;
}
