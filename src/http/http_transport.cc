#include "http/http_transport.h"

#include "base/text.h"

namespace tidemill::http {

std::string_view Response::header(std::string_view name) const {
  const std::string wanted = base::toLower(name);
  for (const Header& candidate : headers) {
    if (base::toLower(candidate.name) == wanted) return candidate.value;
  }
  return {};
}

}  // namespace tidemill::http
