#include "cli/lease_access.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "lease/sqlite_lease_store.h"

namespace tidemill::cli {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + base::quoteIfNeeded(name);
  return text;
}

// The one stream of the application that is meant.
Result<std::string> streamMeant(const std::vector<std::string>& streams, const LeaseTableFlags& flags,
                                MissingTable missing) {
  const std::string application = "application " + base::quoteIfNeeded(flags.application);
  if (!flags.stream.empty()) {
    const bool there = std::find(streams.begin(), streams.end(), flags.stream) != streams.end();
    if (there || missing == MissingTable::kMake) return flags.stream;
    return fail(Code::kUnknownTable,
                fmt::format("{} has no leases of stream {} in {}", application,
                            base::quoteIfNeeded(flags.stream), base::quoteIfNeeded(flags.state)),
                streams.empty() ? "check the application's name and --state"
                                : "it has leases of: " + listed(streams));
  }
  if (streams.size() == 1) return streams.front();
  if (streams.empty()) {
    return fail(Code::kUnknownTable,
                fmt::format("{} has no leases in {}", application, base::quoteIfNeeded(flags.state)),
                "check the application's name and --state; for leases in DynamoDB add --leases dynamodb");
  }
  return fail(Code::kUsage, fmt::format("{} has leases of {} streams", application, streams.size()),
              "name one with --stream: " + listed(streams));
}

Result<void> makeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return {};
  return fail(Code::kIo, fmt::format("state directory {}: {}", path, error.message()),
              "choose a folder that may be written, with --state");
}

Result<LeaseTable> openSqlite(http::ProductionEnv& production, const LeaseTableFlags& flags,
                              MissingTable missing) {
  auto factory = std::make_unique<lease::SqliteLeaseStoreFactory>(production.env(), flags.state);
  auto streams = production.block(factory->streamsOf(flags.application));
  if (!streams && missing == MissingTable::kMake && streams.error().code() == Code::kUnknownTable) {
    auto made = makeFolder(flags.state);
    if (!made) return fail(made.error());
    streams = std::vector<std::string>();
  }
  if (!streams) return fail(streams.error());
  auto stream = streamMeant(*streams, flags, missing);
  if (!stream) return fail(stream.error());
  auto store = production.block(factory->open(flags.application, *stream));
  if (!store) return fail(store.error());
  return LeaseTable{std::move(factory), std::move(*store), std::move(*stream)};
}

}  // namespace

void addLeaseStoreFlags(CLI::App& command, LeaseStoreFlags& flags) {
  command.add_option("--leases", flags.store, "Where leases are kept: sqlite, in the state folder")
      ->check(CLI::IsMember({"sqlite"}))
      ->capture_default_str();
}

Result<LeaseTable> openLeaseTable(http::ProductionEnv& production, const LeaseTableFlags& flags,
                                  MissingTable missing) {
  return openSqlite(production, flags, missing);
}

}  // namespace tidemill::cli
