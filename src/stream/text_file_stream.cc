#include "stream/text_file_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "stream/context_core.h"
#include "tidemill/codec.h"
#include "tidemill/codec_containers.h"
#include "tidemill/dstream.h"

namespace tidemill {
namespace stream {
namespace {

constexpr std::size_t kFilePiece = 64u << 10;

}  // namespace

NewFiles::NewFiles(rt::FileSystem& files, base::LogSink& log, std::string directory, Filter filter,
                   bool newFilesOnly)
    : files_(files), log_(log), directory_(std::move(directory)), filter_(std::move(filter)) {
  const std::vector<std::string> there = names();
  if (newFilesOnly) seen_.insert(there.begin(), there.end());
}

std::vector<std::string> NewFiles::names() const {
  auto names = files_.list(directory_);
  if (!names) throw names.error().within("text files of " + directory_);
  if (names->size() <= kNamesMost) return std::move(*names);
  throw Error(Code::kIo, fmt::format("text files of {}: {} names in one folder", directory_, names->size()),
              fmt::format("move files away that were read; up to {} are looked through", kNamesMost));
}

bool NewFiles::wanted(const std::string& name) const {
  if (name.starts_with('.') || name.starts_with('_') || name.ends_with("._COPYING_")) return false;
  return !filter_ || filter_(name);
}

bool NewFiles::readable(const std::string& path) {
  char first = 0;
  const auto read = files_.readAt(path, 0, std::span<char>(&first, 1));
  if (!read && complainedOf_.insert(path).second) {
    log_.warning("text_file_skipped", {{"path", path}, {"reason", read.error().message()}});
  }
  return read.has_value();
}

std::vector<std::string> NewFiles::take() {
  std::vector<std::string> fresh;
  std::set<std::string> seen;
  std::set<std::string> unreadable;
  for (const std::string& name : names()) {
    if (!seen_.contains(name)) {
      const std::string path = directory_ + "/" + name;
      // A file that is renamed when it is whole is new under its last name.
      if (!wanted(name)) continue;
      if (!readable(path)) {
        unreadable.insert(path);
        continue;
      }
      fresh.push_back(path);
    }
    seen.insert(name);
  }
  seen_ = std::move(seen);
  std::erase_if(complainedOf_, [&](const std::string& path) { return !unreadable.contains(path); });
  return fresh;
}

void TextLines::compute(std::size_t partition, detail::Emit<std::string>& emit) const {
  const std::string& path = paths_[partition];
  std::string line;
  std::vector<char> piece(kFilePiece);
  const auto give = [&] {
    if (line.ends_with('\r')) line.pop_back();
    emit(std::exchange(line, {}));
  };
  for (std::uint64_t offset = 0;;) {  // Until the file ends.
    const auto read = files_.readAt(path, offset, piece);
    if (!read) throw read.error();
    offset += *read;
    auto from = piece.begin();
    const auto end = piece.begin() + static_cast<std::ptrdiff_t>(*read);
    while (from != end) {
      const auto newline = std::find(from, end, '\n');
      line.append(from, newline);
      if (line.size() > kLineMost) {
        throw Error(Code::kIo, fmt::format("{}: a line of more than 16 MiB", path), "is it a file of text?");
      }
      if (newline == end) break;
      give();
      from = std::next(newline);
    }
    if (*read < piece.size()) break;
  }
  if (!line.empty()) give();
}

std::optional<RDD<std::string>> TextFileInput::compute(detail::BatchContext& batch, Time time) {
  if (time != batch.info.time) return std::nullopt;  // That batch was before the start.
  return RDD<std::string>(std::make_shared<TextLines>(*place().run, files_, fresh_->take()));
}

std::optional<std::vector<std::string>> TextFileInput::snapshot(Time) {
  return std::vector<std::string>{encoded(fresh_->seen())};
}

void TextFileInput::restore(Time, const std::vector<std::string>& partitions) {
  if (partitions.empty()) return fresh_->setSeen({});
  auto seen = decoded<std::set<std::string>>(partitions.front());
  if (!seen) throw seen.error().within("files that stream " + uid() + " has read");
  fresh_->setSeen(std::move(*seen));
}

}  // namespace stream

DStream<std::string> StreamingContext::textFileStream(const std::string& directory,
                                                      std::function<bool(const std::string& name)> filter,
                                                      bool newFilesOnly) {
  const rt::Env& env = core_->world()->seams().env;
  auto fresh =
      std::make_unique<stream::NewFiles>(env.files, env.log, directory, std::move(filter), newFilesOnly);
  return DStream<std::string>(detail::addNode<stream::TextFileInput>(core_, env.files, std::move(fresh)));
}

}  // namespace tidemill
