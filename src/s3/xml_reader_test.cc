#include "s3/xml_reader.h"

#include <gtest/gtest.h>

namespace tidemill::s3 {
namespace {

std::string problemOf(std::string_view text, XmlLimits limits = {}) {
  const auto root = parseXml(text, limits);
  return root ? "" : root.error().message();
}

TEST(XmlReader, ReadsElementsTextAndEntities) {
  const auto root = parseXml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"http://x/\" b='1' >\n "
      "<K>a&amp;b&lt;&#38;&#x20AC;</K>"
      "<E/><K>  c </K>\n</A>\n");

  ASSERT_TRUE(root) << root.error().what();
  EXPECT_EQ(root->name, "A");
  ASSERT_EQ(root->children.size(), 3u);
  EXPECT_EQ(root->textOf("K"), "a&b<&\xe2\x82\xac");
  EXPECT_EQ(root->children[2].text, "  c ");
  EXPECT_EQ(root->find("missing"), nullptr);
}

TEST(XmlReader, RefusesWhatCouldGrowOrReachOutside) {
  EXPECT_NE(problemOf("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"), "");
  EXPECT_NE(problemOf("<a>&e;</a>"), "");
  EXPECT_NE(problemOf("<a><![CDATA[x]]></a>"), "");
  EXPECT_NE(problemOf("<a><?php x ?></a>"), "");
  EXPECT_NE(problemOf("<a><!-- c --></a>"), "");
}

TEST(XmlReader, RefusesDocumentsThatAreNotWellFormed) {
  for (const char* text : {"",
                           "a",
                           "<a>",
                           "<a></b>",
                           "<a/><b/>",
                           "<a b></a>",
                           "<a b=1/>",
                           "<a b='<'/>",
                           "<a>x<b/></a>",
                           "<a><b/>x</a>",
                           "<a>&#0;</a>",
                           "<a>&#xD800;</a>",
                           "<a>&#x110000;</a>",
                           "<a>&#;</a>",
                           "<a>&amp</a>",
                           "<a\xff/>",
                           "<a>\xff</a>",
                           "< a/>",
                           "<a/ >",
                           "</a>",
                           "<a b='1'c='2'/>"})
    EXPECT_NE(problemOf(text), "") << text;
}

TEST(XmlReader, EndsAtItsLimits) {
  EXPECT_EQ(problemOf("<a><b><c/></b></a>", {3, 3}), "");
  EXPECT_NE(problemOf("<a><b><c/></b></a>", {2, 10}), "");
  EXPECT_NE(problemOf("<a><b><c/></b></a>", {3, 2}), "");
}

}  // namespace
}  // namespace tidemill::s3
