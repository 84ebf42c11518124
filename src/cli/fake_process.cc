#include "cli/fake_process.h"

#include <csignal>
#include <string_view>
#include <thread>

namespace tidemill::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kListening = "listening ";

}  // namespace

Result<FakeProcess> FakeProcess::start(const std::string& program, const std::vector<std::string>& options) {
  std::vector<std::string> command = {program, "fake", "--port", "0"};
  command.insert(command.end(), options.begin(), options.end());
  auto process = ChildProcess::start(command);
  if (!process) return fail(process.error());
  const auto line = process->readLine(30s);
  if (!line || !line->starts_with(kListening)) {
    return fail(Code::kIo, "the fake AWS did not start", "its error is above; try `tidemill fake` by itself");
  }
  return FakeProcess(std::move(*process), line->substr(kListening.size()));
}

void FakeProcess::stop() {
  process_.signal(SIGTERM);
  process_.waitOrKill(10s);
}

kinesis::KinesisClientOptions FakeProcess::clientOptions() const {
  kinesis::KinesisClientOptions options;
  options.aws.endpoint = aws::Endpoint{endpoint_, "us-east-1"};
  options.aws.credentials = AwsCredentials("test", "test");
  return options;
}

Result<void> awaitActive(http::ProductionEnv& production, kinesis::KinesisApi& api,
                         const std::string& stream) {
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < until) {
    auto summary = production.block(api.describeStreamSummary(stream));
    if (!summary) return fail(summary.error());
    if (summary->status == "ACTIVE") return {};
    std::this_thread::sleep_for(50ms);
  }
  return fail(Code::kTimeout, "stream " + stream + " did not become ACTIVE within a minute",
              "try again; the machine may be busy");
}

}  // namespace tidemill::cli
