// The contract of FileSystem, checked on the real one and on the simulated one.

#include "rt/file_system.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "rt/posix_file_system.h"
#include "sim/sim_files.h"

namespace tidemill::rt {
namespace {

// A file system with an empty folder to work in.
class Place {
 public:
  virtual ~Place() = default;
  virtual FileSystem& files() = 0;
  virtual std::string root() const = 0;
};

class PosixPlace final : public Place {
 public:
  PosixPlace() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~PosixPlace() override { std::filesystem::remove_all(root_); }
  FileSystem& files() override { return files_; }
  std::string root() const override { return root_; }

 private:
  PosixFileSystem files_;
  std::string root_;
};

class SimPlace final : public Place {
 public:
  SimPlace() { disk_.addDirectory("/state"); }
  FileSystem& files() override { return files_; }
  std::string root() const override { return "/state"; }

 private:
  sim::SimDisk disk_{1};
  sim::SimFiles files_{disk_};
};

struct PlaceKind {
  const char* name;
  std::function<std::unique_ptr<Place>()> make;
};

class FileSystemContract : public testing::TestWithParam<PlaceKind> {
 protected:
  void SetUp() override { place_ = GetParam().make(); }
  FileSystem& files() { return place_->files(); }
  std::string at(const std::string& name) const { return place_->root() + "/" + name; }
  void write(const std::string& name, std::string_view bytes) {
    auto file = files().openAppend(at(name));
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_TRUE((*file)->append(bytes));
    ASSERT_TRUE((*file)->sync());
  }
  std::string content(const std::string& name) {
    const auto read = files().read(at(name), 1 << 20);
    return read ? *read : "error: " + read.error().message();
  }

  std::unique_ptr<Place> place_;
};

TEST_P(FileSystemContract, AppendsBehindWhatIsThere) {
  write("log", "one ");
  write("log", "two ");
  auto a = files().openAppend(at("log"));
  auto b = files().openAppend(at("log"));
  ASSERT_TRUE(a && b);
  ASSERT_TRUE((*a)->append("three "));
  ASSERT_TRUE((*b)->append(""));
  ASSERT_TRUE((*b)->append("four"));
  EXPECT_EQ(content("log"), "one two three four");
}

TEST_P(FileSystemContract, KeepsEveryByte) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 131);
  write("log", bytes);
  EXPECT_EQ(content("log"), bytes);
}

TEST_P(FileSystemContract, RefusesToReadMoreThanAsked) {
  write("log", "12345");
  EXPECT_TRUE(files().read(at("log"), 5));
  const auto refused = files().read(at("log"), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kIo);
}

TEST_P(FileSystemContract, ReadsAPart) {
  write("log", "0123456789");
  const auto part = [&](std::uint64_t offset, std::size_t length) {
    std::string into(length, '?');
    const auto got = files().readAt(at("log"), offset, into);
    return got ? into.substr(0, *got) : "error: " + got.error().message();
  };
  EXPECT_EQ(part(0, 10), "0123456789");
  EXPECT_EQ(part(3, 4), "3456");
  EXPECT_EQ(part(8, 4), "89");
  EXPECT_EQ(part(10, 4), "");
  EXPECT_EQ(part(99, 4), "");
  EXPECT_EQ(part(2, 0), "");
  EXPECT_EQ(files().size(at("log")), 10u);
}

TEST_P(FileSystemContract, CutsAFileAndAppendsBehindTheNewEnd) {
  auto file = files().openAppend(at("log"));
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("0123456789"));
  ASSERT_TRUE(files().truncate(at("log"), 10));
  ASSERT_TRUE(files().truncate(at("log"), 99));
  EXPECT_EQ(content("log"), "0123456789");

  ASSERT_TRUE(files().truncate(at("log"), 4));
  EXPECT_EQ(content("log"), "0123");
  ASSERT_TRUE((*file)->append("new"));
  EXPECT_EQ(content("log"), "0123new");
  ASSERT_TRUE(files().truncate(at("log"), 0));
  EXPECT_EQ(files().size(at("log")), 0u);
}

TEST_P(FileSystemContract, NamesTheMissingFile) {
  const auto read = files().read(at("gone"), 10);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kIo);
  EXPECT_NE(read.error().message().find("gone"), std::string::npos);
  EXPECT_FALSE(read.error().hint().empty());
  EXPECT_FALSE(files().remove(at("gone")));
  std::string into(4, '?');
  EXPECT_FALSE(files().readAt(at("gone"), 0, into));
  EXPECT_FALSE(files().size(at("gone")));
  EXPECT_FALSE(files().truncate(at("gone"), 0));
  EXPECT_FALSE(files().rename(at("gone"), at("other")));
  EXPECT_FALSE(files().openAppend(at("no/such/folder")));
  EXPECT_FALSE(files().list(at("gone")));
  EXPECT_FALSE(files().syncDirectory(at("gone")));
}

TEST_P(FileSystemContract, SaysWhatExists) {
  write("log", "x");
  EXPECT_EQ(files().exists(at("log")), true);
  EXPECT_EQ(files().exists(place_->root()), true);
  EXPECT_EQ(files().exists(at("gone")), false);
  EXPECT_EQ(files().exists(at("gone/deeper")), false);
}

TEST_P(FileSystemContract, RenameReplacesInOneStep) {
  write("new", "new");
  write("old", "old");
  ASSERT_TRUE(files().rename(at("new"), at("old")));
  EXPECT_EQ(content("old"), "new");
  EXPECT_EQ(files().exists(at("new")), false);
}

TEST_P(FileSystemContract, RenameStaysInItsFolder) {
  write("log", "x");
  ASSERT_TRUE(files().makeDirectory(at("sub")));
  const auto moved = files().rename(at("log"), at("sub/log"));
  ASSERT_FALSE(moved);
  EXPECT_FALSE(moved.error().hint().empty());
  EXPECT_EQ(content("log"), "x");
}

TEST_P(FileSystemContract, AnOpenFileSurvivesItsRenameAndRemoval) {
  auto file = files().openAppend(at("log"));
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("a"));
  ASSERT_TRUE(files().rename(at("log"), at("moved")));
  ASSERT_TRUE((*file)->append("b"));
  EXPECT_EQ(content("moved"), "ab");
  ASSERT_TRUE(files().remove(at("moved")));
  EXPECT_TRUE((*file)->append("c"));
  EXPECT_TRUE((*file)->sync());
}

TEST_P(FileSystemContract, ListsNamesSorted) {
  for (const char* name : {"b", "a", "c"}) write(name, "");
  ASSERT_TRUE(files().makeDirectory(at("sub/deep")));
  EXPECT_EQ(files().list(place_->root()), std::vector<std::string>({"a", "b", "c", "sub"}));
  EXPECT_EQ(files().list(at("sub")), std::vector<std::string>({"deep"}));
  EXPECT_EQ(files().list(at("sub/deep")), std::vector<std::string>());
}

TEST_P(FileSystemContract, MakesFoldersWithTheirParentsAndTwice) {
  EXPECT_TRUE(files().makeDirectory(at("a/b/c")));
  EXPECT_TRUE(files().makeDirectory(at("a/b/c")));
  EXPECT_TRUE(files().syncDirectory(at("a/b")));
  write("file", "");
  EXPECT_FALSE(files().makeDirectory(at("file")));
  EXPECT_FALSE(files().openAppend(at("a")));
}

TEST_P(FileSystemContract, ALockNamesItsHolderUntilItIsFreed) {
  auto lock = files().lock(at("lock"), "pid 1 worker w1");
  ASSERT_TRUE(lock) << lock.error().message();
  const auto second = files().lock(at("lock"), "pid 2 worker w2");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_NE(second.error().message().find("pid 1 worker w1"), std::string::npos);
  EXPECT_NE(second.error().message().find("lock"), std::string::npos);

  lock->reset();
  EXPECT_TRUE(files().lock(at("lock"), "pid 3"));
  EXPECT_TRUE(content("lock").ends_with("pid 3"));
}

INSTANTIATE_TEST_SUITE_P(Both, FileSystemContract,
                         testing::Values(PlaceKind{"Posix", [] { return std::make_unique<PosixPlace>(); }},
                                         PlaceKind{"Sim", [] { return std::make_unique<SimPlace>(); }}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace tidemill::rt
