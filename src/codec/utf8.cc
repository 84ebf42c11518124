#include "codec/utf8.h"

namespace tidemill::codec {
namespace {

unsigned byteAt(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool areContinuations(std::string_view text, std::size_t size) {
  if (text.size() < size) return false;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byteAt(text, i) & 0xc0) != 0x80) return false;
  }
  return true;
}

}  // namespace

std::size_t utf8SequenceSize(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned first = byteAt(text, 0);
  if (first < 0x80) return 1;
  // Below c2 stand continuations and overlong forms, above f4 what no code point needs.
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (!areContinuations(text, size)) return 0;
  // The second byte tells overlong forms (e0, f0), surrogates (ed) and what lies beyond U+10FFFF (f4).
  const unsigned second = byteAt(text, 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return size;
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8SequenceSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace tidemill::codec
