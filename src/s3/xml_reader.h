// s3/xml_reader.h: the small part of XML that S3 answers in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::s3 {

struct XmlElement {
  std::string name;
  // Of an element without children, entities decoded.
  std::string text;
  std::vector<XmlElement> children;

  // The first child of that name, or null.
  const XmlElement* find(std::string_view child) const;
  // Its text; empty if there is none.
  std::string_view textOf(std::string_view child) const;
};

struct XmlLimits {
  std::size_t depthMax = 8;
  std::size_t elementsMax = 100'000;
};

// One document: a declaration, elements, attributes (which are checked and left out), the five entities and
// character references. What else XML has is refused: document types, which could name files and grow without
// end, CDATA, processing instructions, comments. kMalformedResponse: "the answer …".
Result<XmlElement> parseXml(std::string_view text, XmlLimits limits = {});

}  // namespace tidemill::s3
