// fake/dynamo_number.h: DynamoDB's numbers, exact decimals of 38 digits.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "fake/service_error.h"

namespace tidemill::fake {

// (-1)^negative * digits * 10^exponent. Immutable; zero has one form and no sign.
class DynamoNumber {
 public:
  DynamoNumber() = default;

  // From the text of an `N` attribute: sign, digits, point and exponent, as "-1.50E3". Refused as AWS refuses
  // it: other text, more than 38 significant digits, magnitude outside [1E-130, 9.99…E125].
  static Outcome<DynamoNumber> parse(std::string_view text);
  static DynamoNumber ofCount(std::size_t count);

  // As AWS prints it: without exponent, without needless zeros.
  std::string text() const;
  // Of the stored number: about a byte for two digits, one more, one for the sign.
  std::size_t sizeBytes() const;

  // Refused when the exact result needs more than 38 digits or leaves the range.
  Outcome<DynamoNumber> plus(const DynamoNumber& other) const;
  Outcome<DynamoNumber> minus(const DynamoNumber& other) const;

  std::strong_ordering operator<=>(const DynamoNumber& other) const;
  bool operator==(const DynamoNumber& other) const = default;

 private:
  Outcome<DynamoNumber> checked() const;
  DynamoNumber negated() const;
  // Power of ten of the leading digit.
  int magnitude() const { return exponent_ + static_cast<int>(digits_.size()) - 1; }
  static std::strong_ordering compareMagnitudes(const DynamoNumber& a, const DynamoNumber& b);

  bool negative_ = false;
  // Without zeros at either end; empty is zero.
  std::string digits_;
  int exponent_ = 0;
};

}  // namespace tidemill::fake
