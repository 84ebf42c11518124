// codec/md5_lanes.h: MD5 of many messages at once.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "codec/digest.h"

namespace tidemill::codec {

// So many messages are hashed side by side.
constexpr std::size_t kMd5Lanes = 8;

// Writes the MD5 of `messages[i]` to `digests[i]`; there are as many of either. MD5 is a chain of operations
// that wait for each other, so eight chains cost little more than one: per message this takes a fraction of
// what md5() does, if there are several, and about as much, if there is one. Allocates nothing. Pure.
void md5Each(std::span<const std::string_view> messages, std::span<Md5> digests);

}  // namespace tidemill::codec
