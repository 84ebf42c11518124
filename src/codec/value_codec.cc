#include <exception>
#include <new>

#include "tidemill/codec.h"

namespace tidemill {

void Encoder::putVarint(std::uint64_t number) {
  char bytes[10];
  std::size_t count = 0;
  for (; number >= 0x80; number >>= 7) bytes[count++] = static_cast<char>(number | 0x80);
  bytes[count++] = static_cast<char>(number);
  out_.append(bytes, count);
}

std::uint64_t Decoder::takeVarint() {
  std::uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (left_.empty()) malformed("the bytes end inside a value");
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    const std::uint64_t bits = byte & 0x7f;
    // One way to write a number: no zeros at the end, nothing above 64 bits.
    if (shift == 63 && bits > 1) malformed("a number has more than 64 bits");
    if (byte == 0 && shift != 0) malformed("a number is longer than it needs to be");
    number |= bits << shift;
    if ((byte & 0x80) == 0) return number;
  }
  malformed("a number has more than 64 bits");
}

std::string_view Decoder::takeRaw(std::uint64_t count) {
  if (count > left_.size()) malformed("the bytes end inside a value");
  const std::string_view taken = left_.substr(0, static_cast<std::size_t>(count));
  left_.remove_prefix(static_cast<std::size_t>(count));
  return taken;
}

std::size_t Decoder::takeCount() {
  const std::uint64_t count = takeVarint();
  if (count > left_.size()) malformed("a length goes beyond the bytes");
  return static_cast<std::size_t>(count);
}

void Decoder::malformed(std::string what) {
  throw detail::MalformedValue(std::move(what));
}

void Decoder::finish() const {
  if (!left_.empty()) malformed(std::to_string(left_.size()) + " bytes are left over");
}

namespace detail {

void throwNewerVersion(std::string_view name, std::uint64_t found, std::uint32_t known) {
  throw MalformedValue(std::string(name) + " of version " + std::to_string(found) +
                       ", and this program knows 1 to " + std::to_string(known));
}

Error decodeFailure(std::string_view tag) {
  const std::string where = "bytes of a " + std::string(tag) + ": ";
  try {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const MalformedValue& malformed) {
    return Error(Code::kDamagedBlock, where + malformed.what(),
                 "they were written by another program, a newer one, or are damaged");
  } catch (const Error& error) {
    return error.within(where.substr(0, where.size() - 2));
  } catch (const std::exception& exception) {
    return Error(Code::kUserCodeFailed, where + exception.what(), "mend the decode() of the Codec");
  } catch (...) {
    return Error(Code::kUserCodeFailed, where + "an exception that is no std::exception",
                 "mend the decode() of the Codec");
  }
}

std::string numberTag(bool isFloating, bool isSigned, std::size_t bytes) {
  return (isFloating ? "f" : isSigned ? "i" : "u") + std::to_string(8 * bytes);
}

std::string joinedTag(std::string_view name, std::initializer_list<std::string> parts) {
  std::string tag(name);
  tag += '<';
  bool first = true;
  for (const std::string& part : parts) {
    if (!first) tag += ',';
    first = false;
    tag += part;
  }
  return tag + '>';
}

}  // namespace detail
}  // namespace tidemill
