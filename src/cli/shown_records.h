// cli/shown_records.h: what `tidemill count` prints of records and of their batches.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "cli/output.h"
#include "cli/word_count_job.h"
#include "tidemill/batch_info.h"

namespace tidemill::cli {

// Prints a line for each record that is shown, and what came of aggregated records with the line of the
// batch. Never a record's content or keys. Records come on worker threads, batches on the control lane.
class RecordPrinter {
 public:
  explicit RecordPrinter(Output output) : output_(output) {}

  void records(const BatchInfo& batch, const std::vector<ShownLine>& lines);
  void batch(const BatchInfo& batch);

 private:
  struct Aggregates {
    std::int64_t parts = 0;
    std::int64_t damaged = 0;
  };

  const Output output_;
  // Workers and the control lane meet here, for an instant, and the line of a batch must follow its records.
  std::mutex mutex_;  // allow(check_determinism): nothing of the simulator runs this command.
  // By batch time; a batch that is counted and not told yet.
  std::map<Time, Aggregates> aggregates_;
};

}  // namespace tidemill::cli
