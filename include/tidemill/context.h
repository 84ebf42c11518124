// tidemill/context.h: what programs share that stand on one block store and one set of workers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tidemill/conf.h"
#include "tidemill/record.h"
#include "tidemill/result.h"
#include "tidemill/storage_level.h"

namespace tidemill {

namespace rt {
template <class T>
class Gate;
}  // namespace rt

namespace stream {
struct Seams;
class ContextWorld;
}  // namespace stream

namespace detail {
class ContextAccess;

// Lets RDDs into the context they were made on, for as long as it exists.
using ContextGate = std::shared_ptr<rt::Gate<stream::ContextWorld>>;
}  // namespace detail

// Configuration, block store, workers and lanes; what Spark calls SparkContext. A StreamingContext makes one
// for itself, or stands on one that exists. RDDs made on it may outlive it, but cannot be computed then.
//
//   Context context(conf);
//   KinesisBackedBlockRDD<std::string> rdd(context, "eu-west-1", "", blockIds, ranges);
//   std::int64_t records = rdd.count();
//
// Thread safe, except that it is made and destroyed on one thread. Calls that wait fail with kUsage inside a
// task, inside a listener, and in a borrowed world.
class Context {
 public:
  // Throws Error(kInvalidConfig).
  explicit Context(Conf conf = Conf());
  // Borrows its surroundings: simulation and tests.
  Context(const stream::Seams& seams, Conf conf);
  // Waits for actions that run on it in other threads.
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Keeps a copy of the records as a block, so that RDDs find it by its id; an id that is known already keeps
  // what it has. kUsage: no id or no record; kDiskFull: there is no room now; kIo.
  Result<void> putBlock(const std::string& blockId, const std::string& streamName,
                        const std::vector<Record>& records,
                        StorageLevel level = StorageLevel::MEMORY_AND_DISK_2);
  // Also true for the blocks of the batch that a streaming context on this one works on.
  Result<bool> hasBlock(const std::string& blockId);
  // Forgets the block wherever it lies; one of such a batch stays until the batch has succeeded. An unknown
  // id does nothing.
  Result<void> removeBlock(const std::string& blockId);

  // Computing anything on this context fails from now on with kUsage; what waits for records ends. Streaming
  // contexts on it are not stopped.
  void stop();
  bool isStopped() const;

 private:
  friend class detail::ContextAccess;
  explicit Context(std::shared_ptr<stream::ContextWorld> world);

  const std::shared_ptr<stream::ContextWorld> world_;
};

namespace detail {

// The way from other files of the library into a context.
class ContextAccess {
 public:
  static const std::shared_ptr<stream::ContextWorld>& world(const Context& context) { return context.world_; }
  static ContextGate gate(const Context& context);
  static std::unique_ptr<Context> on(std::shared_ptr<stream::ContextWorld> world) {
    return std::unique_ptr<Context>(new Context(std::move(world)));
  }
};

}  // namespace detail

}  // namespace tidemill
