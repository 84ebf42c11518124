// tidemill/sequence_number.h: the order of Kinesis sequence numbers.
#pragma once

#include <compare>
#include <string_view>

namespace tidemill {

// True for a decimal number of 1 to 129 digits without needless leading zeros: what Kinesis accepts.
bool isSequenceNumber(std::string_view text);

// Compares as integers, never as text: "9" comes before "10". Both must be sequence numbers; leading zeros
// are ignored.
std::strong_ordering compareSequenceNumbers(std::string_view a, std::string_view b);

}  // namespace tidemill
