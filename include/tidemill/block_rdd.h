// tidemill/block_rdd.h: an RDD of the records that lie in blocks, one partition for each block.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/context.h"
#include "tidemill/function_ref.h"
#include "tidemill/rdd.h"
#include "tidemill/record.h"

namespace tidemill {

// Makes an element of a record, which is a view that is valid during the call. Runs in the tasks, each time a
// block is computed.
template <class T>
using MessageHandler = std::function<T(const Record&)>;

namespace detail {

// The blocks behind an RDD, and the tasks over them: what is the same for every type of element. Functions
// throw Error. One thread at a time, but for forEachRecord() and recordCount().
class BlockSet : public TaskRunner {
 public:
  virtual std::size_t size() const = 0;
  virtual Partition partition(std::size_t index) const = 0;
  // Finds the blocks, all or one, and waits for those that are somewhere else. Before the tasks of an action.
  virtual void prepare(std::optional<std::size_t> only) = 0;
  // In tasks, after prepare().
  virtual void forEachRecord(std::size_t index, FunctionRef<void(const Record&)> visit) const = 0;
  virtual std::int64_t recordCount(std::size_t index) const = 0;
  virtual void removeBlocks() = 0;
  virtual bool isValid() const = 0;
};

std::shared_ptr<BlockSet> storedBlocks(const Context& context, std::vector<std::string> blockIds);

template <class T>
class BlocksNode final : public RddNode<T> {
 public:
  // `handler`: none for the payload.
  BlocksNode(std::shared_ptr<BlockSet> blocks, MessageHandler<T> handler)
      : RddNode<T>(*blocks), blocks_(std::move(blocks)), handler_(std::move(handler)) {}
  std::size_t partitions() const override { return blocks_->size(); }
  Partition partition(std::size_t index) const override { return blocks_->partition(index); }
  void prepare() override { blocks_->prepare(std::nullopt); }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    blocks_->forEachRecord(partition, [&](const Record& record) {
      emit.makeRoom();
      if constexpr (kIsPayload<T>) {
        if (!handler_) return emit.addCopy(record.data);
      }
      emit.add([&] { return handler_(record); });
    });
  }
  std::int64_t count(std::size_t partition) const override {
    // A handler of the user must run: it may throw, or count by itself.
    return handler_ ? RddNode<T>::count(partition) : blocks_->recordCount(partition);
  }

 private:
  const std::shared_ptr<BlockSet> blocks_;
  const MessageHandler<T> handler_;
};

// An empty handler where the payload will do; refused at compile time where it will not.
template <class T>
MessageHandler<T> defaultHandler() {
  static_assert(kIsPayload<T>,
                "give a messageHandler: without one, elements are std::string or std::vector<std::byte>");
  return nullptr;
}

}  // namespace detail

// Partition i is block i. Copies share the blocks. Actions throw Error: kDataLoss, naming a block that is not
// in the store; kDamagedBlock; kUsage where it cannot be waited for, see Context. One action at a time.
//
//   BlockRDD<std::string> rdd(context, {"input-0-1", "input-0-2"});
//   for (const std::string& line : rdd.collect()) …
template <class T>
class BlockRDD : public RDD<T> {
 public:
  BlockRDD(const Context& context, std::vector<std::string> blockIds,
           MessageHandler<T> messageHandler = detail::defaultHandler<T>())
      : BlockRDD(detail::storedBlocks(context, std::move(blockIds)), std::move(messageHandler)) {}

  // The elements of one partition, which alone is made present. kUsage: there is no such partition.
  std::vector<T> compute(std::size_t partition) const {
    blocks_->prepare(partition);
    node_->madeReady();
    std::vector<T> elements;
    blocks_->run(1, [&](std::size_t) {
      elements.clear();
      node_->forEach(partition, [&](T&& element) { elements.push_back(std::move(element)); });
    });
    return elements;
  }
  std::vector<T> compute(const Partition& partition) const { return compute(partition.index); }

  // Takes the blocks out of the store.
  void removeBlocks() { blocks_->removeBlocks(); }
  // False: the blocks were removed, and nothing can be computed any more.
  bool isValid() const { return blocks_->isValid(); }

 protected:
  BlockRDD(std::shared_ptr<detail::BlockSet> blocks, MessageHandler<T> handler)
      : BlockRDD(blocks, std::make_shared<detail::BlocksNode<T>>(blocks, std::move(handler))) {}

 private:
  BlockRDD(std::shared_ptr<detail::BlockSet> blocks, std::shared_ptr<detail::BlocksNode<T>> node)
      : RDD<T>(node), blocks_(std::move(blocks)), node_(std::move(node)) {}

  std::shared_ptr<detail::BlockSet> blocks_;
  std::shared_ptr<detail::BlocksNode<T>> node_;
};

}  // namespace tidemill
