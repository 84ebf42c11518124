#include "codec/base64.h"

#include <gtest/gtest.h>

#include <vector>

#include "codec/base64_simd.h"

namespace tidemill::codec {
namespace {

std::optional<std::string> decode(std::string_view text) {
  std::vector<char> out(decodedBase64Max(text.size()));
  const auto size = decodeBase64(text, out.data());
  if (!size) return std::nullopt;
  return std::string(out.data(), *size);
}

// RFC 4648, section 10.
TEST(Base64, KnowsTheVectorsOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encodeBase64(bytes), text);
    EXPECT_EQ(decode(text), bytes);
  }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zg==Zg==", "Zh==", "Zm9=", "Z=g=",
                           "Zm9v\n", " Zm9v", "Zm-_", "Zm9vYg==="}) {
    EXPECT_EQ(decode(text), std::nullopt) << text;
  }
}

// Puts every byte at every place of a block, so that each way of the vector decoder is taken.
TEST(Base64, TheFastWayJudgesEveryCharacterLikeTheTables) {
  std::string text = encodeBase64(std::string(72, '\x5a'));
  for (std::size_t place = 0; place < text.size(); ++place) {
    const char kept = text[place];
    for (int byte = 0; byte < 256; ++byte) {
      text[place] = static_cast<char>(byte);
      std::vector<char> fast(decodedBase64Max(text.size()));
      std::vector<char> slow(decodedBase64Max(text.size()));
      const auto fastSize = decodeBase64(text, fast.data());
      const auto slowSize = decodeBase64Scalar(text, slow.data());
      ASSERT_EQ(fastSize, slowSize) << place << " " << byte;
      if (fastSize) {
        ASSERT_EQ(fast, slow) << place << " " << byte;
      }
    }
    text[place] = kept;
  }
}

TEST(Base64, TakesWholeBlocksTheFastWayWhereTheProcessorCan) {
  if (!hasFastBase64()) GTEST_SKIP() << "no AVX2 here";
  const std::string text = encodeBase64(std::string(300, 'x'));
  std::vector<char> out(decodedBase64Max(text.size()));

  EXPECT_EQ(decodeBase64Blocks(text, out.data()), 384u);
}

TEST(Base64, AppendsBehindWhatIsThere) {
  std::string text = "data:";
  appendBase64(text, "foob");

  EXPECT_EQ(text, "data:Zm9vYg==");
}

}  // namespace
}  // namespace tidemill::codec
