#include "aws/credentials.h"

#include <gtest/gtest.h>

#include "aws/test_environment.h"

namespace tidemill::aws {
namespace {

TEST(ResolveCredentials, ArgumentsWinOverTheEnvironment) {
  const Environment environment =
      environmentOf({{"AWS_ACCESS_KEY_ID", "env"}, {"AWS_SECRET_ACCESS_KEY", "s"}});

  const auto credentials = resolveCredentials(AwsCredentials("arg", "secret"), environment);

  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->accessKeyId, "arg");
}

TEST(ResolveCredentials, ReadsTheEnvironment) {
  const auto credentials = resolveCredentials({}, environmentOf({{"AWS_ACCESS_KEY_ID", "key"},
                                                                 {"AWS_SECRET_ACCESS_KEY", "secret"},
                                                                 {"AWS_SESSION_TOKEN", "token"}}));

  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->accessKeyId, "key");
  EXPECT_EQ(credentials->secretAccessKey.reveal(), "secret");
  EXPECT_EQ(credentials->sessionToken.reveal(), "token");
}

TEST(ResolveCredentials, WithoutAnyItSaysWhatWasTriedAndWhatToDo) {
  const auto none = resolveCredentials({}, environmentOf({}));

  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::kNoCredentials);
  EXPECT_NE(none.error().message().find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_NE(none.error().hint().find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

TEST(ResolveCredentials, HalfAPairIsAnError) {
  const auto onlyKey = resolveCredentials({}, environmentOf({{"AWS_ACCESS_KEY_ID", "key"}}));
  const auto onlySecret = resolveCredentials({}, environmentOf({{"AWS_SECRET_ACCESS_KEY", "hunter22"}}));

  ASSERT_FALSE(onlyKey);
  EXPECT_NE(onlyKey.error().message().find("AWS_SECRET_ACCESS_KEY is not"), std::string::npos);
  ASSERT_FALSE(onlySecret);
  EXPECT_EQ(onlySecret.error().message().find("hunter22"), std::string::npos);
  EXPECT_FALSE(resolveCredentials(AwsCredentials("key", ""), environmentOf({})));
}

TEST(ResolveCredentials, ALineBreakIsNamedBeforeItReachesAHeader) {
  const auto broken = resolveCredentials(AwsCredentials("key", "secret\n"), environmentOf({}));

  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), Code::kNoCredentials);
}

}  // namespace
}  // namespace tidemill::aws
