// tidemill/receiver.h: a source of a program's own as an input.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tidemill/codec.h"
#include "tidemill/codec_containers.h"
#include "tidemill/dstream.h"
#include "tidemill/rdd.h"
#include "tidemill/storage_level.h"
#include "tidemill/stream_node.h"
#include "tidemill/streaming_context.h"

namespace tidemill {

namespace stream {
class ReceiverPort;
}

namespace detail {

// A receiver, whatever the type of its elements.
class ReceiverBase {
 public:
  explicit ReceiverBase(StorageLevel storageLevel);
  virtual ~ReceiverBase();
  ReceiverBase(const ReceiverBase&) = delete;
  ReceiverBase& operator=(const ReceiverBase&) = delete;

  // The program's side: see Receiver.
  virtual void onStart() = 0;
  virtual void onStop() = 0;

  StorageLevel storageLevel() const { return storageLevel_; }
  // Position among the inputs of the program; -1 before receiverStream().
  int streamId() const;
  // Between the begin of onStart() and the wish that it stops.
  bool isStarted() const;
  // Stop now: what the threads of the receiver ask.
  bool isStopped() const { return !isStarted(); }

  // The receiver is stopped, and started again after a wait: `delay`, or by default
  // spark.streaming.receiverRestartDelay, doubled for each restart in a row that brought nothing, up to a
  // minute. After tidemill.receiver.maxRestarts of those the context ends with kUnreachable. Listeners hear
  // of it, and the log has "receiver_failed". They return at once.
  void restart(const std::string& message) { ask(message, std::nullopt); }
  void restart(const std::string& message, Duration delay) { ask(message, delay); }
  // The same as restart(): as in Spark, a receiver that ends is started again as long as the context runs.
  void stop(const std::string& message) { ask("stopped: " + message, std::nullopt); }
  // Told to listeners and the log, with no other effect.
  void reportError(const std::string& message);

  // The library's side.
  const std::shared_ptr<stream::ReceiverPort>& port() const { return port_; }

 protected:
  bool storeBytes(std::string element);
  bool storeTogether(std::vector<std::string> elements);

 private:
  void ask(const std::string& message, std::optional<Duration> delay);

  const StorageLevel storageLevel_;
  const std::shared_ptr<stream::ReceiverPort> port_;
};

// Elements as bytes: payloads as they are, everything else by its Codec.
template <class T>
inline constexpr bool kIsBytes = std::is_same_v<T, std::string> || std::is_same_v<T, std::vector<std::byte>>;

template <class T>
std::string receivedBytes(const T& element) {
  if constexpr (kIsBytes<T>) {
    return std::string(reinterpret_cast<const char*>(element.data()), element.size());
  } else {
    return encoded(element);
  }
}

template <class T>
T receivedElement(std::span<const std::byte> bytes) {
  const auto* const begin = reinterpret_cast<const char*>(bytes.data());
  if constexpr (kIsBytes<T>) {
    const auto* const first = reinterpret_cast<const typename T::value_type*>(begin);
    return T(first, first + bytes.size());
  } else {
    auto element = decoded<T>(std::string_view(begin, bytes.size()));
    if (!element) throw element.error();
    return std::move(*element);
  }
}

// One partition for each block.
template <class T>
class ReceivedNode final : public RddNode<T> {
 public:
  ReceivedNode(TaskRunner& runner, std::vector<std::shared_ptr<const RecordBlock>> blocks)
      : RddNode<T>(runner), blocks_(std::move(blocks)) {}
  std::size_t partitions() const override { return blocks_.size(); }
  Partition partition(std::size_t index) const override {
    Partition one = blocks_[index]->partition();
    one.index = index;
    return one;
  }
  void compute(std::size_t partition, Emit<T>& emit) const override {
    blocks_[partition]->forEachRecord([&](const Record& record) { emit(receivedElement<T>(record.data)); });
  }
  std::int64_t count(std::size_t partition) const override { return blocks_[partition]->recordCount(); }

 private:
  const std::vector<std::shared_ptr<const RecordBlock>> blocks_;
};

template <class T>
class ReceiverInput final : public StreamNode<T> {
 public:
  ReceiverInput(StreamPlace place, int input)
      : StreamNode<T>(place, "receiver", {}, place.interval), input_(static_cast<std::size_t>(input)) {}

 protected:
  std::optional<RDD<T>> compute(BatchContext& batch, Time time) override {
    const auto found = batch.batches.find(time);
    if (found == batch.batches.end()) return std::nullopt;
    return RDD<T>(std::make_shared<ReceivedNode<T>>(*batch.tasks, found->second->blocks[input_]));
  }

 private:
  const std::size_t input_;
};

}  // namespace detail

// A source of the program's own. T is std::string, std::vector<std::byte>, or has a Codec. (Spark: Receiver)
//
//   class Ticks final : public Receiver<int> {
//    public:
//     Ticks() : Receiver(StorageLevel::MEMORY_ONLY) {}
//     ~Ticks() override { onStop(); }
//     void onStart() override {
//       thread_ = std::thread([this] {
//         for (int i = 0; !isStopped() && store(i); ++i)
//         std::this_thread::sleep_for(std::chrono::seconds(1));
//       });
//     }
//     void onStop() override {
//       if (thread_.joinable()) thread_.join();
//     }
//     …
//   };
//   context.receiverStream<int>(std::make_shared<Ticks>()).print();
//
// onStart() begins to receive, in threads of the receiver's own or by callbacks, and returns soon: it has one
// of a few threads meanwhile. onStop() returns when nothing more will be stored; it is called after onStart()
// has returned, or thrown, and what is stored until then still goes into a batch. Both run again at each
// restart, never at once. What they throw restarts the receiver, see restart().
//
// What was stored is cut into blocks at each spark.streaming.blockInterval, which go into the block store at
// the receiver's level, and into batches. No more than spark.streaming.receiver.maxRate elements a second
// leave it, or than backpressure allows, and at most 65,536 elements and 16 MiB wait for that.
//
// Delivery: in order, and while the process lives each element is in one batch, which is tried again until
// its outputs succeed. A graceful stop loses nothing. Nothing can be asked for a second time, though: when
// the process ends in any other way, what was stored and not processed is lost, unless its block lay on disk:
// at DISK_ONLY (or with spark.streaming.receiver.writeAheadLog.enable) that is every block that had been
// sealed and written, and those are delivered by the next process, again if its end cut off only the note
// that a batch was done. What had not become a block is lost at every level. Blocks of other levels that a
// failure of the store has lost are left out, and the log has "received_block_lost".
template <class T>
class Receiver : public detail::ReceiverBase {
 public:
  // Any level but NONE.
  explicit Receiver(StorageLevel storageLevel) : ReceiverBase(storageLevel) {
    static_assert(detail::kIsBytes<T> || HasCodec<T>);
  }

  // Callable from any thread, in onStart() too. Waits while too much was stored and is in no block yet; where
  // that cannot be waited for (in a task, in a borrowed world) it throws Error(kUsage). False: it was not
  // taken, since the context has not started or has ended.
  bool store(const T& element) { return storeBytes(detail::receivedBytes(element)); }
  // Returns when the elements are stored, so that their source can be told to forget them: they stay together
  // in one block, which is sealed at once, and that block lies in the block store as the level says; with a
  // checkpoint directory and a level that has a disk, the directory knows of it too. Waits meanwhile, of
  // which a stop frees it, and so needs a thread of the receiver's own: in a task, in a borrowed world it
  // throws Error(kUsage). Several threads that store at once share blocks. False: the elements are not
  // stored, be it that the context has not started or has ended, that the block store failed, or that there
  // was no room at a level of memory alone. Their source must give them again: to the next process, and then
  // it may be that they come twice.
  bool store(const std::vector<T>& elements) { return store(elements.begin(), elements.end()); }
  // The same with the elements from `first` to before `last`.
  template <std::input_iterator Iterator>
  bool store(Iterator first, Iterator last) {
    std::vector<std::string> bytes;
    for (; first != last; ++first) bytes.push_back(detail::receivedBytes<T>(*first));
    return storeTogether(std::move(bytes));
  }
};

template <class T>
DStream<T> StreamingContext::receiverStream(std::shared_ptr<Receiver<T>> receiver) {
  const int input = detail::GraphAccess::addReceiver(*core_, std::move(receiver));
  return DStream<T>(detail::addNode<detail::ReceiverInput<T>>(core_, input));
}

}  // namespace tidemill
