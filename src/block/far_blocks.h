// block/far_blocks.h: a store of named values behind a network as a place for blocks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "block/copy_place.h"
#include "rt/env.h"

namespace tidemill::block {

// The seam to such a store. Lives on the control lane. A value is there whole or not at all, and survives
// once a put has succeeded. Calls end by themselves, and may be cut short by destroying their tasks.
class FarStore {
 public:
  virtual ~FarStore() = default;

  // Before every other call, and again after it failed.
  virtual rt::Task<Result<void>> open() = 0;
  // Replaces what is there.
  virtual rt::Task<Result<void>> put(std::string name, std::string bytes) = 0;
  // kNotFound: no such name.
  virtual rt::Task<Result<std::string>> get(std::string name) = 0;
  virtual rt::Task<Result<std::vector<std::string>>> list() = 0;
  // Succeeds if there is no such name.
  virtual rt::Task<Result<void>> remove(std::string name) = 0;
};

// One value for each block, named by its id: a mark, a CRC-32C of the rest, and the block as packBlock()
// makes it. Copies are far (StoredCopy::isFar()). Opens when it is first needed, and again after that failed,
// as DirectoryFiles do. Calls take their time, so several are on their way at once; the work on bytes is done
// on the threads of replicas.
class FarBlocks final : public CopyPlace {
 public:
  // `name`: of the place, for people. What `env` names must outlive this and every copy.
  FarBlocks(const rt::Env& env, std::string name, std::shared_ptr<FarStore> store);

  static constexpr std::size_t kCallsMost = 8;

  // Reads every value that is there; one that is none of ours, or is damaged, is told and stays.
  rt::Task<Result<StoredCopies>> open() override;
  rt::Task<std::vector<WrittenCopy>> write(std::vector<CopyJob> jobs) override;
  rt::Task<void> release(std::vector<std::string> ids) override;

 private:
  rt::Task<Result<void>> openStore();
  // A copy that is there; nothing where it is unreadable, which is told.
  rt::Task<void> readOne(std::string name, WrittenCopy& copy, std::optional<Error>& outage);
  rt::Task<void> writeOne(CopyJob job, WrittenCopy& written);
  rt::Task<void> removeOne(std::string name);

  const rt::Env env_;
  const std::string name_;
  const std::shared_ptr<FarStore> store_;
  bool open_ = false;
};

}  // namespace tidemill::block
