#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/kinesis_access.h"
#include "cli/line_producer.h"
#include "cli/line_reader.h"
#include "cli/output.h"

namespace tidemill::cli {
namespace {

struct PutFlags {
  std::string stream;
  KinesisFlags kinesis;
  bool json = false;
};

// Standard input to its end, portion by portion.
Result<void> putInput(http::ProductionEnv& production, LineProducer& producer) {
  LineReader input(STDIN_FILENO);
  for (;;) {  // Until the input ends.
    auto lines = input.next();
    if (!lines) return fail(lines.error());
    if (lines->empty()) return {};
    auto put = production.block(producer.put(std::move(*lines)));
    if (!put) return put;
  }
}

int runPut(const PutFlags& flags) {
  base::StderrLog log;
  http::ProductionEnv production(log, productionOptions());
  base::Random random(base::randomSeed());
  auto client = openKinesis(production, random, flags.kinesis);
  if (!client) return printError(client.error());
  LineProducer producer(production.env().loop, **client, random, flags.stream);
  auto put = putInput(production, producer);
  const ProducerTotals& totals = producer.totals();
  if (!put) return printError(put.error().within(std::to_string(totals.records) + " records put, then"));
  if (totals.records == 0) {
    // No call has named the stream so far, and no records into no stream is not what was asked for.
    auto summary = production.block((*client)->describeStreamSummary(flags.stream));
    if (!summary) return printError(summary.error());
  }
  Output(flags.json)
      .report({{"stream", flags.stream},
               {"records", totals.records},
               {"bytes", totals.bytes},
               {"retried", totals.retried}});
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
