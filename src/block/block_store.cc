#include "block/block_store.h"

#include <fmt/format.h>

namespace tidemill::block {

bool Placement::reaches(StorageLevel level) const {
  const StorageTraits wanted = traitsOf(level);
  if (copies < wanted.replicas) return false;
  if (wanted.disk && wanted.memory) return memory || disk;
  return (!wanted.disk || disk) && (!wanted.memory || memory);
}

std::string Placement::text() const {
  std::string where = memory && disk ? "memory+disk" : memory ? "memory" : disk ? "disk" : "nowhere";
  return fmt::format("{}, {} {}", where, copies, copies == 1 ? "copy" : "copies");
}

}  // namespace tidemill::block
