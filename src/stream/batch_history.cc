#include "stream/batch_history.h"

#include <utility>

#include "base/check.h"

namespace tidemill::stream {
namespace {

std::vector<std::string> unreadableOf(const Views& views) {
  std::vector<std::string> ids;
  for (const auto& ofInput : views) {
    for (const auto& view : ofInput) {
      if (view->unreadable()) ids.push_back(view->info()->id);
    }
  }
  return ids;
}

}  // namespace

Views viewsOf(const Batch& batch, const PresentBatch& present) {
  Views views;
  for (const BlockInfoList& blocks : batch.inputs) {
    auto& ofInput = views.emplace_back();
    for (const auto& info : blocks) {
      if (info->recordCount() == 0) continue;
      const bool stored = !present.unstored.contains(info->id);
      ofInput.push_back(std::make_shared<const BlockView>(info, present.sources.at(info->id), stored));
    }
  }
  return views;
}

void BatchHistory::add(RememberedBatch batch) {
  const Time time = batch.whole->time;
  TIDEMILL_CHECK(batches_.empty() || batches_.rbegin()->first < time);
  batches_.emplace(time, std::move(batch));
}

std::vector<RememberedBatch> BatchHistory::takeUpTo(Time time) {
  std::vector<RememberedBatch> taken;
  while (!batches_.empty() && batches_.begin()->first <= time) {
    taken.push_back(std::move(batches_.begin()->second));
    batches_.erase(batches_.begin());
  }
  return taken;
}

const RememberedBatch* BatchHistory::absent() const {
  for (const auto& [time, batch] : batches_) {
    if (batch.views == nullptr || !unreadableOf(*batch.views).empty()) return &batch;
  }
  return nullptr;
}

void BatchHistory::found(Time time, Views views) {
  RememberedBatch& batch = batches_.at(time);
  batch.views = std::make_shared<const Views>(std::move(views));
  batch.renewed = true;
}

std::vector<std::string> BatchHistory::unreadable() const {
  std::vector<std::string> ids;
  for (const auto& [time, batch] : batches_) {
    if (batch.views == nullptr) continue;
    for (std::string& id : unreadableOf(*batch.views)) ids.push_back(std::move(id));
  }
  return ids;
}

std::vector<RememberedBatch> BatchHistory::forTry() {
  std::vector<RememberedBatch> all;
  for (auto& [time, batch] : batches_) {
    all.push_back(batch);
    batch.renewed = false;
  }
  return all;
}

}  // namespace tidemill::stream
