// tidemill/streaming_context.h: a program of micro-batches, and its life.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidemill/batch_context.h"
#include "tidemill/batch_info.h"
#include "tidemill/conf.h"
#include "tidemill/context.h"
#include "tidemill/context_conf.h"
#include "tidemill/result.h"
#include "tidemill/storage_level.h"
#include "tidemill/streaming_listener.h"
#include "tidemill/time.h"

namespace tidemill {

namespace stream {
struct Seams;
class ContextCore;
struct KinesisSource;
}  // namespace stream

namespace detail {

class ReceiverBase;
class StreamNodeBase;
struct StreamPlace;

// The way from the templates of the public headers into a context.
class GraphAccess;

}  // namespace detail

template <class T>
class DStream;

template <class T>
class RDDQueue;

template <class T>
class Receiver;

enum class StreamingContextState { INITIALIZED, ACTIVE, STOPPED };

// Owns everything that a stream program runs on. Make it, define streams and outputs, start it, wait for its
// end:
//
//   StreamingContext context(conf, Seconds(1));
//   auto lines = KinesisUtils::createStream(context, "app", "orders", "", "eu-west-1",
//                                           InitialPositionInStream::TRIM_HORIZON, Seconds(10),
//                                           StorageLevel::MEMORY_ONLY);
//   lines.count().print();
//   context.start();
//   Result<void> end = context.awaitTermination();
//
// Functions throw Error(kUsage or kInvalidConfig) for mistakes in the program: outputs missing, operators
// added after start, a second context active in a borrowed environment. (Contexts that make their own
// surroundings are kept apart by their state directories: kWorkerIdInUse.) Thread safe but for the definition
// of the graph.
class StreamingContext {
 public:
  // `batchInterval`: 10 ms to 1 hour. Larger batches cost less per record and delay results.
  StreamingContext(Conf conf, Duration batchInterval);
  // Borrows its surroundings: simulation and tests.
  StreamingContext(const stream::Seams& seams, Conf conf, Duration batchInterval);
  // Stands on `context`, with its configuration; one at a time can be active there.
  StreamingContext(const Context& context, Duration batchInterval);
  // Stops without grace if it still runs.
  ~StreamingContext();
  StreamingContext(const StreamingContext&) = delete;
  StreamingContext& operator=(const StreamingContext&) = delete;

  // Makes a context by `factory` and lets it go on with what the checkpoint directory holds. The factory is
  // called always, since a program cannot be stored: what it builds is matched with the directory by the uids
  // of operators. An event tells which do not match; the start is refused (kInvalidConfig) only if an
  // operator whose state is kept is gone or keeps another type of state. `directory`: as for checkpoint(),
  // which the factory need not call. (Spark: the factory is called only for a new directory.)
  // `createOnError`: what the directory holds is given up if it is damaged beyond what older metadata and the
  // log can stand in for, where the context would end with kCheckpointUnreadable; a warning says so. Reading
  // goes on from the lease checkpoints, and windows and state begin anew.
  //
  //   auto context = StreamingContext::getOrCreate("file:/var/lib/orders", [] {
  //     auto made = std::make_unique<StreamingContext>(conf, Seconds(1));
  //     defineProgram(*made);
  //     return made;
  //   });
  //   context->start();
  using Factory = std::function<std::unique_ptr<StreamingContext>()>;
  static std::unique_ptr<StreamingContext> getOrCreate(const std::string& directory, const Factory& factory,
                                                       bool createOnError = false);
  // The context that is active on `context`, which goes on when this handle of it is gone; null: none.
  static std::unique_ptr<StreamingContext> getActive(const Context& context);
  // The active one, or what getOrCreate() makes; without a directory, what the factory makes.
  static std::unique_ptr<StreamingContext> getActiveOrCreate(const Context& context, const Factory& factory);
  static std::unique_ptr<StreamingContext> getActiveOrCreate(const Context& context,
                                                             const std::string& directory,
                                                             const Factory& factory,
                                                             bool createOnError = false);

  // Before start(): where the log of blocks and batches, and the state of operators, survive the process: a
  // path, or the url of a store such as file:/var/lib/orders. One process at a time writes it, another one
  // ends with kFenced. Batches that were not completed are run again by the next process, and nothing that
  // was logged is delivered twice. In a context that getOrCreate() has not made, windows and state begin
  // empty whatever the directory holds, and a warning says so.
  void checkpoint(const std::string& directory);

  // Begins in the background; failures to begin are what awaitTermination() gives. A second call does
  // nothing.
  void start();

  // Asks for the end and returns at once. Graceful: reading stops, what was received is processed, however
  // long that takes, lease checkpoints are written, leases released. Else: a running batch is abandoned, and
  // nothing more is written; this also cuts short a graceful stop that was asked for before, and a start.
  void requestStop(bool stopGracefully);
  // requestStop() and awaitTermination(), and then with `stopSparkContext` the Context's stop().
  Result<void> stop(bool stopSparkContext, bool stopGracefully = false);
  // The same without grace; spark.streaming.stopSparkContextByDefault says whether the Context stops as well.
  Result<void> stop();

  // Blocks until the context has stopped. An error says why it stopped by itself; kUsage where the end cannot
  // be awaited.
  Result<void> awaitTermination();
  // False if it still runs after `patience`. Throws Error(kUsage) where awaitTermination() gives it: inside
  // an output operation or a listener, which the end waits for. A patience of 0 only asks, and may be asked
  // anywhere.
  bool awaitTerminationOrTimeout(Duration patience);

  // What this stands on. RDDs that the program makes on it have the same workers, and find the blocks of the
  // batch that is being worked on.
  Context& sparkContext() const { return *context_; }

  // Before start(). RDDs of every stream, and the blocks that they are computed from, are held for this long
  // after their batch, so that DStream::slice() finds them. 0 to 24 hours; more holds more blocks.
  void remember(Duration duration);

  // Inputs beside Kinesis.

  // Each batch is one entry of the queue, or with oneAtATime = false all that are there; where there is none,
  // the default elements, if given. For tests, and to try programs out: what is in the queue is gone with the
  // process, so start() refuses it together with a checkpoint directory (kUsage). A batch that is tried again
  // has the same elements. Needs "tidemill/queue_stream.h".
  template <class T>
  DStream<T> queueStream(std::shared_ptr<RDDQueue<T>> queue, bool oneAtATime = true,
                         std::optional<std::vector<T>> defaultElements = std::nullopt);
  // The lines of the files that appear in a folder, or in all that a pattern such as "/data/*/" names, each
  // file once, one partition for each; "\n" and "\r\n" end lines. Files must appear whole: write them
  // elsewhere, or under a name that begins with '.' or '_' or ends with "._COPYING_", and rename them. What
  // is added to a file later is not read. `filter`: of names without the folder, on any thread, also on two;
  // empty: all. newFilesOnly = false: what is there already comes with the first batch. At most 200,000
  // names, and 16 MiB in a line.
  //
  // With a checkpoint directory and getOrCreate(), files of batches that were not completed are read again by
  // the next process, with its first batch; those of completed ones are not, unless the process ended before
  // it had written that down: at least once. Without, what is there then is old. Throws kIo: no such folder,
  // or one of a pattern cannot be listed; kUsage: a pattern that can match nothing.
  DStream<std::string> textFileStream(const std::string& directory,
                                      std::function<bool(const std::string& name)> filter = {},
                                      bool newFilesOnly = true);

  // What `receiver`, which no other stream reads, stores: see Receiver. Throws Error(kUsage). Needs
  // "tidemill/receiver.h".
  template <class T>
  DStream<T> receiverStream(std::shared_ptr<Receiver<T>> receiver);
  // The lines that a server sends over TCP to whoever connects, such as `nc -lk 9999`: for tests, and to try
  // programs out, since nothing can be asked for a second time. "\n" and "\r\n" end lines of up to 16 MiB. A
  // connection that cannot be made, or ends, is made again, see Receiver. Throws Error(kUsage): no host, or a
  // port that is not 1 to 65535.
  DStream<std::string> socketTextStream(const std::string& hostname, int port,
                                        StorageLevel storageLevel = StorageLevel::MEMORY_AND_DISK_SER);

  // The elements of all streams, at least one, which have the same slide.
  template <class T>
  DStream<T> union_(const std::vector<DStream<T>>& streams) const;
  // f: (const std::vector<RDD<T>>&, Time) -> RDD<U>, once for each batch, on its job thread. At least one
  // stream; all have the same slide.
  template <class T, class F>
  auto transform(const std::vector<DStream<T>>& streams, F f) const;

  // The settings that this was made with.
  ContextConf conf() const { return ContextConf(core_); }

  StreamingContextState getState() const;
  StreamingTotals totals() const;

  // Before start(). The listener must outlive the context.
  void addStreamingListener(StreamingListener& listener);

 private:
  friend class detail::GraphAccess;
  explicit StreamingContext(std::shared_ptr<stream::ContextCore> core);

  std::shared_ptr<stream::ContextCore> core_;
  std::unique_ptr<Context> context_;
};

namespace detail {

class GraphAccess {
 public:
  // Registers an input and returns its id. `handler`: the kTypeMark of its type.
  static int addKinesisInput(StreamingContext& context, const stream::KinesisSource& source,
                             const void* handler);
  // The same for one that `receiver` brings.
  static int addReceiver(stream::ContextCore& core, std::shared_ptr<ReceiverBase> receiver);
  // Where a new operator of this context stands.
  static StreamPlace place(stream::ContextCore& core);
  // Registers an operator, whose parents are registered already.
  static void addNode(stream::ContextCore& core, std::shared_ptr<StreamNodeBase> node);
  static void setUid(stream::ContextCore& core, StreamNodeBase& node, std::string uid);
  // Registers an output operation on `of`; its body runs for each batch in which `of` has an RDD, in the
  // order of registration.
  static void addOutput(stream::ContextCore& core, std::string name, std::shared_ptr<StreamNodeBase> of,
                        std::function<void(BatchContext&)> body);
  static std::shared_ptr<stream::ContextCore> core(StreamingContext& context) { return context.core_; }
};

}  // namespace detail

}  // namespace tidemill
