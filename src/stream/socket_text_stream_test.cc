// Receivers with threads and sockets of their own, in the real world. (Spark: InputStreamsSuite)
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tidemill/receiver.h"

namespace tidemill {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

// What is told from one thread, for another to wait on.
template <class T>
class Told {
 public:
  void add(const std::vector<T>& some) {
    const std::lock_guard lock(mutex_);
    all_.insert(all_.end(), some.begin(), some.end());
    changed_.notify_all();
  }
  std::vector<T> waitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 60s, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> all_;
};

struct ErrorsTold final : StreamingListener {
  void onReceiverError(const ReceiverInfo& info) override { errors.add({info.lastErrorMessage}); }
  void onBatchCompleted(const BatchInfo& batch) override { batches.add({batch.records}); }
  Told<std::string> errors;
  Told<std::int64_t> batches;
};

// A port that accepts when the test asks for it.
class TestServer {
 public:
  int port() const { return acceptor_.local_endpoint().port(); }
  tcp::socket accept() { return acceptor_.accept(); }
  static void send(tcp::socket& to, const std::string& text) {
    boost::asio::write(to, boost::asio::buffer(text));
  }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
};

class SocketTextStreamTest : public testing::Test {
 protected:
  SocketTextStreamTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemill-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SocketTextStreamTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<StreamingContext> makeContext(Conf conf = Conf()) {
    conf.set("tidemill.state.directory", folder_ + "/state").set("spark.streaming.blockInterval", "20ms");
    conf.set("spark.streaming.receiverRestartDelay", "10ms");
    auto context = std::make_unique<StreamingContext>(conf, Milliseconds(50));
    context->addStreamingListener(told_);
    return context;
  }
  template <class T>
  void collect(const DStream<T>& stream, Told<T>& into) {
    stream.foreachRDD([&into](const RDD<T>& rdd) { into.add(rdd.collect()); });
  }

  std::string folder_;
  ErrorsTold told_;
  Told<std::string> lines_;
};

using TextList = std::vector<std::string>;

TEST_F(SocketTextStreamTest, GivesLinesAndConnectsAgainWhereAConnectionEnds) {
  TestServer server;
  auto context = makeContext();
  collect(context->socketTextStream("127.0.0.1", server.port()), lines_);
  context->start();
  {
    tcp::socket first = server.accept();
    TestServer::send(first, "a\nb\r\n\npart");
    EXPECT_EQ(lines_.waitFor(3), (TextList{"a", "b", ""}));
    TestServer::send(first, "ial\nlast");
    EXPECT_EQ(lines_.waitFor(4).back(), "partial");
  }
  EXPECT_EQ(lines_.waitFor(5).back(), "last") << "what the server sent before it closed";
  tcp::socket second = server.accept();
  TestServer::send(second, "again\n");
  EXPECT_EQ(lines_.waitFor(6).back(), "again");

  const TextList errors = told_.errors.waitFor(1);
  ASSERT_FALSE(errors.empty());
  EXPECT_NE(errors[0].find("127.0.0.1:"), std::string::npos) << errors[0];
  const Result<void> end = context->stop(true, true);
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_EQ(context->totals().received, 6);
  EXPECT_EQ(context->totals().processed, 6);
}

TEST_F(SocketTextStreamTest, BatchesGoOnWhileTheServerSaysNothing) {
  TestServer server;
  auto context = makeContext();
  collect(context->socketTextStream("localhost", server.port()), lines_);
  context->start();
  tcp::socket silent = server.accept();
  const auto records = told_.batches.waitFor(3);
  ASSERT_GE(records.size(), 3u);
  EXPECT_EQ(std::count(records.begin(), records.end(), 0), static_cast<std::ptrdiff_t>(records.size()));
  EXPECT_TRUE(context->stop(true, true));
}

TEST_F(SocketTextStreamTest, AServerThatIsNotThereIsToldAndTriedAgainUntilTheContextEnds) {
  int port = 0;
  {
    const TestServer gone;
    port = gone.port();
  }
  auto context = makeContext(Conf().set("tidemill.receiver.maxRestarts", "2"));
  collect(context->socketTextStream("127.0.0.1", port), lines_);
  context->start();
  const Result<void> end = context->awaitTermination();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), Code::kUnreachable);
  EXPECT_NE(end.error().message().find(std::to_string(port)), std::string::npos) << end.error().message();
  EXPECT_EQ(told_.errors.waitFor(3).size(), 3u);
}

// Several threads, which wait where too much is stored.
class ThreadedReceiver final : public Receiver<int> {
 public:
  static constexpr int kThreads = 4;
  static constexpr int kEach = 30'000;

  ThreadedReceiver() : Receiver(StorageLevel::MEMORY_ONLY) {}
  ~ThreadedReceiver() override { onStop(); }
  void onStart() override {
    for (int t = 0; t < kThreads; ++t) {
      threads_.emplace_back([this, t] {
        for (int i = 0; i < kEach && store(t * kEach + i); ++i) ++stored;
      });
    }
  }
  void onStop() override {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::atomic<int> stored{0};

 private:
  std::vector<std::thread> threads_;
};

// Spark: multi-thread receiver, and the graceful stop with a receiver that is not done yet.
TEST_F(SocketTextStreamTest, ManyThreadsOfAReceiverLoseNothing) {
  const auto receiver = std::make_shared<ThreadedReceiver>();
  auto context = makeContext();
  Told<int> seen;
  collect(context->receiverStream<int>(receiver), seen);
  context->start();
  seen.waitFor(1);
  const Result<void> end = context->stop(true, true);
  ASSERT_TRUE(end) << end.error().message();

  const int all = ThreadedReceiver::kThreads * ThreadedReceiver::kEach;
  EXPECT_EQ(receiver->stored, all);
  std::vector<int> numbers = seen.waitFor(static_cast<std::size_t>(all));
  std::sort(numbers.begin(), numbers.end());
  ASSERT_EQ(numbers.size(), static_cast<std::size_t>(all));
  for (int i = 0; i < all; ++i) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(context->totals().processed, all);
}

// A source that forgets what was stored, and gives everything else again.
class ReliableReceiver final : public Receiver<int> {
 public:
  ReliableReceiver() : Receiver(StorageLevel::DISK_ONLY) {}
  ~ReliableReceiver() override { onStop(); }
  void onStart() override {
    thread_ = std::thread([this] {
      while (!isStopped() && store(std::vector<int>{acknowledged, acknowledged + 1})) acknowledged += 2;
    });
  }
  void onStop() override {
    if (thread_.joinable()) thread_.join();
  }

  std::atomic<int> acknowledged{0};

 private:
  std::thread thread_;
};

TEST_F(SocketTextStreamTest, AStopFreesAThreadThatWaitsUntilItsElementsAreStored) {
  for (const bool graceful : {true, false}) {
    const auto receiver = std::make_shared<ReliableReceiver>();
    auto context = makeContext(Conf().set("spark.streaming.blockInterval", "1h"));
    Told<int> seen;
    collect(context->receiverStream<int>(receiver), seen);
    context->start();
    seen.waitFor(20);
    const Result<void> end = context->stop(true, graceful);
    ASSERT_TRUE(end) << end.error().message();
    receiver->onStop();
    std::vector<int> numbers = seen.waitFor(20);
    std::sort(numbers.begin(), numbers.end());
    EXPECT_GE(numbers.size(), 20u);
    if (!graceful) continue;
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(receiver->acknowledged));
    for (int i = 0; i < receiver->acknowledged; ++i) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
  }
}

}  // namespace
}  // namespace tidemill
