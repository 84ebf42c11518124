// stream/context_blocks.h: the blocks of an RDD that stands on the block store of a Context.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/block_store.h"
#include "stream/context_world.h"
#include "tidemill/block_rdd.h"

namespace tidemill::stream {

// Finds every block before the tasks of an action, and holds the way to it until the next action. What a
// block is good for without its records, and what happens to one that is missing, is the subclass's: this one
// fails.
class ContextBlocks : public detail::BlockSet {
 public:
  ContextBlocks(detail::ContextGate gate, std::vector<std::string> ids)
      : gate_(std::move(gate)), ids_(std::move(ids)), sources_(ids_.size()) {}

  std::size_t size() const override { return ids_.size(); }
  Partition partition(std::size_t index) const override;
  void prepare(std::optional<std::size_t> only) override;
  void forEachRecord(std::size_t index, FunctionRef<void(const Record&)> visit) const override;
  std::int64_t recordCount(std::size_t index) const override;
  // Tasks whose block turns out to be unreadable run again after it was found elsewhere.
  void run(std::size_t count, const std::function<void(std::size_t)>& task) override;
  std::shared_ptr<detail::PartitionSpace> partitionSpace() override;
  void removeBlocks() override;
  bool isValid() const override { return !removed_; }

 protected:
  using Sources = std::vector<std::shared_ptr<const block::BlockSource>>;

  const std::string& idOf(std::size_t index) const { return ids_[index]; }
  // On the control lane. Null: the block is not there, or must not be taken from there.
  virtual std::shared_ptr<const block::BlockSource> findStored(const ContextWorld& world,
                                                               std::size_t index) const {
    return world.find(ids_[index]);
  }
  // One source for each of these blocks, which the store does not have, or does not have whole: then
  // `damage` is why.
  virtual Result<Sources> findElsewhere(ContextWorld& world, const std::vector<std::size_t>& missing,
                                        const std::optional<Error>& damage);

 private:
  struct Unreadable;

  rt::Gate<ContextWorld>::Entry enter() const;
  void locate(ContextWorld& world, const std::vector<std::size_t>& wanted,
              const std::optional<Error>& damage);
  std::shared_ptr<const block::Block> load(std::size_t index) const;
  std::string contextOf(std::size_t index) const;

  const detail::ContextGate gate_;
  const std::vector<std::string> ids_;
  Sources sources_;
  bool removed_ = false;
};

}  // namespace tidemill::stream
