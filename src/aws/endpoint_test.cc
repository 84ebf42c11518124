#include "aws/endpoint.h"

#include <gtest/gtest.h>

#include "aws/test_environment.h"

namespace tidemill::aws {
namespace {

const Environment kNothing = environmentOf({});

Result<Endpoint> withUrl(std::string url) {
  return resolveEndpoint("kinesis", {std::move(url), {}, false}, kNothing);
}

TEST(ResolveEndpoint, TheRegionGivesTheEndpoint) {
  const auto plain = resolveEndpoint("kinesis", {{}, "eu-west-1", false}, kNothing);
  const auto china = resolveEndpoint("dynamodb", {{}, "cn-north-1", false}, kNothing);

  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->url, "https://kinesis.eu-west-1.amazonaws.com");
  EXPECT_EQ(plain->region, "eu-west-1");
  ASSERT_TRUE(china);
  EXPECT_EQ(china->url, "https://dynamodb.cn-north-1.amazonaws.com.cn");
}

TEST(ResolveEndpoint, TheArgumentWinsThenTheServicesVariableThenTheCommonOne) {
  const Environment all = environmentOf({{"AWS_ENDPOINT_URL_KINESIS", "http://127.0.0.1:2"},
                                         {"AWS_ENDPOINT_URL", "http://127.0.0.1:3"},
                                         {"AWS_REGION", "eu-west-2"},
                                         {"AWS_DEFAULT_REGION", "eu-west-3"}});

  EXPECT_EQ(resolveEndpoint("kinesis", {"http://127.0.0.1:1", {}, false}, all)->url, "http://127.0.0.1:1");
  EXPECT_EQ(resolveEndpoint("kinesis", {}, all)->url, "http://127.0.0.1:2");
  EXPECT_EQ(resolveEndpoint("dynamodb", {}, all)->url, "http://127.0.0.1:3");
  EXPECT_EQ(resolveEndpoint("kinesis", {}, all)->region, "eu-west-2");
  EXPECT_EQ(resolveEndpoint("kinesis", {{}, "us-west-1", false}, all)->region, "us-west-1");
}

TEST(ResolveEndpoint, ACustomEndpointTellsItsRegionOrGetsTheUsualOne) {
  EXPECT_EQ(withUrl("https://kinesis.eu-central-1.amazonaws.com/")->region, "eu-central-1");
  EXPECT_EQ(withUrl("https://kinesis.eu-central-1.amazonaws.com/")->url,
            "https://kinesis.eu-central-1.amazonaws.com");
  EXPECT_EQ(withUrl("http://localhost:4567")->region, "us-east-1");
}

TEST(ResolveEndpoint, AnErrorNamesTheBadValueAndItsSource) {
  const auto region = resolveEndpoint("kinesis", {}, environmentOf({{"AWS_REGION", "Europe"}}));
  const auto url = resolveEndpoint("kinesis", {{}, "eu-west-1", false},
                                   environmentOf({{"AWS_ENDPOINT_URL", "localhost:4567"}}));

  ASSERT_FALSE(region);
  EXPECT_EQ(region.error().code(), Code::kInvalidConfig);
  EXPECT_EQ(region.error().message(), "Europe from AWS_REGION is not the name of an AWS region");
  ASSERT_FALSE(url);
  EXPECT_NE(url.error().message().find("localhost:4567 from AWS_ENDPOINT_URL"), std::string::npos);
}

TEST(ResolveEndpoint, WithoutRegionAndEndpointItSaysWhatWasTried) {
  const auto none = resolveEndpoint("kinesis", {}, kNothing);

  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message().find("AWS_REGION"), std::string::npos);
}

TEST(ResolveEndpoint, PlainHttpLeavesThisMachineOnlyOnDemand) {
  EXPECT_TRUE(withUrl("http://127.0.0.1:4567"));
  EXPECT_TRUE(withUrl("http://[::1]:4567"));
  EXPECT_FALSE(withUrl("http://kinesis.example.com"));
  EXPECT_FALSE(withUrl("http://127.0.0.1.example.com"));
  EXPECT_TRUE(withUrl("https://kinesis.example.com"));
  EXPECT_TRUE(resolveEndpoint("kinesis", {"http://kinesis.example.com", {}, true}, kNothing));
}

TEST(ResolveEndpoint, SaysHowPlainHttpIsAllowed) {
  const auto foreign = withUrl("http://kinesis.example.com");
  const auto path = withUrl("http://kinesis.example.com/path");

  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message().find("plain http to another machine"), std::string::npos);
  EXPECT_NE(foreign.error().hint().find("tidemill.kinesis.allowPlainHttp"), std::string::npos);
  EXPECT_NE(foreign.error().hint().find("--allow-plain-http"), std::string::npos);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().hint().find("allow"), std::string::npos);
}

TEST(ResolveEndpoint, RefusesWhatIsNoEndpoint) {
  for (const char* url : {"", "kinesis", "ftp://host", "http://", "https:// example.com",
                          "https://example.com/path", "https://example.com?q", "https://example.com#f",
                          "https://exam\nple.com", "https://example.com:99999999", "file:///etc/passwd"}) {
    if (*url == '\0') continue;  // Not given.
    const auto endpoint = withUrl(url);
    ASSERT_FALSE(endpoint) << url;
    EXPECT_EQ(endpoint.error().code(), Code::kInvalidConfig) << url;
  }
}

TEST(ResolveEndpoint, NeverRepeatsAPassword) {
  const auto endpoint = withUrl("https://user:hunter22@example.com");

  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().message().find("hunter22"), std::string::npos);
}

TEST(IsRegion, KnowsTheShapeNotTheList) {
  EXPECT_TRUE(isRegion("eu-west-1"));
  EXPECT_TRUE(isRegion("us-gov-east-1"));
  EXPECT_TRUE(isRegion("eusc-de-east-1"));
  EXPECT_TRUE(isRegion("xx-future-12"));
  EXPECT_FALSE(isRegion("eu-west"));
  EXPECT_FALSE(isRegion("EU-WEST-1"));
  EXPECT_FALSE(isRegion("eu-west-1.evil.example"));
  EXPECT_FALSE(isRegion("eu-west-1/"));
  EXPECT_FALSE(isRegion(""));
}

}  // namespace
}  // namespace tidemill::aws
