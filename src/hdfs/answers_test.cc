#include "hdfs/answers.h"

#include <gtest/gtest.h>

namespace tidemill::hdfs {
namespace {

constexpr std::string_view kListing =
    R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[
        {"accessTime":1,"blockSize":128,"length":3,"modificationTime":1700000000123,"pathSuffix":"a","type":"FILE"},
        {"length":0,"modificationTime":1,"pathSuffix":"b","type":"DIRECTORY"}]}},"remainingEntries":2}})";

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kListing);
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Listing, GivesEntriesAndWhetherThereAreMore) {
  const auto listing = readListing(kListing);

  ASSERT_TRUE(listing) << listing.error().what();
  ASSERT_EQ(listing->entries.size(), 2u);
  EXPECT_EQ(listing->entries[0].name, "a");
  EXPECT_EQ(listing->entries[0].length, 3);
  EXPECT_EQ(listing->entries[0].modified.time_since_epoch().count(), 1700000000123);
  EXPECT_TRUE(listing->entries[1].directory);
  EXPECT_TRUE(listing->more);
}

TEST(Listing, RefusesWhatItCannotBelieve) {
  for (
      const std::string& body :
      {std::string("[]"), std::string("{}"), replaced("\"a\"", "\"../a\""), replaced("\"a\"", "\"\""),
       replaced("\"FILE\"", "\"PIPE\""), replaced("\"type\"", "\"typ\""),
       replaced("FileStatuses", "Statuses"),
       std::string(
           R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[]}},"remainingEntries":1}})"),
       std::string(
           R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[1]}},"remainingEntries":0}})")}) {
    const auto listing = readListing(body);
    ASSERT_FALSE(listing) << body;
    EXPECT_EQ(listing.error().code(), Code::kMalformedResponse);
  }
}

TEST(Answers, AreAWordALocationOrAnException) {
  EXPECT_EQ(readBoolean(R"({"boolean":true})"), true);
  EXPECT_EQ(readBoolean(R"({"boolean":false})"), false);
  EXPECT_FALSE(readBoolean(R"({"boolean":"true"})"));
  EXPECT_EQ(readLocation(R"({"Location":"http://a/"})"), "http://a/");
  EXPECT_FALSE(readLocation(R"({"location":"http://a/"})"));
  EXPECT_EQ(readException(R"({"RemoteException":{"exception":"E","message":"m"}})").name, "E");
  EXPECT_EQ(readException("<html>").name, "");
  EXPECT_EQ(readException(R"({"RemoteException":7})").name, "");
}

}  // namespace
}  // namespace tidemill::hdfs
