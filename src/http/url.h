// http/url.h: what messages and rules need to know of a url.
#pragma once

#include <string>
#include <string_view>

namespace tidemill::http {

// Host and port of an absolute url, for messages: "kinesis.eu-west-1.amazonaws.com", "127.0.0.1:4567".
std::string hostOf(std::string_view url);
// True if the url's host is localhost or a loopback address.
bool isLoopbackUrl(std::string_view url);

}  // namespace tidemill::http
