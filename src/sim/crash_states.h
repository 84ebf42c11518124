// sim/crash_states.h: what a power cut may leave of recorded changes, case by case.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/recorded_files.h"

namespace tidemill::sim {

// Contents by name.
using CrashState = std::map<std::string, std::string>;

// Goes through recorded changes of one folder and gives, for a power cut after any of them, states that the
// disk may then be in. What was synced is there. Of the rest:
//   - of each name change since the folder's last sync it is free whether it happened, in any combination
//     (of more than four: some run of the first ones);
//   - of a file's unsynced bytes any number is there, or all with zeros from some byte on;
//   - files are independent of each other; a file that was cut short may have its old end again.
// The file that the last change touched is torn at every byte, the others at a few.
class CrashStates {
 public:
  // `changes` must outlive this object.
  explicit CrashStates(const std::vector<FileChange>& changes) : changes_(changes) {}

  // Applies the next change; false after the last one. Before the first call the folder is empty.
  bool step();
  // How many changes are applied.
  std::size_t position() const { return position_; }
  // Calls `visit` for the states in which a power cut now may leave the disk, every `stride`-th tear only.
  void forEach(std::size_t stride, const std::function<void(const CrashState&)>& visit) const;

 private:
  struct Content {
    std::string bytes;
    std::size_t synced = 0;
    // What it was before it was cut short, until the next sync.
    std::string uncut;
  };
  struct NameChange {
    std::string gone;
    std::string name;  // Empty: only removed.
    int file = 0;
  };
  using Names = std::map<std::string, int>;

  void change(NameChange change);
  static void apply(const NameChange& change, Names& names);
  std::vector<Names> possibleNames() const;
  std::vector<std::string> possibleContents(int file, std::size_t stride) const;

  const std::vector<FileChange>& changes_;
  std::size_t position_ = 0;
  std::map<int, Content> contents_;
  Names durable_;
  std::vector<NameChange> pending_;
  // The file of the last append, and how many bytes that had.
  int touched_ = 0;
  std::size_t touchedBytes_ = 0;
};

}  // namespace tidemill::sim
