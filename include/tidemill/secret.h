// tidemill/secret.h: bytes that must never be printed, stored or left behind in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace tidemill {

// Holds a password, key or token. It has no stream operator and no conversion to text. Copies share one
// buffer, which is left out of core dumps and overwritten when the last copy goes. Empty by default.
class Secret {
 public:
  Secret() = default;
  // Copies `bytes`; whoever owns them should forget them soon.
  explicit Secret(std::string_view bytes);

  bool empty() const { return buffer_ == nullptr; }
  // The bytes themselves, valid as long as a copy of this secret lives. For signing only: never for a
  // message.
  std::string_view reveal() const;

  // Takes the same time wherever two secrets of one length differ.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  struct Buffer;
  std::shared_ptr<const Buffer> buffer_;
};

}  // namespace tidemill
