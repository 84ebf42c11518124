#include "block/block_index.h"

#include <gtest/gtest.h>

#include "block/frame_file.h"
#include "block/test_blocks.h"
#include "sim/sim_files.h"

namespace tidemill::block {
namespace {

class Index : public testing::Test {
 protected:
  Index() {
    disk_.addDirectory("/s");
    file_ = std::move(*FrameFile::create(files_, {.path = "/s/index", .epoch = 1, .salt = 1}));
  }
  void store(const std::string& id, std::uint64_t offset) {
    const IndexEntry entry{{1, 2}, offset, 500, testBlock(id, 1)->info()};
    ASSERT_TRUE(file_->append(kStoredFrame, encodeIndexEntry(entry)));
    ends_.push_back(file_->size());
  }
  void release(const std::vector<std::string>& ids) {
    ASSERT_TRUE(file_->append(kReleaseFrame, encodeRelease(ids)));
    ends_.push_back(file_->size());
  }
  std::string bytes() {
    EXPECT_TRUE(file_->sync());
    return *files_.read("/s/index", 1 << 20);
  }
  static std::string text(const IndexContent& content) {
    std::string result;
    for (const auto& [id, entry] : content.entries) result += id + "@" + std::to_string(entry.offset) + " ";
    for (const std::string& id : content.released) result += "-" + id + " ";
    result += std::to_string(content.damaged.size()) + " damaged";
    return result + (content.tornAt ? " torn" : "");
  }

  sim::SimDisk disk_{1};
  sim::SimFiles files_{disk_};
  std::unique_ptr<FrameFile> file_;
  std::vector<std::uint64_t> ends_;
};

TEST_F(Index, TheLastWordAboutABlockCounts) {
  store("a", 0);
  store("b", 500);
  store("a", 1000);
  store("c", 1500);
  release({"b", "c", "unknown"});
  store("b", 2000);
  EXPECT_EQ(text(readIndex(bytes())), "a@1000 b@2000 -c -unknown 0 damaged");
  EXPECT_EQ(text(readIndex("")), "0 damaged torn");
}

TEST_F(Index, DamageCostsOneFrameAndATornTailIsNone) {
  store("a", 0);
  store("b", 500);
  store("c", 1000);
  std::string file = bytes();
  EXPECT_EQ(text(readIndex(file.substr(0, file.size() - 1))), "a@0 b@500 0 damaged torn");
  file[ends_[0] + 70] ^= 1;
  const IndexContent content = readIndex(file);
  EXPECT_EQ(text(content), "a@0 c@1000 1 damaged");
  EXPECT_EQ(content.damaged[0].offset, ends_[0]);
  EXPECT_FALSE(content.damaged[0].what.empty());
}

TEST_F(Index, AFrameThatSaysNothingIsDamage) {
  ASSERT_TRUE(file_->append(kStoredFrame, "nonsense"));
  ASSERT_TRUE(file_->append(kReleaseFrame, "\xff\xff\xff\xff"));
  ASSERT_TRUE(file_->append(99, ""));
  IndexEntry entry{{1, 2}, 0, 5, testBlock("small", 1)->info()};  // Smaller than any frame.
  ASSERT_TRUE(file_->append(kStoredFrame, encodeIndexEntry(entry)));
  entry.bytes = std::uint64_t{1} << 40;
  ASSERT_TRUE(file_->append(kStoredFrame, encodeIndexEntry(entry)));
  EXPECT_EQ(text(readIndex(bytes())), "5 damaged");
}

TEST(StoreNames, AreReadBackAndNothingElseIs) {
  const StoreFile file{12, 345};
  EXPECT_EQ(segmentName(file), "segment-0000000012-0000000345");
  EXPECT_EQ(parseSegmentName(segmentName(file)), file);
  EXPECT_EQ(parseIndexName(indexName(file)), file);
  EXPECT_EQ(parseUnfinishedIndexName(unfinishedIndexName(file)), file);
  for (const char* name :
       {"segment-1-2", "segment-", "segment-0000000012-000000034x", "index-0000000012-0000000345",
        "segment-0000000012-0000000345.new", "segment-9999999999999999999-0000000001"})
    EXPECT_FALSE(parseSegmentName(name)) << name;
  EXPECT_FALSE(parseIndexName(unfinishedIndexName(file)));
}

}  // namespace
}  // namespace tidemill::block
