#include "fake/dynamo_protocol.h"

#include <boost/crc.hpp>

#include <algorithm>
#include <array>

namespace tidemill::fake {
namespace {

constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::size_t kRequestIdSize = 52;

// What the front end refuses before DynamoDB itself sees the request.
constexpr std::array<std::string_view, 8> kFrontEnd = {
    "SerializationException",       "UnknownOperationException", "MissingAuthenticationTokenException",
    "IncompleteSignatureException", "InvalidSignatureException", "UnrecognizedClientException",
    "AccessDeniedException",        "ExpiredTokenException"};

}  // namespace

std::string dynamoRequestId(base::Random& random) {
  std::string id(kRequestIdSize, '0');
  for (char& letter : id) letter = kLetters[random.below(kLetters.size())];
  return id;
}

std::uint32_t crc32(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::string dynamoTypeName(std::string_view type) {
  std::string_view part = "com.amazonaws.dynamodb.v20120810#";
  if (type == "ValidationException") part = "com.amazon.coral.validate#";
  if (type == "ThrottlingException") part = "com.amazon.coral.availability#";
  if (std::find(kFrontEnd.begin(), kFrontEnd.end(), type) != kFrontEnd.end()) {
    part = "com.amazon.coral.service#";
  }
  return std::string(part) + std::string(type);
}

}  // namespace tidemill::fake
