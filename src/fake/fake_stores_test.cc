#include "fake/fake_stores.h"

#include <gtest/gtest.h>

#include <map>

#include "aws/sigv4.h"

namespace tidemill::fake {
namespace {

class FakeStoresTest : public testing::Test {
 protected:
  FakeAnswer hdfs(FakeStores& stores, const std::string& method, const std::string& rest,
                  const std::string& body = {}) {
    return stores.handle({method, "http://localhost:4567/webhdfs/v1" + rest, {}, body}, now_);
  }
  FakeAnswer put(FakeStores& stores, const std::string& target) {
    http::Request request{"PUT", "http://localhost:4567" + target, {{"If-None-Match", "*"}}, "1"};
    aws::SigningKeys keys;
    aws::sign(request, AwsCredentials("test", "test"), {"us-east-1", "s3"}, now_, keys);
    return stores.handle(request, now_);
  }

  const FakeAwsOptions account_;
  rt::WallTime now_{std::chrono::seconds(1'800'000'000)};
};

TEST_F(FakeStoresTest, TakesOnlyWhatIsForAStoreThatIsThere) {
  const http::Request kinesis{
      "POST", "http://localhost/", {{"X-Amz-Target", "Kinesis_20131202.ListShards"}}, ""};
  const http::Request object{"GET", "http://localhost/bucket/key", {}, ""};
  const http::Request file{"GET", "http://localhost/webhdfs/v1/a?op=OPEN", {}, ""};
  const FakeStores none(account_, {});
  const FakeStores s3(account_, {.buckets = {"bucket"}});
  const FakeStores both(account_, {.buckets = {"bucket"}, .hdfs = true});

  for (const FakeStores* stores : {&none, &s3, &both}) EXPECT_FALSE(stores->isFor(kinesis));
  EXPECT_FALSE(none.isFor(object) || none.isFor(file));
  EXPECT_TRUE(s3.isFor(object));
  EXPECT_TRUE(both.isFor(object) && both.isFor(file));
}

TEST_F(FakeStoresTest, OneNodeIsNamenodeAndDatanode) {
  FakeStores stores(account_, {.hdfs = true});

  const FakeAnswer sent = hdfs(stores, "PUT", "/a/b?op=CREATE&overwrite=false&noredirect=true");

  EXPECT_EQ(sent.response.body->view(),
            "{\"Location\":\"http://localhost:4567/webhdfs/v1/a/b?op=CREATE&overwrite=false&noredirect=true&"
            "namenoderpcaddress=ns1\"}");
  EXPECT_EQ(hdfs(stores, "PUT", "/a/b?op=CREATE&namenoderpcaddress=ns1", "bytes").response.status, 201);
  const FakeAnswer read = hdfs(stores, "GET", "/a/b?op=OPEN&namenoderpcaddress=ns1");
  EXPECT_EQ(read.response.body->view(), "bytes");
  EXPECT_EQ(read.response.header("Content-Length"), "5");
}

TEST_F(FakeStoresTest, PathsWithBrokenEscapesAreTakenAsTheyAre) {
  FakeStores stores(account_, {.hdfs = true});

  EXPECT_EQ(hdfs(stores, "GET", "/%zz%4?op=GETFILESTATUS").response.status, 404);
}

TEST_F(FakeStoresTest, FaultsAreRefusalsLostRequestsAndLostAnswers) {
  FakeStores stores(account_, {.buckets = {"bucket"}, .faultsPerThousand = 1000});
  FakeStores well(account_, {.buckets = {"bucket"}});
  std::map<int, int> refused;
  int lost = 0;

  for (int i = 0; i < 200; ++i) {
    const FakeAnswer answer = put(stores, "/bucket/" + std::to_string(i));
    if (answer.delivery == FakeAnswer::Delivery::kLost) {
      ++lost;
    } else {
      ++refused[answer.response.status];
    }
    EXPECT_EQ(put(well, "/bucket/" + std::to_string(i)).response.status, 200);
  }

  EXPECT_GT(lost, 0);
  EXPECT_GT(refused[409], 0);
  EXPECT_GT(refused[500], 0);
  EXPECT_GT(refused[503], 0);
  EXPECT_EQ(refused.size(), 3u);
}

}  // namespace
}  // namespace tidemill::fake
