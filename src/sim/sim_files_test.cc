#include "sim/sim_files.h"

#include <gtest/gtest.h>

#include <set>

namespace tidemill::sim {
namespace {

constexpr unsigned kAlways = 1'000'000;

struct Host {
  explicit Host(std::uint64_t seed) : disk(seed) { disk.addDirectory("/s"); }

  // Power goes and comes back.
  void cutPower() {
    files->kill();
    disk.powerCut();
    files = std::make_unique<SimFiles>(disk);
  }
  std::string content(const std::string& path) {
    const auto read = files->read(path, 1 << 20);
    return read ? *read : "(gone)";
  }

  SimDisk disk;
  std::unique_ptr<SimFiles> files = std::make_unique<SimFiles>(disk);
};

void write(Host& host, const std::string& path, std::string_view bytes, bool sync) {
  auto file = host.files->openAppend(path);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(bytes));
  if (sync) {
    ASSERT_TRUE((*file)->sync());
  }
}

// What `path` holds after power cuts under many seeds.
template <class Script>
std::set<std::string> outcomes(const std::string& path, Script script) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Host host(seed);
    script(host);
    host.cutPower();
    seen.insert(host.content(path));
  }
  return seen;
}

TEST(SimFiles, SyncedDataUnderASyncedNameSurvivesEveryPowerCut) {
  EXPECT_EQ(outcomes("/s/log",
                     [](Host& host) {
                       write(host, "/s/log", "durable", true);
                       ASSERT_TRUE(host.files->syncDirectory("/s"));
                     }),
            std::set<std::string>({"durable"}));
}

TEST(SimFiles, ANameWithoutADirectorySyncMayVanish) {
  EXPECT_EQ(outcomes("/s/log", [](Host& host) { write(host, "/s/log", "durable", true); }),
            std::set<std::string>({"durable", "(gone)"}));
}

TEST(SimFiles, UnsyncedDataVanishesOrTearsBehindWhatIsSynced) {
  const auto seen = outcomes("/s/log", [](Host& host) {
    write(host, "/s/log", "durable", true);
    ASSERT_TRUE(host.files->syncDirectory("/s"));
    write(host, "/s/log", "torn", false);
  });
  for (const std::string& content : seen) EXPECT_EQ(content.substr(0, 7), "durable");
  EXPECT_EQ(seen.count("durable"), 1U);
  EXPECT_EQ(seen.count("durablet"), 1U);
  EXPECT_EQ(seen.count("durabletorn"), 1U);
  EXPECT_EQ(seen.count(std::string("durableto\0\0", 11)), 1U);  // The size arrived, the page did not.
}

TEST(SimFiles, TheDurablePartOfADiskIsWhatEveryPowerCutKeeps) {
  Host host(1);
  write(host, "/s/log", "durable", true);
  ASSERT_TRUE(host.files->syncDirectory("/s"));
  write(host, "/s/log", "torn", false);
  write(host, "/s/other", "synced under no name", true);
  const auto kept = host.disk.durable();

  EXPECT_EQ(kept->files().size(), 1U);
  EXPECT_EQ(kept->find("/s/log")->bytes, "durable");
  EXPECT_EQ(host.content("/s/log"), "durabletorn");
}

TEST(SimFiles, AFlippedBitIsReadAsItIsButTheDurablePartIsAsItWasWritten) {
  Host host(1);
  write(host, "/s/log", "abc", true);
  host.disk.syncDirectory("/s");
  const SimDisk::Inode inode = host.disk.find("/s/log");
  host.disk.flipBit(*inode, 1, 0);
  host.disk.flipBit(*inode, 2, 1);
  ASSERT_TRUE(host.files->truncate("/s/log", 2));
  write(host, "/s/log", "d", true);

  EXPECT_EQ(host.content("/s/log"), "acd");
  EXPECT_EQ(host.disk.durable()->find("/s/log")->bytes, "abd");
  host.cutPower();
  EXPECT_EQ(host.content("/s/log"), "acd");
}

TEST(SimFiles, ARenameIsThereOrNotAndNeverHalf) {
  const auto script = [](Host& host) {
    write(host, "/s/current", "old", true);
    ASSERT_TRUE(host.files->syncDirectory("/s"));
    write(host, "/s/next", "new", true);
    ASSERT_TRUE(host.files->rename("/s/next", "/s/current"));
  };
  EXPECT_EQ(outcomes("/s/current", script), std::set<std::string>({"old", "new"}));
  EXPECT_EQ(outcomes("/s/next", script), std::set<std::string>({"new", "(gone)"}));
}

TEST(SimFiles, ARenameOfUnsyncedDataMayLeaveATornFileUnderTheGoodName) {
  const auto seen = outcomes("/s/current", [](Host& host) {
    write(host, "/s/next", "new", false);
    ASSERT_TRUE(host.files->rename("/s/next", "/s/current"));
    ASSERT_TRUE(host.files->syncDirectory("/s"));
  });
  EXPECT_EQ(seen.count(""), 1U);
  EXPECT_EQ(seen.count("n"), 1U);
  EXPECT_EQ(seen.count("new"), 1U);
}

TEST(SimFiles, ARemovalWithoutADirectorySyncMayComeBack) {
  EXPECT_EQ(outcomes("/s/log",
                     [](Host& host) {
                       write(host, "/s/log", "x", true);
                       ASSERT_TRUE(host.files->syncDirectory("/s"));
                       ASSERT_TRUE(host.files->remove("/s/log"));
                     }),
            std::set<std::string>({"x", "(gone)"}));
}

TEST(SimFiles, AKilledProcessLosesNothingThatItWrote) {
  Host host(1);
  write(host, "/s/log", "in the kernel's hands", false);
  host.files->kill();
  host.files = std::make_unique<SimFiles>(host.disk);
  EXPECT_EQ(host.content("/s/log"), "in the kernel's hands");
}

TEST(SimFiles, AFailedSyncKillsTheFileAndDropsItsPagesForGood) {
  Host host(1);
  auto file = host.files->openAppend("/s/log");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("dropped"));
  ASSERT_TRUE(host.files->syncDirectory("/s"));
  host.disk.faults().syncFails = kAlways;
  EXPECT_EQ((*file)->sync().error().code(), Code::kIo);
  EXPECT_FALSE((*file)->append("x"));
  host.disk.faults().syncFails = 0;
  EXPECT_FALSE((*file)->sync());

  write(host, "/s/log", " later", true);  // The kernel thinks that the old pages are clean.
  host.cutPower();
  EXPECT_EQ(host.content("/s/log"), std::string("\0\0\0\0\0\0\0 later", 13));
}

TEST(SimFiles, AFullDiskRefusesAndAddsNothing) {
  Host host(1);
  host.disk.faults().bytesMax = 10;
  write(host, "/s/log", "12345678", false);
  auto file = host.files->openAppend("/s/log");
  const auto refused = (*file)->append("abc");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kDiskFull);
  EXPECT_NE(refused.error().message().find("/s/log"), std::string::npos);
  EXPECT_TRUE((*file)->append("90"));
  EXPECT_EQ(host.content("/s/log"), "1234567890");

  host.disk.faults() = {.full = kAlways};
  EXPECT_EQ((*file)->append("x").error().code(), Code::kDiskFull);
  host.disk.faults().on = false;
  EXPECT_TRUE((*file)->append("x"));
}

TEST(SimFiles, AReadOnlyDiskChangesNothingAndCanBeRead) {
  Host host(1);
  auto file = host.files->openAppend("/s/log");
  ASSERT_TRUE((*file)->append("before"));
  host.disk.faults().readOnly = true;

  EXPECT_EQ((*file)->append("x").error().code(), Code::kIo);
  EXPECT_FALSE((*file)->sync());
  EXPECT_FALSE(host.files->openAppend("/s/other"));
  EXPECT_FALSE(host.files->makeDirectory("/s/new"));
  EXPECT_TRUE(host.files->makeDirectory("/s"));
  EXPECT_FALSE(host.files->truncate("/s/log", 0));
  EXPECT_FALSE(host.files->rename("/s/log", "/s/other"));
  EXPECT_FALSE(host.files->remove("/s/log"));
  EXPECT_FALSE(host.files->syncDirectory("/s"));
  EXPECT_FALSE(host.files->lock("/s/lock", "a process"));
  EXPECT_EQ(host.content("/s/log"), "before");

  host.disk.faults().readOnly = false;
  EXPECT_FALSE((*file)->append("x"));  // Dead for good.
  EXPECT_TRUE((*host.files->openAppend("/s/log"))->append(" after"));
  EXPECT_EQ(host.content("/s/log"), "before after");
}

TEST(SimFiles, WhatADeadNodeStillHoldsActsOnNothing) {
  Host host(1);
  auto file = host.files->openAppend("/s/log");
  auto lock = host.files->lock("/s/lock", "first life");
  ASSERT_TRUE(file && lock);
  host.files->kill();
  SimFiles next(host.disk);
  auto second = next.lock("/s/lock", "second life");
  ASSERT_TRUE(second);

  EXPECT_FALSE((*file)->append("x"));
  EXPECT_FALSE((*file)->sync());
  EXPECT_FALSE(host.files->exists("/s/log"));
  lock->reset();  // Must not free the successor's lock.
  EXPECT_EQ(next.lock("/s/lock", "third").error().code(), Code::kConflict);
  EXPECT_EQ(next.read("/s/log", 10), "");
}

}  // namespace
}  // namespace tidemill::sim
