// rt/faults.h: places in production code where simulation may make something rare happen.
#pragma once

#include <string_view>

namespace tidemill::rt {

// Production never fires. A fault point stands where the world could do the same (a crash, a slow answer); a
// planted bug stands where we once could have written a mistake, and proves that the checkers see it.
class Faults {
 public:
  virtual ~Faults() = default;
  // True if the rare thing at `point` shall happen now.
  virtual bool fires(std::string_view point) = 0;
  // True if the bug of this name is planted for the whole run.
  virtual bool planted(std::string_view bug) const = 0;
};

class NoFaults final : public Faults {
 public:
  bool fires(std::string_view) override { return false; }
  bool planted(std::string_view) const override { return false; }
};

}  // namespace tidemill::rt
