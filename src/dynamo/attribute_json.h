// dynamo/attribute_json.h: attribute values as they travel: JSON objects of one member, which names the type.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "codec/json_writer.h"
#include "dynamo/attribute_value.h"
#include "tidemill/result.h"

namespace tidemill::dynamo {

// As DynamoDB counts: the item is the first level, a list or map in it the second.
inline constexpr int kNestingMax = 32;
// How deep JSON must be read to get such an item out of an answer: two levels for each, and those around it.
inline constexpr std::size_t kJsonDepthMax = 2 * kNestingMax + 8;

// {"S":"text"}, {"N":"1"}, {"B":"aGk="}, {"BOOL":true}, {"NULL":true}, {"SS":["a"]}, {"L":[…]}, {"M":{…}}
void writeValue(codec::JsonWriter& to, const AttributeValue& value);
// {"leaseKey":{"S":"…"},…}
void writeItem(codec::JsonWriter& to, const Item& item);
std::string formatItem(const Item& item);

// Reads an item strictly: each value has one type tag, of those above, and fits it; base64 is canonical,
// numbers are numbers. kMalformedResponse names the attribute, never its content.
Result<Item> readItem(const boost::json::value& value);
// The whole of `text` as such an item.
Result<Item> parseItem(std::string_view text);

}  // namespace tidemill::dynamo
