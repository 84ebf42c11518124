#include "cli/demo_text.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "cli/child_process.h"

namespace tidemill::cli {
namespace {

constexpr char kLicences[] = "/usr/share/common-licenses";

Result<std::string> readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kUsage, "cannot read " + path, "name a readable file with --text");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::string> licences() {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kLicences, error)) {
    if (entry.is_regular_file(error) && !entry.is_symlink(error)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::string text;
  for (const std::string& path : paths) {
    auto one = readFile(path);
    if (!one) return one;
    text += *one;
    if (!text.empty() && text.back() != '\n') text += '\n';
  }
  if (text.empty())
    return fail(Code::kUsage, std::string("no text in ") + kLicences, "name a file with --text");
  return text;
}

}  // namespace

Result<void> prepareText(const std::string& source, std::int64_t bytesMin, const std::string& path) {
  auto text = source.empty() ? licences() : readFile(source);
  if (!text) return fail(text.error());
  if (text->empty()) return fail(Code::kUsage, "the text is empty", "name another file with --text");
  if (text->back() != '\n') *text += '\n';
  std::ofstream file(path, std::ios::binary);
  std::int64_t written = 0;
  do {
    file << *text;
    written += static_cast<std::int64_t>(text->size());
  } while (source.empty() && written < bytesMin && file);
  file.close();
  if (!file) return fail(Code::kIo, "cannot write " + path, "make room in the folder for temporary files");
  return {};
}

Result<std::vector<std::string>> linesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kIo, "cannot read " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  return lines;
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

}  // namespace tidemill::cli
