// lease/memory_dynamo.h: for tests: DynamoDB in memory, as far as leases use it.
#pragma once

#include <map>
#include <string>

#include "dynamo/dynamo_api.h"
#include "rt/loop.h"

namespace tidemill::lease {

// Tables of one partition key. Knows the expressions that lease_update.h writes: =, <>, attribute_exists,
// attribute_not_exists, AND, OR, parentheses; SET to a value and REMOVE. Anything else, and a placeholder
// that is not bound or not used, is kInvalidArgument as with the service. One thread.
class MemoryDynamo final : public dynamo::DynamoApi {
 public:
  struct Table {
    dynamo::TableDescription description;
    std::map<std::string, dynamo::Item> rows;
  };

  explicit MemoryDynamo(rt::Loop& loop) : loop_(loop) {}

  rt::Task<Result<dynamo::TableDescription>> createTable(const dynamo::CreateTableRequest& request) override;
  rt::Task<Result<dynamo::TableDescription>> describeTable(const std::string& table) override;
  rt::Task<Result<std::optional<dynamo::Item>>> getItem(const dynamo::GetItemRequest& request) override;
  rt::Task<Result<dynamo::WriteOutcome>> putNewItem(const dynamo::PutNewItemRequest& request) override;
  rt::Task<Result<dynamo::WriteOutcome>> updateItem(const dynamo::UpdateItemRequest& request) override;
  rt::Task<Result<dynamo::WriteOutcome>> deleteItem(const dynamo::DeleteItemRequest& request) override;
  rt::Task<Result<dynamo::ScanPage>> scanPage(const dynamo::ScanRequest& request) override;

  // Makes a table that is ACTIVE at once.
  Table& make(const std::string& name, const std::string& key = "leaseKey");
  // A row of a table, of any content.
  void put(const std::string& table, dynamo::Item item);

  std::map<std::string, Table> tables;
  // How often a new table is described as CREATING.
  int creatingTurns = 2;
  // What calls of these tables fail with.
  std::map<std::string, Error> refusals;
  // What the next write fails with, after it was applied.
  std::optional<Error> lostAnswer;
  // False: as emulators that do not give the item that stood in the way.
  bool tellsItems = true;
  // The last one sent.
  dynamo::UpdateItemRequest lastUpdate;
  std::map<std::string, int> calls;  // By operation.

 private:
  Result<Table*> reach(const std::string& operation, const std::string& name);
  Result<dynamo::WriteOutcome> answer(dynamo::WriteOutcome outcome);

  rt::Loop& loop_;
};

}  // namespace tidemill::lease
