#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <vector>

#include "block/block_fsck.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "codec/json_writer.h"
#include "rt/posix_file_system.h"

namespace tidemill::cli {
namespace {

using block::FsckFinding;
using block::FsckReport;

struct Flags {
  std::string directory;
  bool json = false;
};

std::vector<std::string> reportLines(const FsckReport& report) {
  std::vector<std::string> lines;
  for (const FsckFinding& finding : report.findings) lines.push_back(oneLine(finding.text()));
  lines.push_back("blocks: " + std::to_string(report.blocks));
  lines.push_back("unindexed: " + std::to_string(report.unindexed));
  lines.push_back("lost: " + std::to_string(report.lost));
  lines.push_back("damaged: " + std::to_string(report.damaged) +
                  " rebuildable: " + std::to_string(report.rebuildable));
  lines.push_back("torn: " + std::to_string(report.torn));
  return lines;
}

void writeCount(codec::JsonWriter& to, std::string_view key, std::uint64_t count) {
  to.key(key);
  to.integer(static_cast<std::int64_t>(count));
}

void writeFinding(codec::JsonWriter& to, const FsckFinding& finding) {
  to.beginObject();
  to.key("kind");
  to.text(block::findingName(finding.kind));
  to.key("file");
  to.text(finding.file);
  writeCount(to, "offset", finding.offset);
  writeCount(to, "bytes", finding.bytes);
  to.key("what");
  to.text(finding.what);
  to.key("rebuildable");
  to.boolean(finding.rebuildable);
  if (finding.block != nullptr) {
    to.key("block");
    to.text(finding.block->id);
    to.key("ranges");
    to.beginArray();
    for (const SequenceNumberRange& range : finding.block->ranges()) to.text(range.toString());
    to.endArray();
  }
  to.endObject();
}

std::string reportDocument(const FsckReport& report) {
  codec::JsonWriter to;
  to.beginObject();
  writeCount(to, "blocks", report.blocks);
  writeCount(to, "unindexed", report.unindexed);
  writeCount(to, "lost", report.lost);
  writeCount(to, "damaged", report.damaged);
  writeCount(to, "rebuildable", report.rebuildable);
  writeCount(to, "torn", report.torn);
  to.key("findings");
  to.beginArray();
  for (const FsckFinding& finding : report.findings) writeFinding(to, finding);
  to.endArray();
  to.endObject();
  return to.take();
}

int runFsck(const Flags& flags) {
  rt::PosixFileSystem files;
  const auto report = block::checkStore(files, flags.directory);
  if (!report) return printError(report.error());
  Output(flags.json).document(reportLines(*report), reportDocument(*report));
  return report->damaged > 0 ? exitCode(Code::kDamagedBlock) : 0;
}

}  // namespace

void addFsckCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("fsck", "Checks stored blocks, byte by byte");
  auto flags = std::make_shared<Flags>();
  command->add_option("dir", flags->directory, "Folder of the blocks")->required();
  command->add_flag("--json", flags->json, "One JSON object");
  command->callback([&chosen, flags] { chosen = [flags] { return runFsck(*flags); }; });
}

}  // namespace tidemill::cli
