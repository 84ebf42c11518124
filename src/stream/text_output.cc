#include "tidemill/text_output.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "tidemill/error.h"

namespace tidemill::detail {
namespace {

std::string folderName(const std::string& prefix, const std::string& suffix, Time time) {
  const auto milliseconds = time.time_since_epoch().count();
  if (suffix.empty()) return fmt::format("{}-{}", prefix, milliseconds);
  return fmt::format("{}-{}.{}", prefix, milliseconds, suffix);
}

[[noreturn]] void refuse(const std::string& path, const std::string& reason) {
  throw Error(Code::kIo, fmt::format("{} cannot be written: {}", path, reason),
              "make sure that the folder above it exists, may be written and has room");
}

}  // namespace

void printBatch(Time time, const std::string& lines) {
  static constexpr char kRule[] = "-------------------------------------------";
  const std::string text =
      fmt::format("{}\nTime: {} ms\n{}\n{}\n", kRule, time.time_since_epoch().count(), kRule, lines);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

TextFolder::TextFolder(const std::string& prefix, const std::string& suffix, Time time)
    : path_(folderName(prefix, suffix, time)), aside_(path_ + "._temporary") {
  std::error_code failed;
  std::filesystem::remove_all(aside_, failed);
  if (!failed) std::filesystem::create_directories(aside_, failed);
  if (failed) refuse(path_, failed.message());
}

void TextFolder::write(std::size_t partition, const std::string& text) const {
  std::ofstream file(fmt::format("{}/part-{:05}", aside_, partition), std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) refuse(path_, "a part could not be written");
}

void TextFolder::finish() const {
  std::ofstream(aside_ + "/_SUCCESS").close();
  std::error_code failed;
  std::filesystem::remove_all(path_, failed);
  if (!failed) std::filesystem::rename(aside_, path_, failed);
  if (failed) refuse(path_, failed.message());
}

}  // namespace tidemill::detail
