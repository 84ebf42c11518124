#include "tidemill/storage_level.h"

#include <gtest/gtest.h>

#include "block/block_store.h"

namespace tidemill {
namespace {

constexpr StorageLevel kLevels[] = {
    StorageLevel::NONE,
    StorageLevel::DISK_ONLY,
    StorageLevel::DISK_ONLY_2,
    StorageLevel::DISK_ONLY_3,
    StorageLevel::MEMORY_ONLY,
    StorageLevel::MEMORY_ONLY_2,
    StorageLevel::MEMORY_ONLY_SER,
    StorageLevel::MEMORY_ONLY_SER_2,
    StorageLevel::MEMORY_AND_DISK,
    StorageLevel::MEMORY_AND_DISK_2,
    StorageLevel::MEMORY_AND_DISK_SER,
    StorageLevel::MEMORY_AND_DISK_SER_2,
    StorageLevel::OFF_HEAP,
};

TEST(StorageLevel, IsReadBackFromItsName) {
  for (const StorageLevel level : kLevels) EXPECT_EQ(parseStorageLevel(storageLevelName(level)), level);
}

TEST(StorageLevel, RefusesNamesThatSparkDoesNotKnow) {
  for (const char* name : {"", "memory_only", "MEMORY_ONLY_3", "DISK", "MEMORY_ONLY "}) {
    EXPECT_EQ(parseStorageLevel(name), std::nullopt) << name;
  }
}

TEST(StorageLevel, AsksForWhatItsNameSays) {
  for (const StorageLevel level : kLevels) {
    const std::string name = storageLevelName(level);
    if (level == StorageLevel::NONE || level == StorageLevel::OFF_HEAP) continue;
    const auto has = [&name](const char* word) { return name.find(word) != std::string::npos; };
    const StorageTraits traits = traitsOf(level);
    EXPECT_EQ(traits.disk, has("DISK")) << name;
    EXPECT_EQ(traits.memory, has("MEMORY")) << name;
    EXPECT_EQ(traits.serialized, has("SER") || !has("MEMORY")) << name;
    EXPECT_EQ(traits.replicas, has("_3") ? 3 : has("_2") ? 2 : 1) << name;
  }
}

TEST(Placement, ReachesALevelWithMemoryAndDiskByEither) {
  EXPECT_TRUE((block::Placement{true, false, 1}).reaches(StorageLevel::MEMORY_AND_DISK));
  EXPECT_TRUE((block::Placement{false, true, 1}).reaches(StorageLevel::MEMORY_AND_DISK));
  EXPECT_FALSE((block::Placement{false, false, 0}).reaches(StorageLevel::MEMORY_AND_DISK));
  EXPECT_FALSE((block::Placement{true, false, 1}).reaches(StorageLevel::DISK_ONLY));
  EXPECT_FALSE((block::Placement{false, true, 1}).reaches(StorageLevel::MEMORY_ONLY));
}

TEST(Placement, CountsCopies) {
  EXPECT_FALSE((block::Placement{true, true, 1}).reaches(StorageLevel::MEMORY_AND_DISK_2));
  EXPECT_TRUE((block::Placement{true, true, 2}).reaches(StorageLevel::MEMORY_AND_DISK_2));
  EXPECT_FALSE((block::Placement{false, true, 2}).reaches(StorageLevel::DISK_ONLY_3));
  EXPECT_EQ((block::Placement{true, true, 2}).text(), "memory+disk, 2 copies");
}

}  // namespace
}  // namespace tidemill
