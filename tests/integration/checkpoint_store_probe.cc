// A checkpoint store by its url, asked from outside: checkpoint_stores_test.py runs this against real
// servers.
//
//   checkpoint_store_probe URL open|contract|race|fill [NAME COUNT] [--hosts MAP] [--unsafe]
//   [--safe-mode-wait-ms N]
//
// Key pair, region and endpoint come from the environment. The last line says what came out; exit code 1 if
// the contract is broken, 2 for any error, which is printed as error[Code].
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/production_env.h"
#include "stream/checkpoint/checkpoint_stores.h"
#include "stream/checkpoint/store_contract.h"

namespace tidemill::stream {
namespace {

struct Arguments {
  std::string url;
  std::string command;
  std::string name;
  int count = 0;
  CheckpointStoreOptions options;
};

int say(const Error& error) {
  std::printf("error[%s]: %s\n  hint: %s\n", std::string(codeName(error.code())).c_str(), error.what(),
              error.hint().c_str());
  return 2;
}

Arguments parse(int size, char** words) {
  Arguments arguments;
  std::vector<std::string> plain;
  for (int i = 1; i < size; ++i) {
    const std::string word = words[i];
    if (word == "--unsafe") {
      arguments.options.remote.unsafeSingleWriter = true;
    } else if (word == "--hosts" && i + 1 < size) {
      arguments.options.hdfsHosts = words[++i];
    } else if (word == "--safe-mode-wait-ms" && i + 1 < size) {
      arguments.options.hdfsSafeModeWait = std::chrono::milliseconds(std::atoi(words[++i]));
    } else {
      plain.push_back(word);
    }
  }
  plain.resize(4);
  arguments.url = plain[0];
  arguments.command = plain[1];
  arguments.name = plain[2];
  arguments.count = std::atoi(plain[3].c_str());
  arguments.options.s3.allowPlainHttp = true;
  arguments.options.environment = aws::processEnvironment();
  return arguments;
}

std::string numbered(int number) {
  return "log/" + std::string(20 - std::to_string(number).size(), '0') + std::to_string(number);
}

// Puts COUNT names; says which of them NAME has won.
rt::Task<Result<std::string>> race(CheckpointStore& store, std::string writer, int count) {
  std::string won = "won:";
  for (int i = 0; i < count; ++i) {
    std::string name = numbered(i);
    auto done = co_await store.putIfAbsent(std::move(name), writer);
    if (!done && done.error().code() != Code::kConflict) co_return fail(done.error());
    if (done) won += " " + std::to_string(i);
  }
  co_return won;
}

// Puts COUNT names of its own, through whatever happens meanwhile, and reads each back.
rt::Task<Result<std::string>> fill(rt::Loop& loop, CheckpointStore& store, std::string writer, int count) {
  int failures = 0;
  for (int i = 0; i < count; ++i) {
    const std::string value = writer + " " + std::to_string(i);
    for (int tries = 0;; ++tries) {
      std::string name = numbered(i);
      auto done = co_await store.putIfAbsent(std::move(name), value);
      if (done) break;
      ++failures;
      if (!done.error().retryable() || tries == 20) co_return fail(done.error());
    }
    std::printf("wrote %d\n", i);
    std::fflush(stdout);
    co_await loop.sleepFor(std::chrono::milliseconds(20));
  }
  for (int i = 0; i < count; ++i) {
    std::string name = numbered(i);
    auto value = co_await store.get(std::move(name));
    if (!value) co_return fail(value.error());
    if (*value != writer + " " + std::to_string(i)) co_return fail(Code::kWrongResult, "other bytes");
  }
  co_return "filled: " + std::to_string(count) + " failures=" + std::to_string(failures);
}

rt::Task<Result<std::string>> work(rt::Loop& loop, CheckpointStore& store, const Arguments& arguments) {
  if (arguments.command == "contract") {
    auto broken = co_await brokenContract(store);
    if (!broken.empty()) co_return fail(Code::kWrongResult, "broken: " + broken);
    co_return std::string("contract: kept");
  }
  auto opened = co_await store.open("probe");
  if (!opened) co_return fail(opened.error());
  if (arguments.command == "race") co_return co_await race(store, arguments.name, arguments.count);
  if (arguments.command == "fill") co_return co_await fill(loop, store, arguments.name, arguments.count);
  co_return std::string("opened");
}

int run(const Arguments& arguments) {
  base::StderrLog log(base::Severity::kWarning);
  http::ProductionEnv production(log);
  auto store = makeCheckpointStore(production.env(), arguments.url, arguments.options);
  if (!store) return say(store.error());
  auto said = production.block(work(production.env().loop, **store, arguments));
  // On the lane that it lives on.
  production.onControlLane([&] { store->reset(); });
  if (!said) return said.error().code() == Code::kWrongResult ? (say(said.error()), 1) : say(said.error());
  std::printf("%s\n", said->c_str());
  return 0;
}

}  // namespace
}  // namespace tidemill::stream

int main(int size, char** words) {
  return tidemill::stream::run(tidemill::stream::parse(size, words));
}
