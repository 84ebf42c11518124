#include "sim/sim_disk.h"

#include <algorithm>

#include "rt/path.h"

namespace tidemill::sim {

SimDisk::Inode SimDisk::find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

std::uint64_t SimDisk::bytesUsed() const {
  std::uint64_t sum = 0;
  for (const auto& [path, inode] : files_) sum += inode->bytes.size();
  return sum;
}

void SimDisk::apply(const Change& change, std::map<std::string, Inode>& names) {
  if (!change.from.empty()) names.erase(change.from);
  if (change.inode != nullptr) {
    names[change.to] = change.inode;
  } else {
    names.erase(change.to);
  }
}

void SimDisk::record(Change change) {
  apply(change, files_);
  changes_[rt::directoryOf(change.to)].push_back(std::move(change));
}

void SimDisk::setName(const std::string& path, Inode inode) {
  record({{}, path, std::move(inode)});
}

void SimDisk::renameFile(const std::string& from, const std::string& to) {
  record({from, to, find(from)});
}

void SimDisk::syncDirectory(const std::string& directory) {
  const auto found = changes_.find(directory);
  if (found == changes_.end()) return;
  for (const Change& change : found->second) apply(change, durableNames_);
  changes_.erase(found);
}

void SimDisk::powerCut() {
  for (const auto& [directory, changes] : changes_) {
    const std::uint64_t kept = random_.below(changes.size() + 1);
    for (std::uint64_t i = 0; i < kept; ++i) apply(changes[i], durableNames_);
  }
  changes_.clear();
  files_ = durableNames_;
  for (const auto& [path, inode] : files_) cutFile(*inode);  // Renames stay in a folder: one name per file.
  locks_.clear();
}

void SimDisk::flipBit(SimInode& inode, std::size_t at, unsigned bit) {
  const char mask = static_cast<char>(1U << bit);
  inode.bytes[at] = static_cast<char>(inode.bytes[at] ^ mask);
  inode.flipped.emplace_back(at, mask);
}

std::unique_ptr<SimDisk> SimDisk::durable() const {
  auto kept = std::make_unique<SimDisk>(0, DiskFaults{.on = false});
  kept->directories_ = directories_;
  for (const auto& [path, inode] : durableNames_) {
    auto copy = std::make_shared<SimInode>(*inode);
    for (const auto& [at, mask] : copy->flipped) copy->bytes[at] = static_cast<char>(copy->bytes[at] ^ mask);
    copy->flipped.clear();
    copy->bytes.resize(copy->synced);
    dropLost(*copy);
    kept->durableNames_.emplace(path, std::move(copy));
  }
  kept->files_ = kept->durableNames_;
  return kept;
}

// What failed syncs dropped.
void SimDisk::dropLost(SimInode& inode) {
  for (const auto& [from, to] : inode.dropped) {
    const std::size_t end = std::min(to, inode.bytes.size());
    for (std::size_t i = from; i < end; ++i) inode.bytes[i] = '\0';
  }
  inode.dropped.clear();
}

void SimDisk::cutFile(SimInode& inode) {
  const std::size_t unsynced = inode.bytes.size() - inode.synced;
  const std::size_t kept = static_cast<std::size_t>(random_.below(unsynced + 1));
  inode.bytes.resize(inode.synced + kept);
  if (kept > 0 && random_.chance(1, 3)) {
    // The size reached the platter, a page did not.
    const std::size_t start = inode.synced + static_cast<std::size_t>(random_.below(kept));
    std::fill(inode.bytes.begin() + static_cast<std::ptrdiff_t>(start), inode.bytes.end(), '\0');
  }
  dropLost(inode);
  inode.synced = inode.bytes.size();
}

}  // namespace tidemill::sim
