#include "cli/demo_consumer.h"

#include <fmt/format.h>

#include <csignal>

#include "base/text.h"
#include "cli/output.h"

namespace tidemill::cli {

using namespace std::chrono_literals;

namespace {

std::int64_t numberAfter(std::string_view part, std::string_view name) {
  if (!part.starts_with(name)) return 0;
  return base::parseInteger(part.substr(name.size())).value_or(0);
}

}  // namespace

Result<void> DemoConsumer::start() {
  auto process =
      ChildProcess::start(command_, {{"AWS_ACCESS_KEY_ID", "test"}, {"AWS_SECRET_ACCESS_KEY", "test"}});
  if (!process) return fail(process.error());
  process_.emplace(std::move(*process));
  news_.ready = false;
  news_.batches = 0;
  return {};
}

bool DemoConsumer::hear(std::chrono::milliseconds patience) {
  const auto line = process_->readLine(patience);
  if (line) heard(*line);
  return line.has_value();
}

void DemoConsumer::kill() {
  printProgress(fmt::format("killing the consumer (pid {}) with SIGKILL", process_->pid()));
  process_->signal(SIGKILL);
  process_->wait();
  while (hear(0ms)) {  // What it said before it died.
  }
}

int DemoConsumer::stop(std::chrono::milliseconds patience) {
  if (!process_) return 0;
  process_->signal(SIGTERM);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!process_->outputEnded() && std::chrono::steady_clock::now() < until) hear(100ms);
  return process_->waitOrKill(process_->outputEnded() ? patience : 0ms);
}

// "ready", "started: SHARD at …", "resumed: SHARD after …", "blocks: lost=N rebuilt=N",
// "batch: T records: N", "stopped: …".
void DemoConsumer::heard(const std::string& line) {
  const auto parts = base::split(line, ' ');
  if (line == "ready") news_.ready = true;
  if (parts.size() >= 4 && (parts[0] == "started:" || parts[0] == "resumed:")) news_.shards.emplace(parts[1]);
  if (parts.size() == 4 && parts[0] == "batch:") {
    ++news_.batches;
    news_.delivered += base::parseInteger(parts[3]).value_or(0);
  }
  if (parts.size() == 3 && parts[0] == "blocks:") {
    news_.blocksLost += numberAfter(parts[1], "lost=");
    news_.blocksRebuilt += numberAfter(parts[2], "rebuilt=");
  }
  if (parts[0] == "resumed:" || parts[0] == "stopped:") printProgress("consumer: " + line);
}

}  // namespace tidemill::cli
