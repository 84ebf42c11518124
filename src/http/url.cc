#include "http/url.h"

#include "base/text.h"

namespace tidemill::http {

std::string hostOf(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const auto login = url.rfind('@');
  if (login != std::string_view::npos) url.remove_prefix(login + 1);  // A password has no place in a message.
  return base::quoteIfNeeded(url);
}

bool isLoopbackUrl(std::string_view url) {
  std::string host = base::toLower(hostOf(url));
  if (host == "[::1]" || host.starts_with("[::1]:")) return true;
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  // 127.0.0.0/8, as numbers only: "127.evil.example" is a name.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace tidemill::http
