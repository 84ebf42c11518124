// stream/text_file_stream.h: the lines of files that appear in a folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rt/env.h"
#include "stream/file_choices.h"
#include "tidemill/stream_node.h"

namespace tidemill::stream {

// One partition for each file.
class TextLines final : public detail::RddNode<std::string> {
 public:
  // Longest line; a longer one fails the task with kIo.
  static constexpr std::size_t kLineMost = 16u << 20;

  // `files` must outlive this.
  TextLines(TaskRunner& runner, rt::FileSystem& files, std::vector<std::string> paths)
      : RddNode(runner), files_(files), paths_(std::move(paths)) {}
  std::size_t partitions() const override { return paths_.size(); }
  void compute(std::size_t partition, detail::Emit<std::string>& emit) const override;

 private:
  rt::FileSystem& files_;
  const std::vector<std::string> paths_;
};

// Its position is what it has seen. The engine chooses the files of a batch when it makes the batch, and the
// checkpoint directory knows of them: a batch that is run again, also by the next process, has the same.
class TextFileInput final : public detail::StreamNode<std::string>, private detail::StatefulStream {
 public:
  TextFileInput(detail::StreamPlace place, rt::FileSystem& files, std::shared_ptr<FileChoices> choices)
      : StreamNode(place, "textFileStream", {}, place.interval),
        files_(files),
        choices_(std::move(choices)) {}
  // Files of batches that are done may be gone.
  bool remakes() const override { return false; }
  bool runsEachBatch() const override { return true; }
  detail::StatefulStream* stateful() override { return this; }

 protected:
  std::optional<RDD<std::string>> compute(detail::BatchContext& batch, Time time) override;

 private:
  detail::StreamNodeBase& node() override { return *this; }
  bool isPosition() const override { return true; }
  std::string typeTag() const override { return "textFileStream.seen/2"; }
  std::optional<std::vector<std::string>> snapshot(Time time) override;
  // Without partitions, or with those of another folder, nothing is known: then nothing counts as seen.
  void restore(Time time, const std::vector<std::string>& partitions) override;

  rt::FileSystem& files_;
  const std::shared_ptr<FileChoices> choices_;
};

}  // namespace tidemill::stream
