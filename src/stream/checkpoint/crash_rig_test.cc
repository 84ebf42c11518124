// Power cuts at every change of a folder of checkpoints: a value that was promised is there, and whole.
#include <gtest/gtest.h>

#include <map>

#include "sim/crash_states.h"
#include "sim/sim_files.h"
#include "sim/world.h"
#include "stream/checkpoint/file_checkpoint_store.h"

namespace tidemill::stream {
namespace {

// What was promised after how many changes of the disk.
struct Promise {
  std::size_t changes = 0;
  std::string name;
  std::string bytes;
};

class CheckpointRig : public testing::Test {
 protected:
  CheckpointRig() {
    node_ = &world_.addNode("driver", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  }
  // The seams of the node, with other files.
  rt::Env envOn(rt::FileSystem& files) {
    const rt::Env& env = node_->env();
    return {env.loop,     env.http, env.fetchLoop, env.fetchHttp, env.workers, env.jobs,    env.store,
            env.replicas, files,    env.random,    env.log,       env.faults,  env.registry};
  }
  template <class T>
  T run(rt::Task<T> task) {
    return world_.loop().run(std::move(task));
  }

  sim::World world_{1};
  sim::Node* node_ = nullptr;
};

TEST_F(CheckpointRig, NoPowerCutLosesOrTearsAValue) {
  sim::SimDisk disk(1);
  sim::SimFiles simFiles(disk);
  sim::RecordedFiles recorded(simFiles);
  const rt::Env env = envOn(recorded);
  std::vector<Promise> promises;
  std::map<std::string, std::string> tried;
  {
    FileCheckpointStore store(env, "file:/c", "/c");
    ASSERT_TRUE(run(store.open("x")));
    for (int i = 0; i < 6; ++i) {
      const std::string name = "log-" + std::to_string(i);
      const std::string bytes(static_cast<std::size_t>(20 + 7 * i), static_cast<char>('a' + i));
      tried[name] = bytes;
      ASSERT_TRUE(run(store.putIfAbsent(name, bytes)));
      promises.push_back({recorded.changes().size(), name, bytes});
    }
  }

  std::size_t seen = 0;
  sim::CrashStates states(recorded.changes());
  while (states.step()) {
    states.forEach(1, [&](const sim::CrashState& state) {
      ++seen;
      for (const Promise& promise : promises) {
        if (promise.changes > states.position()) continue;
        const auto found = state.find("/c/" + promise.name);
        ASSERT_NE(found, state.end()) << promise.name << " after change " << states.position();
        ASSERT_EQ(found->second, promise.bytes);
      }
      for (const auto& [name, bytes] : tried) {
        const auto found = state.find("/c/" + name);
        if (found == state.end()) continue;
        ASSERT_EQ(found->second, bytes) << name;
      }
    });
  }
  EXPECT_GE(seen, 100u);
}

TEST_F(CheckpointRig, AfterACallThatFailedTheSamePutSucceeds) {
  for (const Code code : {Code::kIo, Code::kDiskFull}) {
    for (std::size_t first = 0; first < 20; ++first) {
      SCOPED_TRACE(std::string(codeName(code)) + " from call " + std::to_string(first));
      sim::SimDisk disk(1);
      sim::SimFiles simFiles(disk);
      sim::RecordedFiles recorded(simFiles);
      const rt::Env env = envOn(recorded);
      FileCheckpointStore store(env, "file:/c", "/c");
      ASSERT_TRUE(run(store.open("x")));
      recorded.fail({.first = first, .count = 1, .code = code});
      for (const std::string name : {"a", "b", "c"}) {
        auto put = run(store.putIfAbsent(name, "of " + name));
        if (!put) put = run(store.putIfAbsent(name, "of " + name));
        // A folder that could not be synced has the value already.
        ASSERT_TRUE(put || put.error().code() == Code::kConflict);
        auto got = run(store.get(name));
        if (!got) got = run(store.get(name));
        ASSERT_TRUE(got);
        EXPECT_EQ(*got, "of " + name);
      }
    }
  }
}

}  // namespace
}  // namespace tidemill::stream
