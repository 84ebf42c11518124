#include "http/url.h"

#include <gtest/gtest.h>

namespace tidemill::http {
namespace {

TEST(HostOf, GivesHostAndPortAndNeverThePassword) {
  EXPECT_EQ(hostOf("https://kinesis.eu-west-1.amazonaws.com/"), "kinesis.eu-west-1.amazonaws.com");
  EXPECT_EQ(hostOf("http://127.0.0.1:4567?x=/"), "127.0.0.1:4567");
  EXPECT_EQ(hostOf("http://user:hunter2@host:1/"), "host:1");
}

TEST(IsLoopbackUrl, TrustsNumbersAndLocalhostOnly) {
  EXPECT_TRUE(isLoopbackUrl("http://localhost:4567"));
  EXPECT_TRUE(isLoopbackUrl("http://LOCALHOST/"));
  EXPECT_TRUE(isLoopbackUrl("http://127.0.0.1"));
  EXPECT_TRUE(isLoopbackUrl("http://127.8.9.10:80/x"));
  EXPECT_TRUE(isLoopbackUrl("http://[::1]:4567/"));
  EXPECT_FALSE(isLoopbackUrl("http://127.evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://127.0.0.1.evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://localhost.evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://127.0.0.1@evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://[::1].evil.example/"));
  EXPECT_FALSE(isLoopbackUrl("http://128.0.0.1/"));
}

}  // namespace
}  // namespace tidemill::http
