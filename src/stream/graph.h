// stream/graph.h: what the user's program consists of.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stream/file_choices.h"
#include "stream/state_group.h"
#include "tidemill/kinesis_utils.h"
#include "tidemill/result.h"
#include "tidemill/stream_node.h"
#include "tidemill/streaming_context.h"

namespace tidemill::stream {

struct OutputOperation {
  std::string name;
  // The stream that it is an output of.
  std::shared_ptr<detail::StreamNodeBase> of;
  std::function<void(detail::BatchContext&)> body;
};

// One operator as a checkpoint directory remembers it.
struct OperatorShape {
  std::string uid = {};
  std::string kind = {};
  // Uids, in the order in which the operator uses them.
  std::vector<std::string> parents = {};
  Duration slide{};
  std::string parameters = {};
  // Of one with state: the types of key and state, with their versions.
  std::string typeTag = {};
  // The uid was given by the program: it stays the same when operators are added before it.
  bool uidGiven = false;

  friend bool operator==(const OperatorShape&, const OperatorShape&) = default;
};

// Filled while the program is put together, then read only; the RDDs that its nodes hold belong to the job
// thread.
struct Graph {
  std::vector<KinesisSource> inputs;
  // By input: those that are not read from Kinesis. Of their source only the names and the level count.
  std::map<std::size_t, std::shared_ptr<detail::ReceiverBase>> receivers;
  // Streams of files.
  std::vector<FileInput> files;
  std::vector<OutputOperation> outputs;
  // By id: parents before their children.
  std::vector<std::shared_ptr<detail::StreamNodeBase>> nodes;
  std::shared_ptr<detail::GraphRun> run = std::make_shared<detail::GraphRun>();
  // What the program asked for, see StreamingContext::remember().
  Duration remember{};
  // By plan().
  std::vector<std::unique_ptr<StateGroup>> states;
  // What a checkpoint directory holds of windows and state is taken over, see
  // StreamingContext::getOrCreate().
  bool resumes = false;
  // What it holds is given up where it is damaged.
  bool createOnError = false;

  // Decides what each operator holds, and for how long. When the program is complete.
  void plan(Duration interval);

  // After plan():

  // kUsage: no output; state without a checkpoint directory, or a queue with one. kInvalidConfig: a
  // checkpoint interval that cannot be.
  Result<void> validate(bool hasCheckpointDirectory) const;

  // Every operator that an output needs, in the order of ids.
  std::vector<OperatorShape> shape() const;
  // What is written and restored of the operators with state that an output needs: each by itself, or with
  // those that it is made of, under the uid of the first.
  std::vector<detail::StatefulStream*> stateful() const;
  // Whether what a batch gives depends on batches before it, or an input takes what is there in each: then
  // every batch runs, empty ones too.
  bool looksBack() const;
  // When the batch of t has succeeded, batches at or before t - rememberDuration() + interval are needed by
  // nobody after a restart, but for what historyAfter() says.
  Duration rememberDuration() const;
  // The same for blocks while the process lives: what streams look back at is held in memory.
  Duration blocksDuration() const;
  // The batches after this time are what a restart needs, if `completed` is the last that has succeeded, and
  // of each operator with state, by its uid, the newest durable snapshot is of the time given. One without a
  // snapshot: `sinceStart` is the time before the first batch of its state.
  Time historyAfter(Time completed, const std::map<std::string, Time>& snapshots, Time sinceStart) const;

  // On the job thread. Before the outputs of a try: what a failed try has made is forgotten, and what nobody
  // needs any more. `renewed`: times of the history whose blocks are found in another way than before.
  void beginTry(Time time, const std::vector<Time>& renewed) const;
  // After the outputs: what later batches look back at is computed whole. Throws as an output does.
  void settle(detail::BatchContext& batch) const;
  // What is neither needed by later batches nor by another try is let go.
  void endTry(Time time) const;
};

}  // namespace tidemill::stream
