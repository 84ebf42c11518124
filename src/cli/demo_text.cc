#include "cli/demo_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "base/text.h"
#include "cli/child_process.h"
#include "cli/line_reader.h"

namespace tidemill::cli {
namespace {

constexpr char kLicences[] = "/usr/share/common-licenses";

using Lines = std::vector<std::string>;

Result<Lines> linesOf(const std::string& path) {
  const std::string name = base::quoteIfNeeded(path);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return fail(Code::kUsage, "cannot read " + name + ": " + std::strerror(errno),
                "name a readable file with --text");
  }
  LineReader reader(file, {.lineBytesMax = kDemoLineBytesMax});
  Lines all;
  for (;;) {  // Until the file ends.
    auto lines = reader.next();
    if (!lines || lines->empty()) {
      close(file);
      if (!lines) return fail(lines.error().within(name).hinting("name another file with --text"));
      return all;
    }
    all.insert(all.end(), std::make_move_iterator(lines->begin()), std::make_move_iterator(lines->end()));
  }
}

Result<Lines> licences() {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kLicences, error)) {
    if (entry.is_regular_file(error) && !entry.is_symlink(error)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  Lines text;
  for (const std::string& path : paths) {
    auto one = linesOf(path);
    if (!one) return one;
    text.insert(text.end(), one->begin(), one->end());
  }
  if (text.empty())
    return fail(Code::kUsage, std::string("no text in ") + kLicences, "name a file with --text");
  return text;
}

std::int64_t bytesOf(const Lines& lines) {
  std::int64_t bytes = 0;
  for (const std::string& line : lines) bytes += static_cast<std::int64_t>(line.size()) + 1;
  return bytes;
}

}  // namespace

Result<std::vector<std::string>> prepareText(const std::string& source, std::int64_t bytesMin,
                                             const std::string& path) {
  auto text = source.empty() ? licences() : linesOf(source);
  if (!text) return text;
  if (text->empty()) return fail(Code::kUsage, "the text is empty", "name another file with --text");
  const Lines once = *text;
  for (std::int64_t bytes = bytesOf(once); source.empty() && bytes < bytesMin; bytes += bytesOf(once))
    text->insert(text->end(), once.begin(), once.end());
  std::ofstream file(path, std::ios::binary);
  for (const std::string& line : *text) file << line << '\n';
  file.close();
  if (!file) return fail(Code::kIo, "cannot write " + path, "make room in the folder for temporary files");
  return text;
}

Result<std::vector<WordCount>> countByShell(const std::string& path) {
  using namespace std::chrono_literals;
  // The file's name reaches the shell as an argument, not as part of its program.
  auto shell = ChildProcess::start(
      {"sh", "-c", R"(LC_ALL=C tr -cs A-Za-z '\n' < "$1" | LC_ALL=C sort | LC_ALL=C uniq -c)", "sh", path});
  if (!shell) return fail(shell.error());
  std::vector<WordCount> words;
  while (!shell->outputEnded()) {
    const auto line = shell->readLine(60s);
    if (!line) break;
    const std::string_view text = base::trim(*line);
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos)
      continue;  // The empty word before a text that begins with no letter.
    const auto count = base::parseInteger(text.substr(0, blank));
    if (!count) return fail(Code::kIo, "uniq printed " + base::quoteIfNeeded(*line));
    words.push_back({std::string(text.substr(blank + 1)), *count});
  }
  if (shell->wait() != 0) return fail(Code::kIo, "tr, sort or uniq failed", "are the basic tools installed?");
  return words;
}

std::string firstDifference(const std::vector<WordCount>& ours, const std::vector<WordCount>& theirs) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;
  for (const WordCount& one : ours) counts[one.word].first = one.count;
  for (const WordCount& one : theirs) counts[one.word].second = one.count;
  for (const auto& [word, count] : counts) {
    if (count.first != count.second)
      return fmt::format("{}: counted {}, is {}", word, count.first, count.second);
  }
  return {};
}

}  // namespace tidemill::cli
