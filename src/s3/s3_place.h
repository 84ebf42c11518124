// s3/s3_place.h: which objects of which bucket are meant.
#pragma once

#include <string>
#include <string_view>

#include "tidemill/result.h"

namespace tidemill::s3 {

struct S3Place {
  std::string bucket;
  // What all keys begin with: empty, or a path that ends with a slash.
  std::string prefix;
};

// "s3://bucket", "s3://bucket/some/path"; "s3a://" and "s3n://", as Hadoop writes it, mean the same.
// kInvalidConfig: no url of S3, no name of a bucket, or a path that S3 could not have (UTF-8, at most 800
// bytes, no empty parts, "." or "..").
Result<S3Place> parseS3Url(std::string_view url);

// A key as it stands in the path of a url: everything but letters, digits, "-._~" and slashes in percent
// form.
std::string encodePath(std::string_view key);
// A value as it stands in a query: slashes too.
std::string encodeQueryValue(std::string_view value);

}  // namespace tidemill::s3
