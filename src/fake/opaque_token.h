// fake/opaque_token.h: texts that a client must hand back unread: shard iterators and paging tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tidemill::fake {

// Seals a payload into base64 that looks different each time, and refuses whatever it did not seal. A guard
// against clients that look inside, not against attackers.
class OpaqueTokens {
 public:
  explicit OpaqueTokens(base::Random random);

  // The bytes before base64 are the version 0000000000000001 and then `size` - 8 others. The payload must
  // fit: at most `size` - 24 bytes, none of them NUL.
  std::string seal(std::string_view payload, std::size_t size);

  // Surrounding double quotes are accepted, as the service does.
  std::optional<std::string> open(std::string_view token) const;

 private:
  base::Random random_;
  std::uint64_t secret_;
};

}  // namespace tidemill::fake
