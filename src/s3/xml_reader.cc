#include "s3/xml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/text.h"
#include "codec/utf8.h"

namespace tidemill::s3 {
namespace {

constexpr std::size_t kNameMax = 128;
constexpr std::size_t kEntityMax = 10;

struct Entity {
  std::string_view name;
  char value;
};
constexpr std::array kEntities =
    std::to_array<Entity>({{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}});

bool isSpace(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == ':';
}

void appendUtf8(std::string& text, std::uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xc0 | (point >> 6));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    text += static_cast<char>(0xe0 | (point >> 12));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (point >> 18));
    text += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
}

// "#38" and "#x26", without the ampersand and the semicolon. S3 writes control characters of keys so.
std::optional<std::uint32_t> characterOf(std::string_view reference) {
  reference.remove_prefix(1);
  const bool hex = reference.starts_with('x');
  if (hex) reference.remove_prefix(1);
  if (reference.empty()) return std::nullopt;
  std::uint32_t point = 0;
  for (const char c : reference) {
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (hex && c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    if (hex && c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    const std::uint32_t base = hex ? 16 : 10;
    if (digit >= base) return std::nullopt;
    point = point * base + digit;
    if (point > 0x10ffff) return std::nullopt;
  }
  if (point == 0 || (point >= 0xd800 && point < 0xe000)) return std::nullopt;
  return point;
}

// One pass over a document. The first problem ends it: every function gives false from then on.
class Reader {
 public:
  Reader(std::string_view text, XmlLimits limits) : text_(text), limits_(limits) {}

  Result<XmlElement> read() {
    XmlElement root;
    if (document(root)) return root;
    return fail(Code::kMalformedResponse,
                fmt::format("the answer is not the XML that was expected: {} at byte {}", problem_, at_));
  }

 private:
  bool document(XmlElement& root) {
    if (!codec::isUtf8(text_)) return wrong("it is not UTF-8");
    skipSpace();
    if (take("<?xml")) {
      const auto end = text_.find("?>", at_);
      if (end == std::string_view::npos) return wrong("a declaration without an end");
      at_ = end + 2;
    }
    skipSpace();
    if (!element(root, 1)) return false;
    skipSpace();
    return at_ == text_.size() || wrong("something after the last element");
  }

  bool element(XmlElement& into, std::size_t depth) {
    if (depth > limits_.depthMax) return wrong("elements nested too deep");
    if (++elements_ > limits_.elementsMax) return wrong("too many elements");
    if (!take("<") || !name(into.name)) return wrong("no element");
    bool empty = false;
    if (!attributes(empty)) return false;
    return empty || content(into, depth);
  }

  // Up to the end of the tag. They say nothing here that matters: namespaces, types.
  bool attributes(bool& empty) {
    for (;;) {  // Each round takes an attribute.
      const bool space = skipSpace();
      if (take("/>")) return empty = true;
      if (take(">")) return true;
      std::string attribute;
      if (!space || !name(attribute)) return wrong("an element that does not end");
      skipSpace();
      if (!take("=")) return wrong("an attribute without a value");
      skipSpace();
      const char quote = at_ < text_.size() ? text_[at_] : '\0';
      if (quote != '"' && quote != '\'') return wrong("an attribute without quotes");
      const auto end = text_.find(quote, at_ + 1);
      if (end == std::string_view::npos) return wrong("an attribute that does not end");
      if (text_.substr(at_, end - at_).find('<') != std::string_view::npos)
        return wrong("a < in an attribute");
      at_ = end + 1;
    }
  }

  bool content(XmlElement& into, std::size_t depth) {
    for (;;) {  // Each round takes text, or an element.
      if (!characters(into.text)) return false;
      if (take("</")) break;
      if (!blank(into.text)) return wrong("text beside elements");
      into.text.clear();
      if (!element(into.children.emplace_back(), depth + 1)) return false;
    }
    std::string closed;
    if (!name(closed) || closed != into.name) return wrong("an element closed by another name");
    skipSpace();
    if (!take(">")) return wrong("an element that does not end");
    if (into.children.empty()) return true;
    if (!blank(into.text)) return wrong("text beside elements");
    into.text.clear();
    return true;
  }

  // Up to the next tag.
  bool characters(std::string& into) {
    while (at_ < text_.size() && text_[at_] != '<') {
      if (text_[at_] != '&') {
        into += text_[at_++];
        continue;
      }
      const auto end = text_.find(';', at_);
      if (end == std::string_view::npos || end - at_ > kEntityMax)
        return wrong("an entity that does not end");
      if (!entity(text_.substr(at_ + 1, end - at_ - 1), into)) return wrong("an unknown entity");
      at_ = end + 1;
    }
    return at_ < text_.size() || wrong("it ends within an element");
  }

  static bool entity(std::string_view named, std::string& into) {
    if (named.starts_with('#')) {
      const auto point = characterOf(named);
      if (point) appendUtf8(into, *point);
      return point.has_value();
    }
    const auto found = std::find_if(kEntities.begin(), kEntities.end(),
                                    [&](const Entity& known) { return known.name == named; });
    if (found == kEntities.end()) return false;
    into += found->value;
    return true;
  }

  bool name(std::string& into) {
    const auto from = at_;
    while (at_ < text_.size() && isNameCharacter(text_[at_])) ++at_;
    into = text_.substr(from, at_ - from);
    return !into.empty() && into.size() <= kNameMax;
  }

  bool take(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }
  bool skipSpace() {
    const auto from = at_;
    while (at_ < text_.size() && isSpace(text_[at_])) ++at_;
    return at_ != from;
  }
  static bool blank(std::string_view text) { return std::all_of(text.begin(), text.end(), isSpace); }
  bool wrong(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
    return false;
  }

  const std::string_view text_;
  const XmlLimits limits_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
  std::string_view problem_;
};

}  // namespace

const XmlElement* XmlElement::find(std::string_view child) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const XmlElement& one) { return one.name == child; });
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::textOf(std::string_view child) const {
  const XmlElement* found = find(child);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<XmlElement> parseXml(std::string_view text, XmlLimits limits) {
  return Reader(text, limits).read();
}

}  // namespace tidemill::s3
