#include "stream/checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

#include "sim/world.h"
#include "stream/checkpoint/checkpoint_stores.h"
#include "stream/checkpoint/memory_checkpoint_store.h"
#include "stream/checkpoint/store_contract.h"

namespace tidemill::stream {
namespace {

class CheckpointStoreTest : public testing::Test {
 protected:
  CheckpointStoreTest() {
    node_ = &world_.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  }
  rt::Env& env() { return node_->env(); }
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }
  std::unique_ptr<CheckpointStore> store(const std::string& url) {
    auto made = makeCheckpointStore(env(), url);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  Code codeOf(const std::string& url) {
    auto made = makeCheckpointStore(env(), url);
    EXPECT_FALSE(made);
    return made ? Code::kCancelled : made.error().code();
  }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
};

TEST_F(CheckpointStoreTest, AFolderKeepsTheContract) {
  auto files = store("file:///checkpoints/orders");
  EXPECT_EQ(run(brokenContract(*files)), "");
  EXPECT_TRUE(files->exclusive());
}

TEST_F(CheckpointStoreTest, MemoryKeepsTheContract) {
  MemoryCheckpointStore memory(env().loop, std::make_shared<MemoryCheckpoints>());
  EXPECT_EQ(run(brokenContract(memory)), "");
  EXPECT_FALSE(memory.exclusive());
}

TEST_F(CheckpointStoreTest, AKeyInFrontOfABucketIsRefusedAndNotShown) {
  for (const std::string url : {"s3n://AKIDEXAMPLE:hidden@orders/a", "hdfs://me:hidden@namenode/a",
                                "other://hidden@host/a", "s3://hidden@orders"}) {
    auto made = makeCheckpointStore(env(), url);
    ASSERT_FALSE(made) << url;
    EXPECT_EQ(made.error().code(), Code::kInvalidConfig);
    EXPECT_EQ((made.error().message() + made.error().hint()).find("hidden"), std::string::npos);
  }
  EXPECT_EQ(store("/data/me@home/a")->url(), "/data/me@home/a");
}

TEST_F(CheckpointStoreTest, UrlsNameTheSameFolder) {
  ASSERT_TRUE(run(store("/a/b")->open("x")));
  for (const std::string url : {"/a/b", "file:/a/b", "file:///a/b", "file://localhost/a/b", "file:/a/b/"}) {
    auto files = store(url);
    ASSERT_TRUE(run(files->open("x"))) << url;
    EXPECT_EQ(files->url(), url);
    const Result<void> put = run(files->putIfAbsent("one", "1"));
    EXPECT_EQ(put.has_value(), url == "/a/b") << url;
  }
}

TEST_F(CheckpointStoreTest, RefusesUrlsThatItDoesNotKnow) {
  EXPECT_EQ(codeOf("ftp://host/a"), Code::kInvalidConfig);
  EXPECT_EQ(codeOf("file://host/a"), Code::kInvalidConfig);
  EXPECT_EQ(codeOf("file:"), Code::kInvalidConfig);
  EXPECT_EQ(codeOf(""), Code::kInvalidConfig);
}

TEST_F(CheckpointStoreTest, ASecondProcessIsFencedAndHearsWhoHoldsTheFolder) {
  auto first = store("/a");
  ASSERT_TRUE(run(first->open("worker alpha")));
  auto second = store("/a");
  const Result<void> opened = run(second->open("worker beta"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kFenced);
  EXPECT_NE(opened.error().message().find("worker alpha"), std::string::npos);

  first.reset();
  EXPECT_TRUE(run(second->open("worker beta")));
}

TEST_F(CheckpointStoreTest, APutReplacesWhatAnEarlierProcessLeftHalfWritten) {
  auto files = store("/a");
  ASSERT_TRUE(run(files->open("x")));
  ASSERT_TRUE(run(files->putIfAbsent("log/1", "one")));
  {
    auto half = env().files.openAppend("/a/log/.new-2");
    ASSERT_TRUE(half);
    ASSERT_TRUE((*half)->append("half of somethi"));
  }
  EXPECT_EQ(run(files->list("log"))->size(), 1u);

  ASSERT_TRUE(run(files->putIfAbsent("log/2", "two")));
  EXPECT_EQ(*run(files->get("log/2")), "two");
}

TEST_F(CheckpointStoreTest, ATroubledFolderIsAnErrorThatNamesIt) {
  auto files = store("/a");
  ASSERT_TRUE(run(files->open("x")));
  node_->disk().faults().readOnly = true;
  const Result<void> put = run(files->putIfAbsent("log/1", "one"));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kIo);
  EXPECT_NE(put.error().message().find("/a"), std::string::npos);

  node_->disk().faults().readOnly = false;
  EXPECT_TRUE(run(files->putIfAbsent("log/1", "one")));
}

TEST(CheckpointName, HasOneOrTwoPartsOfPlainCharacters) {
  for (const char* good : {"a", "log/1", "state/a%2Fb.1-2.3", "A_b"})
    EXPECT_TRUE(isCheckpointName(good)) << good;
  for (const char* bad : {"", "/", "a/", "/a", "a/b/c", ".a", "log/.new", "..", "a b", "a\n", "log/\xc3\xa4"})
    EXPECT_FALSE(isCheckpointName(bad)) << bad;
}

}  // namespace
}  // namespace tidemill::stream
