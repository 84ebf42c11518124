// sim/sim_disk.h: the disk of a simulated host: what a power cut keeps of it, and what it does not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace tidemill::sim {

// Chances in a million per call, and the size.
struct DiskFaults {
  bool on = true;
  std::uint64_t bytesMax = std::uint64_t{1} << 30;
  // sync() fails once, and the kernel drops the pages.
  unsigned syncFails = 0;
  // append() finds the disk full.
  unsigned full = 0;
  // The kernel has remounted it after an error: nothing changes any more, a file that was being written to is
  // dead, and reading goes on.
  bool readOnly = false;
};

// A file's content and how much of it has reached the platter.
struct SimInode {
  std::string bytes;
  std::size_t synced = 0;
  // Bits that have flipped at rest: where, and which.
  std::vector<std::pair<std::size_t, char>> flipped;
  // Parts that a failed sync dropped although a later one succeeded: zeros after a power cut.
  std::vector<std::pair<std::size_t, std::size_t>> dropped;
};

// Names and contents. Files change through SimFiles. Outlives crashes of its node; belongs to the World.
//
// A power cut keeps of every folder some prefix of its changes since the folder's last sync (a journal keeps
// their order), and of every file some prefix of the bytes since the file's last sync, perhaps with a hole of
// zeros in it.
class SimDisk {
 public:
  using Inode = std::shared_ptr<SimInode>;

  explicit SimDisk(std::uint64_t seed, DiskFaults faults = {}) : random_(seed), faults_(faults) {}

  DiskFaults& faults() { return faults_; }
  base::Random& random() { return random_; }

  bool hasDirectory(const std::string& path) const { return directories_.count(path) > 0; }
  void addDirectory(const std::string& path) { directories_.insert(path); }
  // Null if there is no such file.
  Inode find(const std::string& path) const;
  const std::map<std::string, Inode>& files() const { return files_; }
  const std::set<std::string>& directories() const { return directories_; }
  // Bytes of all files.
  std::uint64_t bytesUsed() const;

  // Null removes the name.
  void setName(const std::string& path, Inode inode);
  // Moves a name within a folder, in one step.
  void renameFile(const std::string& from, const std::string& to);
  void syncDirectory(const std::string& directory);

  // Forgets what was not synced, as described above.
  void powerCut();
  // Flips one bit of what the file holds at `at`, which is synced. Nobody is told.
  void flipBit(SimInode& inode, std::size_t at, unsigned bit);

  // A disk of its own, without faults, with what every power cut would keep of this one, and nothing else: as
  // it was written, whatever has flipped since.
  std::unique_ptr<SimDisk> durable() const;

  // Holder texts of the locks that are held, by path.
  std::map<std::string, std::string>& locks() { return locks_; }

 private:
  struct Change {
    std::string from;  // Empty unless a rename.
    std::string to;
    Inode inode;
  };
  static void apply(const Change& change, std::map<std::string, Inode>& names);
  void cutFile(SimInode& inode);
  static void dropLost(SimInode& inode);
  void record(Change change);

  base::Random random_;
  DiskFaults faults_;
  std::set<std::string> directories_{"/", "."};
  std::map<std::string, Inode> files_;
  std::map<std::string, Inode> durableNames_;
  std::map<std::string, std::vector<Change>> changes_;  // By folder, oldest first.
  std::map<std::string, std::string> locks_;
};

}  // namespace tidemill::sim
