#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "fake/server.h"

namespace tidemill::cli {
namespace {

struct FakeFlags {
  fake::FakeServerOptions server;
  std::string limits = "on";
  std::int64_t tableDelayMs = 500;
  std::int64_t staleMs = 0;
  std::int64_t retentionMs = 0;
  std::string conditions = "on";
  bool json = false;
};

int runFake(FakeFlags flags) {
  flags.server.aws.limits = flags.limits == "on";
  if (flags.retentionMs > 0) flags.server.aws.retention = std::chrono::milliseconds(flags.retentionMs);
  flags.server.aws.tableDelay = std::chrono::milliseconds(flags.tableDelayMs);
  flags.server.aws.staleReads = std::chrono::milliseconds(flags.staleMs);
  flags.server.stores.s3.conditions = flags.conditions == "on";
  const Output output(flags.json);
  auto served = fake::serveFake(flags.server, [&](int port) {
    const std::string url = fmt::format("http://127.0.0.1:{}", port);
    output.line("listening " + url, {{"listening", url}});
    for (const std::string& bucket : flags.server.stores.buckets) {
      output.line("s3 s3://" + bucket, {{"s3", "s3://" + bucket}});
    }
    const std::string hdfs = fmt::format("hdfs://127.0.0.1:{}", port);
    if (flags.server.stores.hdfs) output.line("hdfs " + hdfs, {{"hdfs", hdfs}});
  });
  return served ? 0 : printError(served.error());
}

void addDynamoOptions(CLI::App& command, FakeFlags& flags) {
  fake::DynamoFaultRates& rates = flags.server.aws.dynamoFaults;
  command.add_option("--table-delay-ms", flags.tableDelayMs, "How long a table is CREATING")
      ->check(CLI::Range(0, 3'600'000))
      ->capture_default_str();
  command
      .add_option("--dynamodb-stale-ms", flags.staleMs, "Reads that need not be consistent lag up to this")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  const auto rate = [&command](const char* name, std::uint32_t& value, const char* what) {
    command.add_option(name, value, what)->check(CLI::Range(0, 1000))->capture_default_str();
  };
  rate("--dynamodb-throttles", rates.throttled, "DynamoDB requests in a thousand that are throttled");
  rate("--dynamodb-lost-answers", rates.lostAnswers, "Those applied whose answer is lost");
  rate("--dynamodb-lost-requests", rates.lostRequests, "Those lost before they are applied");
  rate("--dynamodb-failures", rates.failures, "Those answered with a 500");
}

void addStoreOptions(CLI::App& command, FakeFlags& flags) {
  fake::FakeStoresOptions& stores = flags.server.stores;
  command
      .add_option("--bucket", stores.buckets,
                  "Serves S3 on the same port, with this bucket; may be given several times")
      ->allow_extra_args(false)
      ->check([](const std::string& name) {
        const bool fits =
            name.size() >= 3 && name.size() <= 63 &&
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
        return fits ? std::string() : "a bucket has 3 to 63 small letters, digits, points and hyphens";
      });
  command.add_option("--s3-conditions", flags.conditions, "Whether S3 knows If-None-Match: on or off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  command.add_flag("--hdfs", stores.hdfs, "Serves an HDFS on the same port, by WebHDFS");
  command
      .add_option("--store-faults", stores.faultsPerThousand,
                  "Requests to S3 and HDFS in a thousand that go wrong")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
}

}  // namespace

void addFakeCommand(CLI::App& app, Chosen& chosen) {
  CLI::App* command =
      app.add_subcommand("fake", "Serves a fake AWS (Kinesis, DynamoDB, S3) on the loopback interface");
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
  command
      ->add_option("--retention-ms", flags->retentionMs,
                   "Records are gone after so long; 0: after the retention of their stream")
      ->check(CLI::Range(0, 86'400'000))
      ->capture_default_str();
  command
      ->add_option("--read-throttles", aws.readThrottlesPerThousand,
                   "Requests for records in a thousand that are refused as throttled")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  addDynamoOptions(*command, *flags);
  addStoreOptions(*command, *flags);
  command->add_flag("--json", flags->json, "One JSON object per line");
  command->callback([&chosen, flags] { chosen = [flags] { return runFake(*flags); }; });
}

}  // namespace tidemill::cli
