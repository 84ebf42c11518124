#include "s3/s3_place.h"

#include <gtest/gtest.h>

namespace tidemill::s3 {
namespace {

TEST(S3Place, IsBucketAndPrefix) {
  const auto place = parseS3Url("s3://my.bucket-1//a/b b/");
  ASSERT_TRUE(place) << place.error().what();
  EXPECT_EQ(place->bucket, "my.bucket-1");
  EXPECT_EQ(place->prefix, "a/b b/");
  EXPECT_EQ(parseS3Url("s3a://bucket")->prefix, "");
  EXPECT_EQ(parseS3Url("s3n://bucket/x")->prefix, "x/");
}

TEST(S3Place, RefusesWhatNamesNoBucketOrNoPrefix) {
  for (const char* url : {"", "s3:/bucket", "s3://", "s3:///a", "s3://ab", "s3://-abc", "s3://a_b?c/x",
                          "s3://user@host/a", "s3://bucket/a//b", "s3://bucket/../a", "s3://bucket/a/./b",
                          "s3://bucket/\xff", "s3://bucket/a\nb", "http://bucket/a"}) {
    const auto place = parseS3Url(url);
    ASSERT_FALSE(place) << url;
    EXPECT_EQ(place.error().code(), Code::kInvalidConfig);
  }
  EXPECT_TRUE(parseS3Url("s3://bucket/" + std::string(800, 'a')));
  EXPECT_FALSE(parseS3Url("s3://bucket/" + std::string(801, 'a')));
}

TEST(S3Place, EncodesKeysAsS3SignsThem) {
  EXPECT_EQ(encodePath("a/b c+d%~._-\xc3\xa4"), "a/b%20c%2Bd%25~._-%C3%A4");
  EXPECT_EQ(encodeQueryValue("a/b="), "a%2Fb%3D");
}

}  // namespace
}  // namespace tidemill::s3
