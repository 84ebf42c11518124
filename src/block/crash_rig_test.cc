// Power cuts at every change of a script, and failures of every call: see reliability rules in docs/adr/0009.
#include "block/test_crash_script.h"

#include <gtest/gtest.h>

#include "block/block_fsck.h"
#include "sim/crash_states.h"

namespace tidemill::block {
namespace {

class PlantedBug final : public rt::Faults {
 public:
  explicit PlantedBug(std::string name = {}) : name_(std::move(name)) {}
  bool fires(std::string_view) override { return false; }
  bool planted(std::string_view bug) const override { return !name_.empty() && bug == name_; }

 private:
  const std::string name_;
};

void fill(sim::SimDisk& disk, const sim::CrashState& state) {
  disk.addDirectory("/store");
  for (const auto& [path, bytes] : state) {
    auto inode = std::make_shared<sim::SimInode>();
    inode->bytes = bytes;
    inode->synced = bytes.size();
    disk.setName(path, inode);
  }
  disk.syncDirectory("/store");
}

// Blocks that are lost with a torn tail. After a failure the index may know some that never counted, or that
// are released. kUnchecked: all that counts is whether promises are kept.
enum class Lost { kNone, kNotPromised, kUnchecked };

std::string findings(const FsckReport& report, const Promises::Stored& promised, Lost lost) {
  for (const FsckFinding& finding : report.findings) {
    const bool harmless = finding.kind == FsckFinding::Kind::kTorn ||
                          (finding.kind == FsckFinding::Kind::kLost && lost == Lost::kNotPromised &&
                           promised.count(finding.block->id) == 0);
    if (!harmless) return "fsck: " + finding.text();
  }
  return {};
}

// What is wrong with a store that comes back in this state; empty if nothing is.
std::string verdict(const sim::CrashState& state, const Promises::Stored& promised, Lost lost, bool goOn) {
  sim::SimDisk disk(1);
  fill(disk, state);
  sim::SimFiles files(disk);
  PlantedBug none;
  if (!state.empty() && lost != Lost::kUnchecked) {
    const auto report = checkStore(files, "/store");
    if (!report) return "fsck: " + report.error().message();
    std::string found = findings(*report, promised, lost);
    if (!found.empty()) return found;
  }
  auto store = DiskBlocks::open(files, none, "/store", smallFiles());
  if (!store) return "open: " + store.error().message();
  if (lost != Lost::kUnchecked && !(*store)->found().indexDamage.empty())
    return "open: " + (*store)->found().indexDamage.front();
  std::string broken = brokenPromise(**store, promised);
  if (!broken.empty() || !goOn) return broken;

  // The next life stores, loses its power as well, and still has everything.
  const auto next = testBlock("next", 7);
  const std::vector<std::shared_ptr<const Block>> blocks = {next};
  if (!(*store)->put(blocks)) return "the next put fails";
  store->reset();
  disk.powerCut();
  auto again = DiskBlocks::open(files, none, "/store", smallFiles());
  if (!again) return "open again: " + again.error().message();
  Promises::Stored all = promised;
  all["next"] = next->info();
  return brokenPromise(**again, all);
}

struct RigResult {
  std::size_t states = 0;
  std::string broken;  // The first.
};

// Records a script of two lives under `bug`, then cuts the power after each change.
RigResult runRig(const std::string& bug, std::size_t stride) {
  sim::SimDisk disk(1);
  sim::SimFiles simFiles(disk);
  sim::RecordedFiles files(simFiles);
  PlantedBug faults(bug);
  Promises promises;
  EXPECT_EQ(runScript(files, faults, "a", 14, promises), 0);
  EXPECT_EQ(runScript(files, faults, "b", 10, promises), 0);

  RigResult result;
  const Lost lost = bug.empty() ? Lost::kNone : Lost::kUnchecked;
  sim::CrashStates states(files.changes());
  while (states.step() && result.broken.empty()) {
    const Promises::Stored promised = promises.at(states.position());
    states.forEach(stride, [&](const sim::CrashState& state) {
      if (!result.broken.empty()) return;
      result.broken = verdict(state, promised, lost, ++result.states % 16 == 0);
      if (!result.broken.empty())
        result.broken += " (after change " + std::to_string(states.position()) + ")";
    });
  }
  return result;
}

TEST(CrashRig, NoPowerCutLosesAStoredBlock) {
  const RigResult result = runRig({}, /*stride=*/3);
  EXPECT_EQ(result.broken, "");
  EXPECT_GE(result.states, 20'000u);
  RecordProperty("states", static_cast<int>(result.states));
  std::printf("crash states: %zu\n", result.states);
}

TEST(CrashRig, FindsThatABlockCountsBeforeItsFileIsSynced) {
  EXPECT_NE(runRig("checkpoint-before-fsync", 50).broken, "");
}

TEST(CrashRig, FindsThatTheFolderIsNotSynced) {
  EXPECT_NE(runRig("no-directory-sync", 50).broken, "");
}

// Runs the script with failing calls and looks at what is left, before and after a power cut.
void failCalls(sim::FailingCalls failing, std::size_t& calls) {
  sim::SimDisk disk(1);
  sim::SimFiles simFiles(disk);
  sim::RecordedFiles files(simFiles);
  PlantedBug none;
  Promises promises;
  ASSERT_EQ(runScript(files, none, "a", 4, promises), 0);
  files.fail(failing);
  runScript(files, none, "b", 9, promises);
  calls = files.calls();
  files.fail({.first = 0, .count = 0});

  // Later puts work.
  {
    auto store = DiskBlocks::open(files, none, "/store", smallFiles());
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_EQ(brokenPromise(**store, promises.now()), "");
    const auto block = testBlock("later", 7);
    const std::vector<std::shared_ptr<const Block>> blocks = {block};
    ASSERT_TRUE((*store)->put(blocks));
    promises.stored(block->info(), files.changes().size());
  }
  disk.powerCut();
  const auto report = checkStore(files, "/store");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(findings(*report, promises.now(), Lost::kNotPromised), "");
  auto store = DiskBlocks::open(files, none, "/store", smallFiles());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ(brokenPromise(**store, promises.now()), "");
}

void failEveryCall(Code code, std::size_t count) {
  std::size_t calls = 1;
  for (std::size_t first = 0; first < calls && !testing::Test::HasFailure(); ++first) {
    SCOPED_TRACE(std::string(codeName(code)) + " from call " + std::to_string(first) + ", " +
                 std::to_string(count) + " of them");
    failCalls({.first = first, .count = count, .code = code}, calls);
  }
  EXPECT_GT(calls, 50u);
}

TEST(CrashRig, NoFailureOfACallLosesAStoredBlock) {
  for (const std::size_t count : {1u, 2u, 3u, 10u}) failEveryCall(Code::kIo, count);
}

TEST(CrashRig, NoFullDiskLosesAStoredBlock) {
  for (const std::size_t count : {1u, 2u, 3u, 10u}) failEveryCall(Code::kDiskFull, count);
}

// A failure leaves traces that a power cut then tears.
TEST(CrashRig, NoPowerCutAfterAFailureLosesAStoredBlock) {
  std::size_t states = 0;
  for (const Code code : {Code::kIo, Code::kDiskFull}) {
    for (std::size_t first = 0; first < 110; first += 5) {
      sim::SimDisk disk(1);
      sim::SimFiles simFiles(disk);
      sim::RecordedFiles files(simFiles);
      PlantedBug none;
      Promises promises;
      files.fail({.first = first, .count = 2, .code = code});
      runScript(files, none, "a", 8, promises);
      sim::CrashStates crashes(files.changes());
      while (crashes.step()) {
        const Promises::Stored promised = promises.at(crashes.position());
        crashes.forEach(120, [&](const sim::CrashState& state) {
          ++states;
          const std::string broken = verdict(state, promised, Lost::kNotPromised, states % 16 == 0);
          ASSERT_EQ(broken, "") << codeName(code) << " at call " << first << ", change "
                                << crashes.position();
        });
        if (testing::Test::HasFailure()) return;
      }
    }
  }
  std::printf("crash states after failures: %zu\n", states);
}

}  // namespace
}  // namespace tidemill::block
