#include "hdfs/hdfs_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemill::hdfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(HdfsPlace, IsNamenodesAndAPath) {
  const auto place = parseHdfsUrl("hdfs://nna,nnb:50070/a/b%20/");
  ASSERT_TRUE(place) << place.error().what();
  EXPECT_THAT(place->nameNodes, ElementsAre("http://nna:9870", "http://nnb:50070"));
  EXPECT_EQ(place->path, "/a/b%20");
  EXPECT_EQ(parseHdfsUrl("hdfs://nna")->path, "");
  EXPECT_THAT(parseHdfsUrl("swebhdfs://nna:9871/a")->nameNodes, ElementsAre("https://nna:9871"));
  EXPECT_EQ(encodePath("/a b/%?&"), "/a%20b/%25%3F%26");
}

TEST(HdfsPlace, RefusesWhatNamesNoNamenodeOrNoPath) {
  for (const char* url : {"", "hdfs:", "hdfs:///a", "hdfs://nna:0/a", "hdfs://nna:x/a", "hdfs://nna,/a",
                          "hdfs://u@nna/a", "hdfs://[::1]:1/a", "hdfs://nna/a//b", "hdfs://nna/../a",
                          "hdfs://nna/a:b", "hdfs://nna/\xff", "s3://a/b", "hdfs://1,2,3,4,5,6,7,8,9/a"}) {
    const auto place = parseHdfsUrl(url);
    ASSERT_FALSE(place) << url;
    EXPECT_EQ(place.error().code(), Code::kInvalidConfig);
  }
}

TEST(HostMap, SaysWhereDatanodesAnswer) {
  const auto hosts = parseHostMap("dna:9864=127.0.0.1:19864, DNB=10.0.0.2");
  ASSERT_TRUE(hosts) << hosts.error().what();

  EXPECT_EQ(redirectedUrl("http://dna:9864/webhdfs/v1/a?op=OPEN", "http://nn:1", *hosts),
            "http://127.0.0.1:19864/webhdfs/v1/a?op=OPEN");
  EXPECT_EQ(redirectedUrl("http://Dnb:9864/x", "http://nn:1", *hosts), "http://10.0.0.2:9864/x");
  EXPECT_EQ(redirectedUrl("http://dnc/x", "http://nn:1", *hosts), "http://dnc/x");
  EXPECT_THAT(*parseHostMap(" "), IsEmpty());
  EXPECT_FALSE(parseHostMap("dna"));
  EXPECT_FALSE(parseHostMap("dna=a/b"));
}

TEST(RedirectedUrl, GoesNeitherToOtherSchemesNorFromTlsToNone) {
  EXPECT_FALSE(redirectedUrl("file:///etc/passwd", "http://nn:1", {}));
  EXPECT_FALSE(redirectedUrl("/relative", "http://nn:1", {}));
  EXPECT_FALSE(redirectedUrl("http://user@dn/x", "http://nn:1", {}));
  const auto down = redirectedUrl("http://dna/x", "https://nn:1", {});
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code(), Code::kInvalidConfig);
  EXPECT_TRUE(redirectedUrl("https://dna/x", "https://nn:1", {}));
}

}  // namespace
}  // namespace tidemill::hdfs
