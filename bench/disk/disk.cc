// What it costs to put blocks on a disk, beside writing as many bytes there without us. Lines of the result:
// README.md beside.
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "made_blocks.h"
#include "plain_write.h"
#include "stored_blocks.h"

namespace tidemill::bench {
namespace {

using block::BlockEncoding;

struct Flags {
  std::string directory = ".";
  int megabytes = 64;
  int rounds = 5;
  std::vector<int> blockKib = {64, 1024, 8192};
  std::string level;
};

const std::vector<StoreCase> kCases = {
    {.level = StorageLevel::DISK_ONLY, .underWay = 1},
    {.level = StorageLevel::DISK_ONLY},
    {.level = StorageLevel::DISK_ONLY, .encoding = BlockEncoding::kLz4},
    {.level = StorageLevel::DISK_ONLY, .encoding = BlockEncoding::kZstd},
    {.level = StorageLevel::DISK_ONLY_2},
    {.level = StorageLevel::MEMORY_AND_DISK, .memoryPart = 0.125},
    {.level = StorageLevel::MEMORY_AND_DISK_2, .memoryPart = 0.125},
    {.level = StorageLevel::MEMORY_AND_DISK_SER, .encoding = BlockEncoding::kLz4, .memoryPart = 0.0625},
    {.level = StorageLevel::MEMORY_AND_DISK_SER, .encoding = BlockEncoding::kZstd, .memoryPart = 0.0625},
};

const char* nameOf(BlockEncoding encoding) {
  return encoding == BlockEncoding::kNone ? "none" : encoding == BlockEncoding::kLz4 ? "lz4" : "zstd";
}

// Of one case, a number for each round.
struct Rates {
  std::vector<double> ours;  // MB of payload in a second.
  std::vector<double> each;  // By write and fsync.
  std::vector<double> dd;
  std::vector<double> toEach;  // Ratios, of each round.
  std::vector<double> toDd;
  Stored last;

  void add(const Stored& stored, double eachRate, double ddRate) {
    last = stored;
    ours.push_back(static_cast<double>(stored.payloadBytes) / 1e6 / stored.seconds);
    each.push_back(eachRate);
    dd.push_back(ddRate);
    toEach.push_back(ours.back() / eachRate);
    toDd.push_back(ours.back() / ddRate);
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string spread(const char* name, const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return fmt::format("\"{0}\":{1:.2f},\"{0}_min\":{2:.2f},\"{0}_max\":{3:.2f}", name, median(values), *least,
                     *most);
}

void print(const StoreCase& what, const MadeBlocks& made, const Rates& rates) {
  const auto payload = static_cast<double>(rates.last.payloadBytes);
  fmt::print(
      "{{\"bench\":\"disk\",\"level\":\"{}\",\"encoding\":\"{}\",\"block_kib\":{},\"under_way\":{},"
      "\"rounds\":{},"
      "\"mb_per_s\":{:.1f},\"write_fsync_mb_per_s\":{:.1f},\"dd_mb_per_s\":{:.1f},{},{},\"file_ratio\":{:.2f}"
      ","
      "\"cpu_s_per_gb\":{:.2f}}}\n",
      storageLevelName(what.level), nameOf(what.encoding), made.blockBytes / 1024, what.underWay,
      rates.ours.size(), median(rates.ours), median(rates.each), median(rates.dd),
      spread("ratio_to_write_fsync", rates.toEach), spread("ratio_to_dd", rates.toDd),
      static_cast<double>(rates.last.fileBytes) / payload, rates.last.cpuSeconds / (payload / 1e9));
  std::fflush(stdout);
}

// A folder of this run on the disk that is measured; removed at the end.
class Folder {
 public:
  explicit Folder(const std::string& below) : path_(below + "/tidemill-bench-disk-XXXXXX") {
    TIDEMILL_CHECK(::mkdtemp(path_.data()) != nullptr, "a folder can be made below --dir");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // Removes what a round left, and waits until nothing is on its way to the disk.
  void settle(const std::string& name) const {
    std::filesystem::remove_all(file(name));
    ::sync();
  }

 private:
  std::string path_;
};

void measure(http::ProductionEnv& production, const Flags& flags, std::size_t blockBytes) {
  const MadeBlocks made = makeBlocks(blockBytes, static_cast<std::size_t>(flags.megabytes) * 1'000'000);
  const Folder folder(flags.directory);
  writeSource(folder.file("source"), made);
  const double megabytes = static_cast<double>(made.payload.size()) / 1e6;
  for (const StoreCase& what : kCases) {
    if (!flags.level.empty() && flags.level != storageLevelName(what.level)) continue;
    Rates rates;
    for (int round = 0; round <= flags.rounds; ++round) {
      folder.settle("plain");
      const double each = writeEachSynced(folder.file("plain"), made);
      folder.settle("plain");
      const double dd = ddSyncedAtEnd(folder.file("plain"), folder.file("source"), made.blockBytes);
      folder.settle("plain");
      const Stored stored = storeBlocks(production, folder.file("ours"), what, made);
      folder.settle("ours");
      // The first round warms up.
      if (round > 0) rates.add(stored, megabytes / each, megabytes / dd);
    }
    print(what, made, rates);
  }
}

}  // namespace
}  // namespace tidemill::bench

int main(int argc, char** argv) {
  using namespace tidemill;
  bench::Flags flags;
  CLI::App app("Puts blocks on a disk, beside write and fsync and beside dd.");
  app.add_option("--dir", flags.directory, "Below it everything is written; on the disk to be measured")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--megabytes", flags.megabytes, "Payload of a round")
      ->check(CLI::Range(1, 4'000))
      ->capture_default_str();
  app.add_option("--rounds", flags.rounds, "Of each case; medians are printed")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--block-kib", flags.blockKib, "Payload of a block; several are measured one by one")
      ->check(CLI::Range(1, 256 * 1024))
      ->capture_default_str();
  app.add_option("--level", flags.level, "Only this one");
  CLI11_PARSE(app, argc, argv);
  base::StderrLog log(base::Severity::kWarning);
  http::ProductionEnv production(log);
  for (const int kib : flags.blockKib)
    bench::measure(production, flags, static_cast<std::size_t>(kib) * 1024);
  return 0;
}
