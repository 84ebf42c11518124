#include "fake/dynamo_number.h"

#include <algorithm>

#include "fake/dynamo_value.h"

namespace tidemill::fake {
namespace {

constexpr std::size_t kDigitsMax = 38;
constexpr int kMagnitudeMax = 125;
constexpr int kMagnitudeMin = -130;
// Where an exponent stops growing: far outside the range, far inside an int together with any text's length.
constexpr int kExponentCap = 100'000'000;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

tl::unexpected<ServiceError> notNumeric(std::string_view text) {
  std::string message = "The parameter cannot be converted to a numeric value";
  if (!text.empty()) message.append(": ").append(text);
  return invalidRequest(std::move(message));
}

// Both of the same length: a + b or, where a >= b, a - b.
std::string addDigits(const std::string& a, const std::string& b) {
  std::string sum(a.size() + 1, '0');
  int carry = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    const int digit = (a[i] - '0') + (b[i] - '0') + carry;
    sum[i + 1] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  sum[0] = static_cast<char>('0' + carry);
  return sum;
}

std::string subtractDigits(const std::string& a, const std::string& b) {
  std::string difference(a.size(), '0');
  int borrow = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    int digit = a[i] - b[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    if (digit < 0) digit += 10;
    difference[i] = static_cast<char>('0' + digit);
  }
  return difference;
}

}  // namespace

Outcome<DynamoNumber> DynamoNumber::parse(std::string_view text) {
  DynamoNumber number;
  std::string_view rest = text;
  const auto take = [&rest](char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  };
  const auto takeDigits = [&rest] {
    const auto end = std::find_if_not(rest.begin(), rest.end(), isDigit);
    const std::string_view digits = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(digits.size());
    return digits;
  };
  number.negative_ = take('-');
  if (!number.negative_) take('+');
  const std::string_view whole = takeDigits();
  const std::string_view fraction = take('.') ? takeDigits() : std::string_view();
  if (whole.empty() && fraction.empty()) return notNumeric(text);
  int exponent = 0;
  if (take('e') || take('E')) {
    const bool negative = take('-');
    if (!negative) take('+');
    const std::string_view digits = takeDigits();
    if (digits.empty()) return notNumeric(text);
    for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kExponentCap);
    if (negative) exponent = -exponent;
  }
  if (!rest.empty()) return notNumeric(text);
  number.digits_.append(whole).append(fraction);
  number.exponent_ = exponent - static_cast<int>(fraction.size());
  return number.checked();
}

DynamoNumber DynamoNumber::ofCount(std::size_t count) {
  DynamoNumber number;
  number.digits_ = std::to_string(count);
  return *number.checked();
}

Outcome<DynamoNumber> DynamoNumber::checked() const {
  DynamoNumber number = *this;
  const std::size_t first = number.digits_.find_first_not_of('0');
  if (first == std::string::npos) return DynamoNumber();
  number.digits_.erase(0, first);
  const std::size_t last = number.digits_.find_last_not_of('0');
  number.exponent_ += static_cast<int>(number.digits_.size() - 1 - last);
  number.digits_.erase(last + 1);
  if (number.magnitude() > kMagnitudeMax) {
    return invalidRequest(
        "Number overflow. Attempting to store a number with magnitude larger than supported range");
  }
  if (number.magnitude() < kMagnitudeMin) {
    return invalidRequest(
        "Number underflow. Attempting to store a number with magnitude smaller than supported range");
  }
  if (number.digits_.size() > kDigitsMax) {
    return invalidRequest("Attempting to store more than 38 significant digits in a Number");
  }
  return number;
}

std::string DynamoNumber::text() const {
  if (digits_.empty()) return "0";
  std::string text = negative_ ? "-" : "";
  if (exponent_ >= 0) {
    text += digits_;
    text.append(static_cast<std::size_t>(exponent_), '0');
  } else if (magnitude() >= 0) {
    const auto whole = static_cast<std::size_t>(magnitude()) + 1;
    text.append(digits_, 0, whole).append(".").append(digits_, whole);
  } else {
    text += "0.";
    text.append(static_cast<std::size_t>(-magnitude() - 1), '0').append(digits_);
  }
  return text;
}

std::size_t DynamoNumber::sizeBytes() const {
  if (digits_.empty()) return 1;
  // Digits are stored in pairs around the point: an even count at an even power straddles one pair more.
  const bool straddles = digits_.size() % 2 == 0 && magnitude() % 2 == 0;
  return 1 + (digits_.size() + 1) / 2 + (straddles ? 1 : 0) + (negative_ ? 1 : 0);
}

DynamoNumber DynamoNumber::negated() const {
  DynamoNumber number = *this;
  if (!digits_.empty()) number.negative_ = !negative_;
  return number;
}

Outcome<DynamoNumber> DynamoNumber::plus(const DynamoNumber& other) const {
  if (digits_.empty()) return other;
  if (other.digits_.empty()) return *this;
  // At most 256 powers of ten and 38 digits lie between the ends of the two.
  const int low = std::min(exponent_, other.exponent_);
  const int high = std::max(magnitude(), other.magnitude());
  const auto aligned = [&](const DynamoNumber& number) {
    std::string digits(static_cast<std::size_t>(high - number.magnitude()), '0');
    digits += number.digits_;
    digits.append(static_cast<std::size_t>(number.exponent_ - low), '0');
    return digits;
  };
  DynamoNumber sum;
  sum.exponent_ = low;
  if (negative_ == other.negative_) {
    sum.negative_ = negative_;
    sum.digits_ = addDigits(aligned(*this), aligned(other));
  } else {
    const bool larger = compareMagnitudes(*this, other) > 0;
    sum.negative_ = larger ? negative_ : other.negative_;
    sum.digits_ = larger ? subtractDigits(aligned(*this), aligned(other))
                         : subtractDigits(aligned(other), aligned(*this));
  }
  return sum.checked();
}

Outcome<DynamoNumber> DynamoNumber::minus(const DynamoNumber& other) const {
  return plus(other.negated());
}

std::strong_ordering DynamoNumber::compareMagnitudes(const DynamoNumber& a, const DynamoNumber& b) {
  if (a.digits_.empty() || b.digits_.empty()) return a.digits_.size() <=> b.digits_.size();
  if (a.magnitude() != b.magnitude()) return a.magnitude() <=> b.magnitude();
  // The leading digits stand for the same power; a prefix is the smaller one, as nothing ends in zeros.
  return a.digits_ <=> b.digits_;
}

std::strong_ordering DynamoNumber::operator<=>(const DynamoNumber& other) const {
  if (negative_ != other.negative_)
    return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  return negative_ ? compareMagnitudes(other, *this) : compareMagnitudes(*this, other);
}

}  // namespace tidemill::fake
