#include "s3/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemill::s3 {
namespace {

using testing::ElementsAre;

TEST(ListPage, GivesKeysPrefixesAndHowToGoOn) {
  const auto page = readListPage(
      "<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t+/=</"
      "NextContinuationToken>"
      "<Contents><Key>p/a&amp;b</Key><Size>1</Size></Contents><Contents><Key>p/c</Key></Contents>"
      "<CommonPrefixes><Prefix>p/d/</Prefix></CommonPrefixes></ListBucketResult>");

  ASSERT_TRUE(page) << page.error().what();
  EXPECT_THAT(page->keys, ElementsAre("p/a&b", "p/c"));
  EXPECT_THAT(page->commonPrefixes, ElementsAre("p/d/"));
  EXPECT_EQ(page->nextToken, "t+/=");
}

TEST(ListPage, RefusesWhatItCannotBelieve) {
  for (const char* body :
       {"<Other><IsTruncated>false</IsTruncated></Other>", "<ListBucketResult></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>no</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents/></ListBucketResult>", "<html>"}) {
    const auto page = readListPage(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code(), Code::kMalformedResponse);
  }
}

TEST(Refusal, IsEmptyIfItIsNoneOfS3s) {
  EXPECT_EQ(
      readRefusal("<Error><Code>SlowDown</Code><Message>m</Message><Region>eu-west-1</Region></Error>").code,
      "SlowDown");
  EXPECT_EQ(readRefusal("<html><body>503</body></html>").code, "");
  EXPECT_EQ(readRefusal("").code, "");
}

}  // namespace
}  // namespace tidemill::s3
