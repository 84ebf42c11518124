// cli/lease_access.h: the options that say where lease tables are, and the one place that opens them.
#pragma once

#include <memory>
#include <string>

#include "cli/kinesis_access.h"
#include "dynamo/dynamo_client.h"
#include "http/production_env.h"
#include "lease/lease_store.h"
#include "tidemill/conf.h"
#include "tidemill/result.h"

namespace CLI {
class App;
}

namespace tidemill::cli {

// Of every command that works with leases.
struct LeaseStoreFlags {
  std::string store;             // "sqlite" or "dynamodb"; empty: not said.
  std::string dynamodbEndpoint;  // Empty: that of Kinesis, if there is one.

  bool dynamodb() const { return store == "dynamodb"; }
};
// Adds --leases and --dynamodb-endpoint.
void addLeaseStoreFlags(CLI::App& command, LeaseStoreFlags& flags);
// Says it to a program, unless a setting has.
void applyLeaseStoreFlags(Conf& conf, const LeaseStoreFlags& flags, const std::string& endpoint,
                          const std::string& region);

// Which table of which store.
struct LeaseTableFlags {
  std::string application;
  LeaseStoreFlags where;
  // The folder of leases.db.
  std::string state = "tidemill-state";
  // Empty: not said. SQLite's file keeps streams apart, and knows the one if there is only one.
  std::string stream;
  KinesisFlags kinesis;

  // Kinesis is asked about the stream only if somebody has said where or what it is: the table alone must do
  // for a look at it.
  bool mayAskKinesis() const { return !stream.empty() || !kinesis.endpoint.empty(); }
};

enum class MissingTable { kRefuse, kMake };

// An open table. Nothing has been written to it by opening it, unless it was made.
struct LeaseTable {
  std::unique_ptr<dynamo::DynamoClient> client;  // Null: leases are in SQLite.
  std::unique_ptr<lease::LeaseStoreFactory> factory;
  std::unique_ptr<lease::LeaseStore> store;
  std::string stream;  // Empty: not known.
};

// kUnknownTable if there is no such table and none is to be made; kUsage if it holds several streams and none
// was named; kForeignTable, kInvalidConfig, kIo and what the store says. `production` outlives the table.
Result<LeaseTable> openLeaseTable(http::ProductionEnv& production, const LeaseTableFlags& flags,
                                  MissingTable missing);

}  // namespace tidemill::cli
