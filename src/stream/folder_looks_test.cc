// Folders that hang, and folders that changed, below streams of files.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "sim/hanging_pool.h"
#include "stream/file_choices.h"
#include "stream/test_context.h"
#include "tidemill/dstream.h"

namespace tidemill {
namespace {

class FolderLooksTest : public ContextFixture {
 protected:
  void SetUp() override {
    ContextFixture::SetUp();
    rt::Env& here = ContextFixture::env();
    pool_ = std::make_unique<sim::HangingPool>(here.replicas);
    slow_ = std::make_unique<rt::Env>(rt::Env{here.loop, here.http, here.fetchLoop, here.fetchHttp,
                                              here.workers, here.jobs, here.store, *pool_, here.files,
                                              here.random, here.log, here.faults, here.registry});
    seams_ = std::make_unique<stream::Seams>(stream::Seams{*slow_, *factory_, sim::testEnvironment()});
  }
  void write(const std::string& path, const std::string& text) {
    auto file = env().files.openAppend(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(text));
  }
  void makeFolders(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders) ASSERT_TRUE(env().files.makeDirectory(folder));
  }
  // More names than a look goes through, or none of them.
  void clutter(const std::string& folder, bool there) {
    const auto inode = there ? std::make_shared<sim::SimInode>() : nullptr;
    for (std::size_t i = 0; i <= stream::FileChoices::kNamesMost; ++i)
      node_->disk().setName(folder + "/.clutter-" + std::to_string(i), inode);
  }
  // Streams of these folders under one directory; as long as `sinkDown_`, batches with lines fail.
  std::unique_ptr<StreamingContext> begin(const std::vector<std::string>& folders) {
    auto context = StreamingContext::getOrCreate("/checkpoints", [&] {
      auto made = makeContext();
      for (std::size_t i = 0; i < folders.size(); ++i) {
        made->textFileStream(folders[i])
            .uid("files-" + std::to_string(i))
            .foreachRDD([this](const RDD<std::string>& rdd, Time time) {
              const std::vector<std::string> lines = rdd.collect();
              if (sinkDown_ && !lines.empty()) throw std::runtime_error("the sink is down");
              batches_.insert(time);
              seen_.insert(lines.begin(), lines.end());
            });
      }
      return made;
    });
    context->start();
    return context;
  }

  std::unique_ptr<sim::HangingPool> pool_;
  std::unique_ptr<rt::Env> slow_;
  bool sinkDown_ = false;
  std::set<Time> batches_;
  std::multiset<std::string> seen_;
};

using FolderLines = std::multiset<std::string>;

TEST_F(FolderLooksTest, AFolderThatHangsHoldsNoBatchUpAndItsFilesComeWhenItAnswers) {
  makeFolders({"/in", "/other"});
  auto context = begin({"/in", "/other"});
  world_.runFor(2500ms);
  pool_->hang();
  write("/in/one", "1\n");
  batches_.clear();
  world_.runFor(10s);
  EXPECT_GE(batches_.size(), 8u);
  EXPECT_EQ(pool_->held(), 2u) << "one look into each folder";
  EXPECT_EQ(node_->log().count("text_folder_slow"), 2u);
  EXPECT_EQ(seen_, FolderLines());

  pool_->goOn();
  write("/other/two", "2\n");
  world_.runFor(4s);
  EXPECT_EQ(seen_, (FolderLines{"1", "2"}));
  EXPECT_TRUE(stopped(*context));
}

TEST_F(FolderLooksTest, AFolderThatFailsAfterAWhileHoldsNoBatchUp) {
  makeFolders({"/in"});
  auto context = begin({"/in"});
  world_.runFor(2500ms);
  write("/in/one", "1\n");
  pool_->hang();
  world_.runFor(3s);
  clutter("/in", true);
  pool_->goOn();
  world_.runFor(10ms);
  clutter("/in", false);
  batches_.clear();
  world_.runFor(5s);
  EXPECT_EQ(node_->log().count("text_folder_failed"), 1u);
  EXPECT_GE(batches_.size(), 4u);
  EXPECT_EQ(seen_, (FolderLines{"1"}));
  EXPECT_TRUE(stopped(*context));
}

// What a job had chosen itself would be in no log, and read again by the next process.
TEST_F(FolderLooksTest, AFolderThatCannotBeListedForAWhileFailsNoBatchAndItsFilesAreReadOnce) {
  makeFolders({"/in"});
  auto first = begin({"/in"});
  world_.runFor(2500ms);
  write("/in/one", "1\n");
  clutter("/in", true);
  batches_.clear();
  world_.runFor(3s);
  EXPECT_GE(batches_.size(), 2u);
  EXPECT_EQ(node_->log().count("text_folder_failed"), 2u) << "the first and the second";
  EXPECT_EQ(seen_, FolderLines());
  clutter("/in", false);
  world_.runFor(2s);
  EXPECT_EQ(node_->log().count("text_folder_recovered"), 1u);
  EXPECT_EQ(seen_, (FolderLines{"1"}));
  first.reset();  // Killed.

  auto second = begin({"/in"});
  world_.runFor(3s);
  EXPECT_EQ(seen_, (FolderLines{"1"}));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(FolderLooksTest, FoldersThatHangLeaveThreadsToTheCopies) {
  makeFolders({"/a", "/b", "/c"});
  auto context = begin({"/a", "/b", "/c"});
  world_.runFor(2500ms);
  pool_->hang();
  world_.runFor(5s);
  EXPECT_EQ(static_cast<int>(pool_->held()), env().replicas.threads() / 2);
  EXPECT_EQ(node_->log().count("text_folder_slow"), 3u);
  pool_->goOn();
  write("/c/one", "1\n");
  world_.runFor(3s);
  EXPECT_EQ(seen_, (FolderLines{"1"}));
  EXPECT_TRUE(stopped(*context));
}

TEST_F(FolderLooksTest, AGracefulStopDoesNotWaitForAFolderThatHangs) {
  makeFolders({"/in"});
  auto context = begin({"/in"});
  world_.runFor(2500ms);
  pool_->hang();
  world_.runFor(3s);
  const auto before = world_.loop().now();
  EXPECT_TRUE(stopped(*context));
  EXPECT_LT(world_.loop().now() - before, 5s);
}

// At any moment of a look: files that one stream has chosen would else be in no batch.
TEST_F(FolderLooksTest, AGracefulStopDuringALookLosesNoFile) {
  makeFolders({"/in", "/other"});
  for (int run = 0; run < 40; ++run) {
    const std::string name = std::to_string(run);
    auto context = begin({"/in", "/other"});
    world_.runFor(2500ms);
    write("/in/" + name, name + "\n");
    pool_->hang(/*passing=*/1);
    world_.runUntil([&] { return pool_->held() > 0; }, 5s);
    world_.runFor(std::chrono::microseconds(run * 50));
    context->requestStop(true);
    if (run % 2 == 0) world_.runFor(3s);
    pool_->goOn();
    EXPECT_TRUE(ended(*context));
  }
  // What the look did not find in time is the next process's.
  auto last = begin({"/in", "/other"});
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*last));
  EXPECT_EQ(seen_.size(), 40u);
  EXPECT_EQ(std::set<std::string>(seen_.begin(), seen_.end()).size(), 40u);
}

TEST_F(FolderLooksTest, AFilterThatThrowsFailsItsBatchAndEndsNoThread) {
  makeFolders({"/in"});
  auto context = makeContext();
  const auto filter = [](const std::string& name) -> bool {
    if (name == "odd") throw std::runtime_error("no number in it");
    return true;
  };
  context->textFileStream("/in", filter).foreachRDD([this](const RDD<std::string>& rdd) {
    for (const std::string& line : rdd.collect()) seen_.insert(line);
  });
  context->start();
  write("/in/even", "2\n");
  world_.runFor(2500ms);
  EXPECT_EQ(seen_, FolderLines{"2"});
  write("/in/odd", "1\n");
  const auto end = ended(*context);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUserCodeFailed);
  EXPECT_NE(end.error().message().find("no number in it"), std::string::npos) << end.error().message();
}

TEST_F(FolderLooksTest, AFilterThatThrowsOnceCostsATryOfItsBatchAndNoFile) {
  makeFolders({"/in"});
  auto context = makeContext();
  bool throwsNow = true;
  const auto filter = [&throwsNow](const std::string&) -> bool {
    if (std::exchange(throwsNow, false)) throw std::runtime_error("the database is away");
    return true;
  };
  context->textFileStream("/in", filter).foreachRDD([this](const RDD<std::string>& rdd) {
    for (const std::string& line : rdd.collect()) seen_.insert(line);
  });
  context->start();
  world_.runFor(500ms);
  write("/in/one", "1\n");
  world_.runFor(10s);
  EXPECT_FALSE(throwsNow);
  EXPECT_GE(node_->log().count("batch_failed"), 1u);
  EXPECT_EQ(seen_, FolderLines{"1"});
  EXPECT_TRUE(stopped(*context));
}

TEST_F(FolderLooksTest, APendingBatchOfAnotherFolderIsReadByAProgramThatReadsThisOne) {
  makeFolders({"/in", "/mnt/much/longer/name"});
  auto first = begin({"/in"});
  world_.runFor(2500ms);
  sinkDown_ = true;
  write("/in/one", "1\n");
  world_.runFor(1s);
  first.reset();  // Killed.

  sinkDown_ = false;
  auto second = begin({"/mnt/much/longer/name"});
  world_.runFor(3s);
  write("/mnt/much/longer/name/one", "another\n");
  world_.runFor(3s);
  EXPECT_EQ(seen_, (FolderLines{"1", "another"}));
  EXPECT_TRUE(stopped(*second));
}

TEST_F(FolderLooksTest, WhatWasReadOfAnotherFolderSaysNothingOfThisOne) {
  makeFolders({"/in", "/other"});
  auto first = begin({"/in"});
  world_.runFor(1500ms);
  write("/in/one", "1\n");
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*first));
  first.reset();

  write("/other/one", "another\n");
  auto second = begin({"/other"});
  world_.runFor(3s);
  EXPECT_EQ(seen_, (FolderLines{"1", "another"}));
  EXPECT_TRUE(stopped(*second));
}

}  // namespace
}  // namespace tidemill
