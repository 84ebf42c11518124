#include "cli/lease_access.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/text.h"
#include "lease/dynamo_lease_store.h"
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
  return LeaseTable{nullptr, std::move(factory), std::move(*store), std::move(*stream)};
}

Error whereToLook(const Error& error) {
  if (error.code() != Code::kUnknownTable) return error;
  return error.hinting("check the application's name, --region and --dynamodb-endpoint");
}

// The stream that rows of ours name, if it is one; rows of Java workers name none.
Result<std::string> notedStream(http::ProductionEnv& production, lease::DynamoLeaseStoreFactory& factory,
                                const std::string& application) {
  auto streams = production.block(factory.streamsOf(application));
  if (!streams) return fail(streams.error());
  return streams->size() == 1 ? *streams->begin() : std::string();
}

Result<LeaseTable> openDynamo(http::ProductionEnv& production, const LeaseTableFlags& flags,
                              MissingTable missing) {
  aws::EndpointOptions where;
  const std::string& endpoint =
      flags.where.dynamodbEndpoint.empty() ? flags.kinesis.endpoint : flags.where.dynamodbEndpoint;
  if (!endpoint.empty()) where.endpoint = endpoint;
  if (!flags.kinesis.region.empty()) where.region = flags.kinesis.region;
  where.allowPlainHttp = flags.kinesis.allowPlainHttp;
  auto options = dynamo::resolveDynamoOptions(where, std::nullopt, aws::processEnvironment());
  if (!options) return fail(options.error());
  const rt::Env& env = production.env();
  auto client =
      std::make_unique<dynamo::DynamoClient>(env.loop, env.http, env.random, env.log, std::move(*options));
  lease::DynamoLeaseStoreOptions table;
  table.makeTable = missing == MissingTable::kMake;
  auto factory = std::make_unique<lease::DynamoLeaseStoreFactory>(env, *client, table);
  auto store = production.block(factory->open(flags.application, flags.stream));
  if (!store) return fail(whereToLook(store.error()));
  Result<std::string> stream = flags.stream;
  if (stream->empty()) stream = notedStream(production, *factory, flags.application);
  if (!stream) return fail(stream.error());
  return LeaseTable{std::move(client), std::move(factory), std::move(*store), std::move(*stream)};
}

}  // namespace

void addLeaseStoreFlags(CLI::App& command, LeaseStoreFlags& flags) {
  command
      .add_option("--leases", flags.store,
                  "Where leases are kept: sqlite (in the state folder; the default) or dynamodb")
      ->check(CLI::IsMember({"sqlite", "dynamodb"}));
  command.add_option("--dynamodb-endpoint", flags.dynamodbEndpoint,
                     "Url of DynamoDB; else --endpoint, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL or the "
                     "region's own");
}

void applyLeaseStoreFlags(Conf& conf, const LeaseStoreFlags& flags, const std::string& endpoint,
                          const std::string& region) {
  const auto apply = [&conf](const std::string& key, const std::string& value) {
    if (!value.empty() && conf.getText(key).empty()) conf.set(key, value, "command line");
  };
  if (!flags.store.empty()) conf.set("tidemill.leases.store", flags.store, "--leases");
  if (!flags.dynamodbEndpoint.empty()) {
    conf.set("tidemill.dynamodb.endpoint", flags.dynamodbEndpoint, "--dynamodb-endpoint");
  }
  apply("tidemill.dynamodb.endpoint", endpoint);
  apply("tidemill.dynamodb.region", region);
}

Result<LeaseTable> openLeaseTable(http::ProductionEnv& production, const LeaseTableFlags& flags,
                                  MissingTable missing) {
  return flags.where.dynamodb() ? openDynamo(production, flags, missing)
                                : openSqlite(production, flags, missing);
}

}  // namespace tidemill::cli
