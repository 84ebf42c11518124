// tidemill/result.h: a value, or the Error that stood in its way.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "tidemill/error.h"

namespace tidemill {

template <class T>
using Result = tl::expected<T, Error>;

// The failed half of a Result: `return fail(Code::kTimeout, "…", "…");`
inline tl::unexpected<Error> fail(Code code, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error(code, std::move(message), std::move(hint)));
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace tidemill
