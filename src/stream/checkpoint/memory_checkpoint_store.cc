#include "stream/checkpoint/memory_checkpoint_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tidemill::stream {

MemoryCheckpointStore::MemoryCheckpointStore(rt::Loop& loop, std::shared_ptr<MemoryCheckpoints> place,
                                             rt::Duration delay)
    : loop_(loop), place_(std::move(place)), delay_(delay) {}

rt::Task<Result<void>> MemoryCheckpointStore::open(std::string) {
  co_await loop_.sleepFor(delay_);
  if (place_->failure) co_return fail(*place_->failure);
  co_return Result<void>();
}

rt::Task<Result<void>> MemoryCheckpointStore::putIfAbsent(std::string name, std::string bytes) {
  TIDEMILL_CHECK(isCheckpointName(name), "a name of a checkpoint store");
  co_await loop_.sleepFor(delay_);
  ++place_->puts;
  if (place_->failure && !place_->doneAllTheSame) co_return fail(*place_->failure);
  const bool isNew = place_->values.try_emplace(name, std::move(bytes)).second;
  if (place_->failure) co_return fail(*place_->failure);
  if (!isNew) co_return fail(Code::kConflict, url_ + ": " + name + " exists");
  co_return Result<void>();
}

rt::Task<Result<std::string>> MemoryCheckpointStore::get(std::string name) {
  co_await loop_.sleepFor(delay_);
  if (place_->failure) co_return fail(*place_->failure);
  const auto found = place_->values.find(name);
  if (found == place_->values.end()) co_return fail(Code::kNotFound, url_ + ": there is no " + name);
  co_return found->second;
}

rt::Task<Result<std::vector<std::string>>> MemoryCheckpointStore::list(std::string folder) {
  co_await loop_.sleepFor(delay_);
  if (place_->failure) co_return fail(*place_->failure);
  const std::string prefix = folder.empty() ? folder : folder + "/";
  std::vector<std::string> names;
  for (const auto& [name, value] : place_->values) {
    if (!name.starts_with(prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    names.push_back(rest.substr(0, rest.find('/')));
  }
  names.erase(std::unique(names.begin(), names.end()), names.end());
  co_return std::move(names);
}

rt::Task<Result<void>> MemoryCheckpointStore::remove(std::string name) {
  co_await loop_.sleepFor(delay_);
  if (place_->failure) co_return fail(*place_->failure);
  place_->values.erase(name);
  co_return Result<void>();
}

}  // namespace tidemill::stream
