// stream/batch_history.h: the batches before the present one that streams may still look back at.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stream/batch.h"
#include "stream/batch_presence.h"
#include "stream/block_view.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// By input id; one for each block with records.
using Views = std::vector<std::vector<std::shared_ptr<const BlockView>>>;

Views viewsOf(const Batch& batch, const PresentBatch& present);

// A batch that has succeeded, with the way to its records.
struct RememberedBatch {
  // With all its blocks, to be released when it is forgotten.
  std::shared_ptr<const Batch> whole;
  // What of it was delivered.
  std::shared_ptr<const Batch> delivered;
  // None yet: an earlier process has delivered it.
  std::shared_ptr<const Views> views = nullptr;
  // Since the last try these are others than before.
  bool renewed = false;
};

// Lives on the control lane. Batches come in the order of their times.
class BatchHistory {
 public:
  void add(RememberedBatch batch);
  // Those at or before `time` are taken out, oldest first.
  std::vector<RememberedBatch> takeUpTo(Time time);

  // The oldest whose blocks must be made present before the next try: nothing leads to them, or a task has
  // found one that no copy can be read of. Null: all are there.
  const RememberedBatch* absent() const;
  // The way to the blocks of that batch.
  void found(Time time, Views views);
  // Ids of blocks that tasks could not read.
  std::vector<std::string> unreadable() const;
  // All of them; `renewed` is false from now on.
  std::vector<RememberedBatch> forTry();

 private:
  std::map<Time, RememberedBatch> batches_;
};

}  // namespace tidemill::stream
