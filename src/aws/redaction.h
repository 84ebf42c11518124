// aws/redaction.h: takes what is secret out of text that somebody else wrote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tidemill/secret.h"

namespace tidemill::aws {

// A server or proxy that repeats what it was sent must not put our secrets into messages and logs. Not only
// whole secrets are found but any 12 characters of one in a row: an answer may be cut, wrapped, or escape
// some characters. Secrets below 8 characters are let through: "test" is a word. A plain value.
class Redaction {
 public:
  explicit Redaction(std::vector<Secret> secrets) : secrets_(std::move(secrets)) {}

  // `text` with "[secret]" in place of each stretch of a secret.
  std::string operator()(std::string_view text) const;

 private:
  std::vector<Secret> secrets_;
};

}  // namespace tidemill::aws
