#include <CLI/CLI.hpp>

#include <iostream>

#include "cli/commands.h"
#include "cli/kinesis_access.h"
#include "cli/line_producer.h"
#include "cli/output.h"

namespace tidemill::cli {
namespace {

struct PutFlags {
  std::string stream;
  KinesisFlags kinesis;
  bool json = false;
};

// Lines go out in portions, so that standard input may be endless.
constexpr std::size_t kPortionBytes = 8u << 20;

bool readPortion(std::vector<std::string>& lines) {
  std::size_t bytes = 0;
  std::string line;
  while (bytes < kPortionBytes && std::getline(std::cin, line)) {
    bytes += line.size() + 1;
    lines.push_back(std::move(line));
  }
  return !lines.empty();
}

int runPut(const PutFlags& flags) {
  base::StderrLog log;
  http::ProductionEnv production(log);
  base::Random random(base::randomSeed());
  auto client = openKinesis(production, random, flags.kinesis);
  if (!client) return printError(client.error());
  LineProducer producer(production.env().loop, **client, random, flags.stream);
  std::vector<std::string> lines;
  while (readPortion(lines)) {
    auto put = production.block(producer.put(std::exchange(lines, {})));
    if (!put) {
      return printError(put.error().within(std::to_string(producer.totals().records) + " records put, then"));
    }
  }
  Output(flags.json)
      .report({{"stream", flags.stream},
               {"records", producer.totals().records},
               {"bytes", producer.totals().bytes},
               {"retried", producer.totals().retried}});
  return 0;
}

}  // namespace

void addPutCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command =
      app.add_subcommand("put", "Puts lines of standard input into a stream, each as one record");
  auto flags = std::make_shared<PutFlags>();
  command->add_option("stream", flags->stream, "Name of the stream")->required();
  addKinesisFlags(*command, flags->kinesis);
  command->add_flag("--json", flags->json, "One JSON object");
  command->callback([&chosen, flags] { chosen = [flags] { return runPut(*flags); }; });
}

}  // namespace tidemill::cli
