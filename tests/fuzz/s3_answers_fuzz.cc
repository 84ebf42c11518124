// Feeds arbitrary bodies to the readers of S3's XML. A list that is believed has names of a usable size and
// says how it goes on; text that is read as XML once is XML again when it is written out.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "codec/utf8.h"
#include "s3/answers.h"
#include "s3/xml_reader.h"

namespace tidemill::s3 {
namespace {

void write(const XmlElement& element, std::string& text) {
  text.append("<").append(element.name).append(">");
  for (const char c : element.text) {
    if (c == '<' || c == '&') {
      text += c == '<' ? "&lt;" : "&amp;";
    } else {
      text += c;
    }
  }
  for (const XmlElement& child : element.children) write(child, text);
  text.append("</").append(element.name).append(">");
}

bool same(const XmlElement& a, const XmlElement& b) {
  if (a.name != b.name || a.text != b.text || a.children.size() != b.children.size()) return false;
  for (std::size_t i = 0; i < a.children.size(); ++i)
    if (!same(a.children[i], b.children[i])) return false;
  return true;
}

}  // namespace
}  // namespace tidemill::s3

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tidemill;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto root = s3::parseXml(body)) {
    std::string text;
    s3::write(*root, text);
    TIDEMILL_CHECK(codec::isUtf8(text));
    const auto again = s3::parseXml(text);
    TIDEMILL_CHECK(again.has_value());
    TIDEMILL_CHECK(s3::same(*root, *again));
  }
  if (const auto page = s3::readListPage(body)) {
    for (const std::string& key : page->keys) TIDEMILL_CHECK(!key.empty() && key.size() <= 1024);
    TIDEMILL_CHECK(!page->nextToken || !page->nextToken->empty());
  }
  s3::readRefusal(body);
  return 0;
}
