// stream/checkpoint/program_match.h: whether a program can go on with what another one has left.
#pragma once

#include <string>
#include <vector>

#include "stream/checkpoint/metadata_codec.h"
#include "tidemill/result.h"

namespace tidemill::stream {

struct ProgramMatch {
  // Uids: only the earlier program has them, only this one, or both as other operators.
  std::vector<std::string> gone;
  std::vector<std::string> added;
  std::vector<std::string> changed;
  bool otherInterval = false;

  bool same() const { return gone.empty() && added.empty() && changed.empty() && !otherInterval; }
};

ProgramMatch matchPrograms(const ProgramShape& before, const ProgramShape& now);

// kInvalidConfig: operators whose state is kept in `directory` are gone, or keep another type of state. Names
// all of them.
Result<void> checkState(const ProgramShape& before, const ProgramShape& now, const std::string& directory);

}  // namespace tidemill::stream
