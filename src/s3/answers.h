// s3/answers.h: what S3 answers, out of its XML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemill/result.h"

namespace tidemill::s3 {

// One page of a list.
struct ListPage {
  std::vector<std::string> keys;
  // What several keys have in common up to the delimiter, delimiter included.
  std::vector<std::string> commonPrefixes;
  // Asks for the next page; nothing: this was the last one.
  std::optional<std::string> nextToken;
};

// Strict: a page that says that it goes on and not how is refused. kMalformedResponse.
Result<ListPage> readListPage(std::string_view body);

// A refusal as its body tells it; all empty if it is none of S3's.
struct RefusalWords {
  std::string code;     // "NoSuchBucket"
  std::string message;  // As it came: not safe to print.
  std::string region;   // Of the bucket, if the request went to another one.
  std::string endpoint;
};
RefusalWords readRefusal(std::string_view body);

}  // namespace tidemill::s3
