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
  if (auto refusal = choices_->refusalOf(time)) throw *refusal;
  auto chosen = choices_->of(time);
  if (!chosen) return std::nullopt;  // That batch was before the start.
  auto there = choices_->stillThere(std::move(*chosen), time == batch.info.time);
  if (!there) throw there.error();
  return RDD<std::string>(std::make_shared<TextLines>(*place().run, files_, std::move(*there)));
}

std::optional<std::vector<std::string>> TextFileInput::snapshot(Time time) {
  return std::vector<std::string>{encoded(choices_->seenAt(time)), choices_->directory()};
}

void TextFileInput::restore(Time, const std::vector<std::string>& partitions) {
  const bool here = partitions.size() > 1 && partitions[1] == choices_->directory();
  if (!here) return choices_->setSeen({});
  auto seen = decoded<std::set<std::string>>(partitions.front());
  if (!seen) throw seen.error().within("files that stream " + uid() + " has read");
  choices_->setSeen(std::move(*seen));
}

}  // namespace stream

DStream<std::string> StreamingContext::textFileStream(const std::string& directory,
                                                      std::function<bool(const std::string& name)> filter,
                                                      bool newFilesOnly) {
  const rt::Env& env = core_->world()->seams().env;
  auto choices =
      std::make_shared<stream::FileChoices>(env.files, env.log, directory, std::move(filter), newFilesOnly);
  stream::Graph& graph = core_->editableGraph();
  auto node = detail::addNode<stream::TextFileInput>(core_, env.files, choices);
  graph.files.push_back(
      {std::move(choices), [&uid = std::as_const(*node)]() -> const std::string& { return uid.uid(); }});
  return DStream<std::string>(std::move(node));
}

}  // namespace tidemill
