#include "aws/redaction.h"

#include <gtest/gtest.h>

#include "aws/service_failure.h"

namespace tidemill::aws {
namespace {

constexpr std::string_view kSessionToken = "FwoGZXIvYXdzEXAMPLETOKENabcdefghijklmnopqrstuvwxyz0123456789+/==";

TEST(Redaction, TakesWholeSecretsOut) {
  const Redaction redacted({Secret("a-very-secret-key"), Secret(kSessionToken)});

  EXPECT_EQ(redacted("key a-very-secret-key, token " + std::string(kSessionToken) + "."),
            "key [secret], token [secret].");
  EXPECT_EQ(redacted(std::string(kSessionToken) + std::string(kSessionToken)), "[secret]");
}

TEST(Redaction, TakesStretchesOut) {
  const Redaction redacted({Secret(kSessionToken)});

  EXPECT_EQ(redacted("cut: " + std::string(kSessionToken.substr(0, 30))), "cut: [secret]");
  EXPECT_EQ(redacted("wrapped: EXAMPLETOKEN\r\n  abcdefghijkl"), "wrapped: [secret]\r\n  [secret]");
  EXPECT_EQ(redacted("too short to matter: EXAMPLETOKE"), "too short to matter: EXAMPLETOKE");
}

TEST(Redaction, AShortSecretIsFoundWholeAndAWordIsNone) {
  const Redaction redacted({Secret("12345678"), Secret("test"), Secret()});

  EXPECT_EQ(redacted("a test of 12345678 and 1234567"), "a test of [secret] and 1234567");
  EXPECT_EQ(redacted(""), "");
}

TEST(Redaction, LeavesOtherTextAlone) {
  const std::string text = "Rate exceeded for shard shardId-000000000000 in stream orders";

  EXPECT_EQ(Redaction({Secret(kSessionToken)})(text), text);
  EXPECT_EQ(Redaction({})(text), text);
}

// The cut must not come first: it would leave the head of a token that is not found any more.
TEST(PlainMessage, IsRedactedBeforeItIsCut) {
  const Redaction redacted({Secret(kSessionToken)});
  const std::string padding(500, 'x');

  const std::string plain = plainMessage(padding + std::string(kSessionToken), redacted);

  EXPECT_EQ(plain, padding + "[secret]");
  EXPECT_EQ(plainMessage(padding + "1234" + std::string(kSessionToken), redacted), padding + "1234[secret]");
  EXPECT_EQ(plainMessage(padding + "12345" + std::string(kSessionToken), redacted),
            padding + "12345[secret…");
}

}  // namespace
}  // namespace tidemill::aws
