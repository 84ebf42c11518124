// One worker that holds very many leases: what it costs to keep them.
//
// The worker is the real coordinator on the real store, client and sockets. The service is a process of its
// own, so that its work is not measured. Lines of the result: README.md beside.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "cli/child_process.h"
#include "cli/output.h"
#include "consume/shard_coordinator.h"
#include "counting_transport.h"
#include "dynamo/dynamo_client.h"
#include "fake/server.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "lease/dynamo_lease_store.h"
#include "rt/task_group.h"
#include "usage.h"

namespace tidemill::bench {
namespace {

using namespace std::chrono_literals;

struct Flags {
  int leases = 10'000;
  int cycles = 6;
  int failoverMs = 10'000;
  bool serve = false;  // For the child only.
};

// What is looked at between two moments.
struct Reading {
  double cpuSeconds = 0;
  rt::TimePoint at{};
  std::map<std::string, std::int64_t> calls;
};

struct Report {
  Reading started;
  Reading opened;
  Reading warm;
  Reading end;
  std::size_t heldWhenWarm = 0;
  std::size_t heldAtEnd = 0;
};

// Shards start, and nobody reads them: leases alone are measured.
class StartedShards final : public consume::CoordinatorListener {
 public:
  void startShard(const consume::ShardStart&) override {}
  void stopShard(const consume::ShardStop&) override {}
};

aws::AwsClientOptions fakeAws(const std::string& endpoint) {
  aws::AwsClientOptions options;
  options.endpoint = aws::Endpoint{endpoint, "us-east-1"};
  options.credentials = AwsCredentials("test", "test");
  return options;
}

rt::Task<void> runInto(consume::ShardCoordinator& coordinator, std::optional<Error>& failure) {
  auto ended = co_await coordinator.run();
  if (!ended) failure = ended.error();
}

// The whole life of the worker, on the control lane.
class Worker {
 public:
  Worker(const rt::Env& env, const std::string& endpoint)
      : http_(env.http),
        env_{env.loop,     http_,     env.fetchLoop, env.fetchHttp, env.workers, env.jobs,    env.store,
             env.replicas, env.files, env.random,    env.log,       env.faults,  env.registry},
        kinesis_(env_.loop, http_, env_.random, env_.log, kinesisOptions(endpoint)),
        dynamo_(env_.loop, http_, env_.random, env_.log, dynamoOptions(endpoint)),
        factory_(env_, dynamo_) {}

  rt::Task<Result<Report>> hold(const Flags& flags) {
    auto created = co_await kinesis_.createStream("bench", flags.leases);
    if (!created) co_return fail(created.error());
    co_await env_.loop.sleepFor(1s);
    auto store = co_await factory_.open("bench", "bench");
    if (!store) co_return fail(store.error());
    consume::CoordinatorOptions options;
    options.application = "bench";
    options.stream = "bench";
    options.worker.id = "holder";
    options.times.failover = std::chrono::milliseconds(flags.failoverMs);
    options.initialPosition = KinesisInitialPosition::TrimHorizon();
    consume::ShardCoordinator coordinator(env_, kinesis_, **store, listener_, options);
    Report report;
    report.started = read();
    auto opened = co_await coordinator.open();
    if (!opened) co_return fail(opened.error());
    report.opened = read();
    std::optional<Error> failure;
    rt::TaskGroup group(env_.loop);
    group.spawn(runInto(coordinator, failure));
    co_await env_.loop.sleepFor(2 * options.times.renewEvery());
    report.warm = read();
    report.heldWhenWarm = coordinator.book().heldCount();
    co_await env_.loop.sleepFor(flags.cycles * options.times.renewEvery());
    report.end = read();
    report.heldAtEnd = coordinator.book().heldCount();
    coordinator.requestStop();
    const bool ended = co_await group.join(30s);
    if (failure) co_return fail(*failure);
    if (!ended) co_return fail(Code::kTimeout, "the worker did not stop within 30 s");
    co_return report;
  }

 private:
  static kinesis::KinesisClientOptions kinesisOptions(const std::string& endpoint) {
    kinesis::KinesisClientOptions options;
    options.aws = fakeAws(endpoint);
    return options;
  }
  static dynamo::DynamoClientOptions dynamoOptions(const std::string& endpoint) {
    dynamo::DynamoClientOptions options;
    options.aws = fakeAws(endpoint);
    return options;
  }
  Reading read() const { return {cpuSeconds(), env_.loop.now(), http_.calls()}; }

  CountingTransport http_;
  const rt::Env env_;
  kinesis::KinesisClient kinesis_;
  dynamo::DynamoClient dynamo_;
  lease::DynamoLeaseStoreFactory factory_;
  StartedShards listener_;
};

std::int64_t callsBetween(const Reading& from, const Reading& to, const std::string& operation) {
  const auto at = [&](const Reading& reading) {
    std::int64_t sum = 0;
    for (const auto& [target, count] : reading.calls) {
      if (target.starts_with("DynamoDB_") && target.ends_with(operation)) sum += count;
    }
    return sum;
  };
  return at(to) - at(from);
}

double secondsBetween(const Reading& from, const Reading& to) {
  return std::chrono::duration<double>(to.at - from.at).count();
}

void print(const Flags& flags, const Report& report) {
  const double wall = secondsBetween(report.warm, report.end);
  const consume::LeaseTimes times{std::chrono::milliseconds(flags.failoverMs)};
  const double cycle = std::chrono::duration<double>(times.renewEvery()).count();
  const double cpu = report.end.cpuSeconds - report.warm.cpuSeconds;
  const auto perLeaseMinute = [&](const std::string& operation) {
    return static_cast<double>(callsBetween(report.warm, report.end, operation)) / flags.leases / wall * 60;
  };
  fmt::print(
      "{{\"bench\":\"leases\",\"name\":\"take\",\"leases\":{},\"wall_s\":{:.2f},\"cpu_s\":{:.2f},"
      "\"dynamodb_calls_per_lease\":{:.3f}}}\n",
      flags.leases, secondsBetween(report.started, report.opened),
      report.opened.cpuSeconds - report.started.cpuSeconds,
      static_cast<double>(callsBetween(report.started, report.opened, "")) / flags.leases);
  fmt::print(
      "{{\"bench\":\"leases\",\"name\":\"hold\",\"leases\":{},\"held_warm\":{},\"held_end\":{},\"cycle_s\":{:"
      ".3f},"
      "\"wall_s\":{:.2f},\"cpu_s_per_cycle\":{:.3f},\"cpu_us_per_call\":{:.1f},\"cpu_share\":{:.3f},"
      "\"dynamodb_calls_per_lease_minute\":{:.2f},\"updates_per_lease_minute\":{:.2f},"
      "\"reads_per_lease_minute\":{:.4f},\"scan_calls\":{}}}\n",
      flags.leases, report.heldWhenWarm, report.heldAtEnd, cycle, wall, cpu / wall * cycle,
      cpu * 1e6 / static_cast<double>(callsBetween(report.warm, report.end, "")), cpu / wall,
      perLeaseMinute(""), perLeaseMinute("UpdateItem"), perLeaseMinute("GetItem"),
      callsBetween(report.warm, report.end, "Scan"));
}

int serve(int leases) {
  fake::FakeServerOptions options;
  options.aws.limits = false;
  options.aws.shardLimit = leases;
  options.aws.createDelay = 0ms;
  options.aws.tableDelay = 0ms;
  auto served = fake::serveFake(options, [](int port) {
    fmt::print("http://127.0.0.1:{}\n", port);
    std::fflush(stdout);
  });
  return served ? 0 : cli::printError(served.error());
}

Result<void> holdAll(const Flags& flags) {
  auto child =
      cli::ChildProcess::start({cli::ownProgram(), "--serve", "--leases", std::to_string(flags.leases)});
  if (!child) return fail(child.error());
  const auto endpoint = child->readLine(30s);
  if (!endpoint) return fail(Code::kIo, "the fake AWS did not start");
  base::StderrLog log(base::Severity::kError);  // Lost leases are told by their number.
  http::ProductionEnv production(log);
  auto worker = std::make_unique<Worker>(production.env(), *endpoint);
  auto report = production.block(worker->hold(flags));
  production.onControlLane([&worker] { worker.reset(); });
  if (!report) return fail(report.error());
  print(flags, *report);
  if (static_cast<int>(report->heldAtEnd) != flags.leases) {
    return fail(Code::kWrongResult,
                fmt::format("{} of {} leases are held at the end", report->heldAtEnd, flags.leases),
                "try a longer --failover-ms, fewer --leases, or a machine that is less busy");
  }
  return {};
}

int run(int argc, char** argv) {
  Flags flags;
  CLI::App app("Holds very many leases against the fake DynamoDB");
  app.add_option("--leases", flags.leases, "How many")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--cycles", flags.cycles, "Renewal periods to measure")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--failover-ms", flags.failoverMs, "The lease time; longer on a machine that is too slow")
      ->check(CLI::Range(200, 3'600'000))
      ->capture_default_str();
  app.add_flag("--serve", flags.serve)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (flags.serve) return serve(flags.leases);
  auto done = holdAll(flags);
  return done ? 0 : cli::printError(done.error());
}

}  // namespace
}  // namespace tidemill::bench

int main(int argc, char** argv) {
  return tidemill::bench::run(argc, argv);
}
