// stream/text_file_stream.h: the lines of files that appear in a folder.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rt/env.h"
#include "tidemill/stream_node.h"

namespace tidemill::stream {

// Which files of a folder are new. A name counts as seen for as long as the file is there, so what is written
// in place later is not read again. Files that begin with '.' or '_', or that end with "._COPYING_", are
// being written or belong to somebody else. Belongs to the job thread once the context has started.
class NewFiles {
 public:
  // Names in the folder, read ones included; with more of them a call fails with kIo.
  static constexpr std::size_t kNamesMost = 200'000;

  // Of names without the folder; empty: all.
  using Filter = std::function<bool(const std::string& name)>;

  // What is there now counts as seen if `newFilesOnly`. References must outlive this. Throws Error(kIo).
  NewFiles(rt::FileSystem& files, base::LogSink& log, std::string directory, Filter filter,
           bool newFilesOnly);

  // Paths of those that were not there at the last call, sorted. A file that cannot be read is tried again at
  // the next call. Throws Error(kIo).
  std::vector<std::string> take();

  // Names that count as seen.
  const std::set<std::string>& seen() const { return seen_; }
  void setSeen(std::set<std::string> seen) { seen_ = std::move(seen); }

 private:
  std::vector<std::string> names() const;
  bool wanted(const std::string& name) const;
  bool readable(const std::string& path);

  rt::FileSystem& files_;
  base::LogSink& log_;
  const std::string directory_;
  const Filter filter_;
  std::set<std::string> seen_;
  std::set<std::string> complainedOf_;
};

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

// Its position is what it has seen: files of batches that were not completed are read again after a restart.
class TextFileInput final : public detail::StreamNode<std::string>, private detail::StatefulStream {
 public:
  TextFileInput(detail::StreamPlace place, rt::FileSystem& files, std::unique_ptr<NewFiles> fresh)
      : StreamNode(place, "textFileStream", {}, place.interval), files_(files), fresh_(std::move(fresh)) {}
  // A second look would not find the same files.
  bool remakes() const override { return false; }
  bool runsEachBatch() const override { return true; }
  detail::StatefulStream* stateful() override { return this; }

 protected:
  std::optional<RDD<std::string>> compute(detail::BatchContext& batch, Time time) override;

 private:
  detail::StreamNodeBase& node() override { return *this; }
  bool isPosition() const override { return true; }
  std::string typeTag() const override { return "textFileStream.seen/1"; }
  std::optional<std::vector<std::string>> snapshot(Time time) override;
  // Without partitions nothing is known: then nothing counts as seen.
  void restore(Time time, const std::vector<std::string>& partitions) override;

  rt::FileSystem& files_;
  const std::unique_ptr<NewFiles> fresh_;
};

}  // namespace tidemill::stream
