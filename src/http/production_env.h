// http/production_env.h: the Env of a real process: its lanes, threads, sockets, files and clock.
#pragma once

#include <memory>
#include <thread>

#include "http/curl_transport.h"
#include "rt/asio_loop.h"
#include "rt/blocking_event.h"
#include "rt/env.h"
#include "rt/posix_file_system.h"
#include "rt/thread_pool.h"

namespace tidemill::http {

struct ProductionOptions {
  // Tasks run on this many threads; 0: one less than the processors, at least 1.
  int workers = 0;
  CurlOptions curl;
};

// Starts the lanes when made, and joins every thread when destroyed. Whoever works on the lanes must have
// ended before. Make it on the main thread; use it from there.
class ProductionEnv {
 public:
  // `log` outlives this object and takes calls from any thread.
  explicit ProductionEnv(base::LogSink& log, ProductionOptions options = {});
  ~ProductionEnv();
  ProductionEnv(const ProductionEnv&) = delete;
  ProductionEnv& operator=(const ProductionEnv&) = delete;

  const rt::Env& env() const { return env_; }

  // Runs a task on the control lane and waits for its result. Never called on a lane.
  template <class T>
  T block(rt::Task<T> task);
  // Runs `work` on the control lane and waits until it has run. Never called on a lane.
  void onControlLane(base::UniqueFunction<void()> work);

 private:
  rt::AsioLoop control_;
  rt::AsioLoop fetch_;
  CurlTransport controlHttp_;
  CurlTransport fetchHttp_;
  // Before the threads that use it.
  rt::PosixFileSystem files_;
  rt::ThreadPool workers_;
  rt::ThreadPool jobs_;
  rt::ThreadPool store_;
  rt::ThreadPool replicas_;
  base::Random random_;
  rt::NoFaults faults_;
  rt::Registry registry_;
  const rt::Env env_;
  std::thread controlThread_;
  std::thread fetchThread_;
};

namespace detail {

// A task that runs on a lane for a thread that waits; it belongs to the lane until `ended` is set.
template <class T>
struct BlockedTask : rt::Waiter {
  explicit BlockedTask(rt::Task<T> t)
      : Waiter([](Waiter& self) { static_cast<BlockedTask&>(self).ended.set(); }), task(std::move(t)) {}
  rt::Task<T> task;
  rt::BlockingEvent ended;
};

}  // namespace detail

template <class T>
T ProductionEnv::block(rt::Task<T> task) {
  detail::BlockedTask<T> blocked(std::move(task));
  control_.post([this, &blocked] {
    if (blocked.task.start(control_, blocked)) blocked.ended.set();
  });
  blocked.ended.wait();
  return blocked.task.take();
}

}  // namespace tidemill::http
