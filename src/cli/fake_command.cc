#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "fake/server.h"

namespace tidemill::cli {
namespace {

struct FakeFlags {
  fake::FakeServerOptions server;
  std::string limits = "on";
  bool json = false;
};

int runFake(FakeFlags flags) {
  flags.server.aws.limits = flags.limits == "on";
  const Output output(flags.json);
  auto served = fake::serveFake(flags.server, [&output](int port) {
    const std::string url = fmt::format("http://127.0.0.1:{}", port);
    output.line("listening " + url, {{"listening", url}});
  });
  return served ? 0 : printError(served.error());
}

}  // namespace

void addFakeCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("fake", "Serves a fake AWS (Kinesis) on the loopback interface");
  auto flags = std::make_shared<FakeFlags>();
  fake::FakeAwsOptions& aws = flags->server.aws;
  command->add_option("--port", flags->server.port, "Port; 0 takes a free one, which the first line names")
      ->check(CLI::Range(0, 65535));
  command->add_option("--access-key", aws.accessKey, "The one access key it knows")->capture_default_str();
  command->add_option("--secret-key", aws.secretKey, "Its secret")->capture_default_str();
  command->add_option("--region", aws.region, "The region it plays")->capture_default_str();
  command->add_option("--limits", flags->limits, "AWS's limits per shard: on or off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  command->add_option("--seed", aws.seed, "Everything drawn comes from here")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--faults", aws.faultsPerThousand, "Requests in a thousand that go wrong")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object per line");
  command->callback([&chosen, flags] { chosen = [flags] { return runFake(*flags); }; });
}

}  // namespace tidemill::cli
