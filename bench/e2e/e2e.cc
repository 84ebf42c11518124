// The consumer against the fake, beside a bare download of the same bodies: how much CPU do we add?
//
// Each side runs in a process of its own, so that neither pays for the other. Lines of the result: README.md
// beside.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "bare_download.h"
#include "base/log.h"
#include "cli/child_process.h"
#include "cli/output.h"
#include "our_consumer.h"
#include "served_data.h"

namespace tidemill::bench {
namespace {

using namespace std::chrono_literals;

struct Flags {
  std::int64_t megabytes = 1000;
  std::vector<std::string> settings;
  // For the measured children only.
  std::string role;
  std::string endpoint;
  std::int64_t records = 0;
  std::vector<std::string> iterators;
};

int runRole(const Flags& flags) {
  auto measured = flags.role == "bare" ? downloadBare(flags.endpoint, flags.iterators)
                                       : consumeOurs(flags.endpoint, flags.records, flags.settings);
  if (!measured) return cli::printError(measured.error());
  fmt::print("{}\n", measured->toLine());
  return 0;
}

Result<Measured> measureChild(std::vector<std::string> command) {
  auto child = cli::ChildProcess::start(command);
  if (!child) return fail(child.error());
  std::optional<std::string> line;
  while (!line && !child->outputEnded()) line = child->readLine(1s);  // The child bounds its own waits.
  const int code = child->wait();
  auto measured = Measured::fromLine(line.value_or(""));
  if (code != 0 || !measured)
    return fail(Code::kWrongResult, fmt::format("{} ended with {}", command[2], code));
  return *measured;
}

Result<Measured> measureBare(ServedData& data) {
  auto iterators = data.iterators();
  if (!iterators) return fail(iterators.error());
  std::vector<std::string> command = {cli::ownProgram(), "--role", "bare", "--endpoint", data.endpoint()};
  for (const std::string& iterator : *iterators) command.push_back("--iterator=" + iterator);
  return measureChild(std::move(command));
}

Result<Measured> measureOurs(const ServedData& data, std::int64_t records, const Flags& flags) {
  std::vector<std::string> command = {cli::ownProgram(),      "--role",        "ours",
                                      "--endpoint",           data.endpoint(), "--records",
                                      std::to_string(records)};
  for (const std::string& setting : flags.settings) command.push_back("--set=" + setting);
  return measureChild(std::move(command));
}

Result<void> runAll(const Flags& flags) {
  const std::int64_t records = flags.megabytes * 1'000'000 / kRecordBytes;
  base::StderrLog log;
  ServedData data(log);
  cli::printProgress(fmt::format("e2e: putting {} MB", flags.megabytes));
  auto filled = data.fill(records);
  if (!filled) return filled;
  cli::printProgress("e2e: the bare download");
  auto bare = measureBare(data);
  if (!bare) return fail(bare.error());
  cli::printProgress("e2e: the consumer");
  auto ours = measureOurs(data, records, flags);
  if (!ours) return fail(ours.error());
  if (ours->records != records || bare->bytes < records * kRecordBytes) {
    return fail(Code::kWrongResult, fmt::format("{} records put, {} counted, {} bytes downloaded", records,
                                                ours->records, bare->bytes));
  }
  fmt::print(
      "{{\"bench\":\"e2e\",\"cpu_ratio\":{:.3f},\"bytes\":{},\"records\":{},\"ours_cpu_s\":{:.3f},"
      "\"bare_cpu_s\":{:.3f},\"wall_s\":{:.3f},\"peak_rss_mib\":{:.1f}}}\n",
      bare->cpuSeconds / ours->cpuSeconds, bare->bytes, ours->records, ours->cpuSeconds, bare->cpuSeconds,
      ours->wallSeconds, static_cast<double>(ours->peakRssBytes) / (1 << 20));
  return {};
}

int run(int argc, char** argv) {
  Flags flags;
  CLI::App app("Drains a stream from the fake, and downloads the same bodies by libcurl alone");
  app.add_option("--megabytes", flags.megabytes, "How much to put and read")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--set", flags.settings, "key=value: a setting of the consumer; may be repeated");
  app.add_option("--role", flags.role)->check(CLI::IsMember({"bare", "ours"}))->group("");
  app.add_option("--endpoint", flags.endpoint)->group("");
  app.add_option("--records", flags.records)->group("");
  app.add_option("--iterator", flags.iterators)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    if (!flags.role.empty()) return runRole(flags);
    auto done = runAll(flags);
    return done ? 0 : cli::printError(done.error());
  } catch (const Error& error) {
    return cli::printError(error);
  }
}

}  // namespace
}  // namespace tidemill::bench

int main(int argc, char** argv) {
  return tidemill::bench::run(argc, argv);
}
