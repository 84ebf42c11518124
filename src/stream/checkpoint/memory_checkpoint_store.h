// stream/checkpoint/memory_checkpoint_store.h: a checkpoint directory in memory, for tests and simulation.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rt/loop.h"
#include "stream/checkpoint/checkpoint_store.h"

namespace tidemill::stream {

// What several stores, of one process after the other or side by side, have in common.
struct MemoryCheckpoints {
  std::map<std::string, std::string> values;
  // Calls that change something since the start.
  std::int64_t puts = 0;
  // While set, every call fails with it; puts fail after they were done if `doneAllTheSame`.
  std::optional<Error> failure;
  bool doneAllTheSame = false;
};

// Like an object store: no lock, whoever comes second to a name finds it taken.
class MemoryCheckpointStore final : public CheckpointStore {
 public:
  // Each call takes `delay`. `loop` outlives this object.
  MemoryCheckpointStore(rt::Loop& loop, std::shared_ptr<MemoryCheckpoints> place, rt::Duration delay = {});

  const std::string& url() const override { return url_; }
  rt::Task<Result<void>> open(std::string holder) override;
  bool exclusive() const override { return false; }
  rt::Task<Result<void>> putIfAbsent(std::string name, std::string bytes) override;
  rt::Task<Result<std::string>> get(std::string name) override;
  rt::Task<Result<std::vector<std::string>>> list(std::string folder) override;
  rt::Task<Result<void>> remove(std::string name) override;

 private:
  rt::Loop& loop_;
  const std::shared_ptr<MemoryCheckpoints> place_;
  const rt::Duration delay_;
  const std::string url_ = "memory:";
};

}  // namespace tidemill::stream
