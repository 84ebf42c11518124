// tidemill/partition_space.h: where the partitions of persisted RDDs are kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tidemill/result.h"
#include "tidemill/storage_level.h"

namespace tidemill::detail {

// The bytes of one partition, kept until this object goes.
class KeptBytes {
 public:
  virtual ~KeptBytes() = default;
  // Blocking, callable from any task. kIo, kDamagedBlock.
  virtual Result<std::string> read() const = 0;
};

// A bounded place in memory and, where there is a folder, on disk. Callable from tasks.
class PartitionSpace {
 public:
  virtual ~PartitionSpace() = default;
  // Memory for elements that somebody else holds, until the result is dropped. Null: there is no room.
  virtual std::shared_ptr<const void> reserve(std::int64_t bytes) = 0;
  // Where `traits` allow: in memory, then on disk. Null: there is no room.
  virtual std::shared_ptr<const KeptBytes> keep(const std::string& bytes, const StorageTraits& traits) = 0;
  virtual bool hasDisk() const = 0;
};

}  // namespace tidemill::detail
