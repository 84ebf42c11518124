// stream/block_number.h: the number that ends the id of a block.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/text.h"

namespace tidemill::stream {

// Of an id such as input-0-1764201600123; 0 where there is none.
inline std::uint64_t blockNumberOf(std::string_view id) {
  const auto number = base::parseInteger(id.substr(id.rfind('-') + 1));
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

}  // namespace tidemill::stream
