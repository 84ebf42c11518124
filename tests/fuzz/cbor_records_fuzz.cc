// Feeds arbitrary bytes to the CBOR readers: GetRecords answers, strict and lenient, and the tree reader,
// which sees them without padding.
#include "codec/cbor_value.h"
#include "page_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill::codec;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  checkPage(readRecordsCbor(Body::copyOf(bytes), {}));
  checkPage(readRecordsCbor(Body::copyOf(bytes), {.lenient = true}));
  const auto value = parseCbor(bytes);
  if (!value) TIDEMILL_CHECK(value.error().code() == tidemill::Code::kMalformedResponse);
  return 0;
}
