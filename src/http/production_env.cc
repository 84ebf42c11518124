#include "http/production_env.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>

#include "rt/no_waiting.h"

namespace tidemill::http {
namespace {

// Of copies elsewhere a storage level asks for two; looks into folders may take half of them, and a receiver
// of the program one when it starts or stops. All of these may hang.
constexpr int kReplicaThreads = 8;

int workersFor(int wanted) {
  if (wanted > 0) return wanted;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) - 1);
}

// Lanes take no signals: those go to the thread that asked for them.
std::thread laneThread(rt::AsioLoop& loop, const char* name) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([&loop] {
    const rt::NoWaiting noWaiting("on a lane of the engine");
    loop.run();
  });
  pthread_setname_np(thread.native_handle(), name);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

ProductionEnv::ProductionEnv(base::LogSink& log, ProductionOptions options)
    : controlHttp_(control_, options.curl),
      fetchHttp_(fetch_, options.curl),
      workers_(workersFor(options.workers), "tidemill-task"),
      jobs_(1, "tidemill-job"),
      store_(1, "tidemill-store"),
      replicas_(kReplicaThreads, "tidemill-copies"),
      random_(base::randomSeed()),
      env_{control_,  controlHttp_, fetch_,  fetchHttp_, workers_, jobs_,    store_,
           replicas_, files_,       random_, log,        faults_,  registry_},
      controlThread_(laneThread(control_, "tidemill-ctl")),
      fetchThread_(laneThread(fetch_, "tidemill-fetch")) {}

ProductionEnv::~ProductionEnv() {
  // Messages that a lane has sent to the other before now still arrive.
  rt::BlockingEvent fetchIdle;
  fetch_.post([&fetchIdle] { fetchIdle.set(); });
  fetchIdle.wait();
  fetch_.stop();
  fetchThread_.join();
  control_.stop();
  controlThread_.join();
}

void ProductionEnv::onControlLane(base::UniqueFunction<void()> work) {
  rt::BlockingEvent done;
  control_.post([&work, &done] {
    work();
    done.set();
  });
  done.wait();
}

}  // namespace tidemill::http
