#include "rt/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "rt/asio_loop.h"
#include "rt/task_group.h"

namespace tidemill::rt {
namespace {

using namespace std::chrono_literals;

// An AsioLoop on a thread of its own, as a lane is in production.
class Lane {
 public:
  Lane() : thread_([this] { loop_.run(); }) {}
  ~Lane() {
    loop_.stop();
    thread_.join();
  }
  AsioLoop& loop() { return loop_; }

  // Runs `work` on the lane and waits for it.
  template <class Work>
  void call(Work work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  AsioLoop loop_;
  std::thread thread_;
};

TEST(ThreadPool, OneThreadKeepsTheOrder) {
  std::vector<int> seen;
  std::promise<void> done;
  {
    ThreadPool pool(1, "store");
    for (int i = 0; i < 1000; ++i) pool.submit([&seen, i] { seen.push_back(i); });
    pool.submit([&done] { done.set_value(); });
    done.get_future().wait();
  }
  ASSERT_EQ(seen.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPool, TakesWorkFromManyThreads) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool(3, "workers");
    EXPECT_EQ(pool.threads(), 3);
    std::vector<std::thread> senders;
    for (int s = 0; s < 4; ++s) {
      senders.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) pool.submit([&ran] { ++ran; });
      });
    }
    for (std::thread& sender : senders) sender.join();
    std::promise<void> idle;
    pool.submit([&] { idle.set_value(); });
    idle.get_future().wait();
    while (ran < 4000) std::this_thread::yield();
  }
  EXPECT_EQ(ran, 4000);
}

TEST(ThreadPool, DropsQueuedWorkAtItsEndAndFreesWhatItOwns) {
  // The running function submits through the pool until the pool refuses: only then has the destructor begun.
  const auto owned = std::make_shared<int>(1);
  auto pool = std::make_unique<ThreadPool>(1, "store");
  std::promise<void> running;
  std::promise<void> goOn;
  const std::shared_future<void> mayEnd = goOn.get_future().share();
  ThreadPool* const raw = pool.get();
  pool->submit([raw, owned, mayEnd, &running] {
    for (int i = 0; i < 10; ++i)
      raw->submit([owned] { ADD_FAILURE() << "this was queued when the pool ended"; });
    running.set_value();
    mayEnd.wait();
    for (bool refused = false; !refused; std::this_thread::yield()) {
      // A new one each time: what was queued before the destructor began lives until it ends.
      const auto probe = std::make_shared<int>(0);
      raw->submit([probe] { ADD_FAILURE() << "this was queued when the pool ended"; });
      refused = probe.use_count() == 1;
    }
  });
  running.get_future().wait();
  EXPECT_EQ(owned.use_count(), 12);

  goOn.set_value();
  pool.reset();
  EXPECT_EQ(owned.use_count(), 1);
}

Task<void> measure(ThreadPool& pool, Loop& loop, std::size_t& sum) {
  const std::thread::id lane = std::this_thread::get_id();
  for (int i = 0; i < 200; ++i) {
    auto work = [text = std::make_unique<std::string>(10, 'x'), lane] {
      return std::this_thread::get_id() != lane ? text->size() : 0;
    };
    const std::size_t size = co_await runOn(pool, loop, std::move(work));
    EXPECT_EQ(std::this_thread::get_id(), lane);
    sum += size;
  }
}

TEST(RunOn, RunsElsewhereAndResumesOnItsLane) {
  Lane lane;
  ThreadPool pool(2, "workers");
  std::size_t sum = 0;
  std::unique_ptr<TaskGroup> group;
  lane.call([&] {
    group = std::make_unique<TaskGroup>(lane.loop());
    group->spawn(measure(pool, lane.loop(), sum));
  });
  bool idle = false;
  while (!idle) {
    lane.call([&] { idle = group->running() == 0; });
    std::this_thread::yield();
  }
  lane.call([&] { group.reset(); });
  EXPECT_EQ(sum, 2000U);
}

Task<void> runSlow(ThreadPool& pool, Loop& loop, std::shared_future<void> mayEnd, std::promise<void>& running,
                   std::weak_ptr<int>& input, std::atomic<bool>& resumed) {
  auto owned = std::make_shared<int>(42);
  input = owned;
  auto work = [held = std::move(owned), mayEnd, &running] {
    running.set_value();
    mayEnd.wait();
    return *held;  // Its awaiter is gone by now; the input is still its own.
  };
  const int result = co_await runOn(pool, loop, std::move(work));
  EXPECT_EQ(result, 42);
  resumed = true;
}

TEST(RunOn, TheFunctionOwnsItsInputsWhenTheAwaiterGoesAndItsResultIsDropped) {
  Lane lane;
  std::promise<void> running;
  std::promise<void> goOn;
  std::weak_ptr<int> input;
  std::atomic<bool> resumed{false};
  {
    ThreadPool pool(1, "workers");
    std::unique_ptr<TaskGroup> group;
    const std::shared_future<void> mayEnd = goOn.get_future().share();
    lane.call([&] {
      group = std::make_unique<TaskGroup>(lane.loop());
      group->spawn(runSlow(pool, lane.loop(), mayEnd, running, input, resumed));
    });
    running.get_future().wait();
    lane.call([&] { group.reset(); });
    EXPECT_FALSE(input.expired());
    goOn.set_value();
  }
  lane.call([] {});  // What the function posted has run before this.
  EXPECT_TRUE(input.expired());
  EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace tidemill::rt
