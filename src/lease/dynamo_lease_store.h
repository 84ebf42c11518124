// lease/dynamo_lease_store.h: lease rows in DynamoDB, shared with workers of the Kinesis Client Library.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dynamo/dynamo_api.h"
#include "lease/fleet_state.h"
#include "lease/lease_row.h"
#include "lease/lease_store.h"
#include "lease/lease_update.h"
#include "rt/env.h"

namespace tidemill::lease {

// The table has the application's name and one partition key, `leaseKey`. Rows are KCL's; what only we know
// stands in attributes of ours, which every version of KCL leaves alone. There are no rows of our own: older
// versions of KCL fail on them.
//
// When the stream was created is noted on the rows themselves: on each that we make or take, and by
// claimStream() on the first one, if no row has a note and some row exists. A table without rows has nothing
// to protect; a time claimed for it is kept until rows are made. claimStream() gives a noted time that
// differs from the one claimed if any row has one. Of a stream that was made again before
// one of us had seen its table, nothing can be told. The stream's name is noted with it, and a row that was
// noted for another stream, or that belongs to a fleet of several streams, makes every reading fail with
// kForeignTable.
//
// kUnknownTable from any call: the table was deleted while it was in use. Lives on the control lane.
class DynamoLeaseStore final : public LeaseStore {
 public:
  // An empty `stream` is an unknown one: for looking at a table. Both references must outlive this object.
  DynamoLeaseStore(const rt::Env& env, dynamo::DynamoApi& api, std::string application, std::string stream);

  rt::Task<Result<rt::WallTime>> claimStream(rt::WallTime created) override;
  rt::Task<Result<LeaseListing>> list() override;
  rt::Task<Result<std::optional<Lease>>> get(const std::string& leaseKey) override;
  rt::Task<Result<bool>> create(const Lease& lease) override;
  rt::Task<Result<Lease>> write(const LeaseWrite& write) override;
  rt::Task<Result<void>> setChildren(const std::string& leaseKey,
                                     const std::set<std::string>& children) override;
  rt::Task<Result<void>> setHashRange(const std::string& leaseKey, const std::string& starting,
                                      const std::string& ending) override;
  rt::Task<Result<void>> ask(const Lease& seen, const std::string& by) override;
  rt::Task<Result<void>> remove(const Lease& seen) override;
  // Reads the fleet's state, in up to six calls. A state table that is missing is normal; one that may not be
  // read is passed over and logged once.
  rt::Task<Result<void>> checkFleet() override;

 private:
  // What a scan of the whole table found.
  struct Rows {
    std::vector<LeaseRow> leases;  // In key order.
    std::vector<UnreadableRow> unreadable;
    std::vector<std::string> otherRows;
    std::optional<rt::WallTime> lastMetrics;
  };
  friend class DynamoLeaseStoreFactory;

  rt::Task<Result<Rows>> scan(bool consistent);
  // Sends an update whose refusal is kConflict.
  rt::Task<Result<Lease>> update(dynamo::UpdateItemRequest request, std::string leaseKey,
                                 std::optional<LeaseWrite> write);
  rt::Task<Result<void>> change(dynamo::UpdateItemRequest request, std::string leaseKey);
  rt::Task<Result<std::optional<dynamo::Item>>> stateItem(std::string table, std::string keyName,
                                                          const char* key);
  rt::Task<Result<FleetItems>> stateItems(std::string table, std::string keyName);
  rt::Task<Result<std::optional<rt::WallTime>>> metricsTimeOf(std::string table);
  void passOver(const std::string& table, const Error& error);

  std::optional<Error> foreignRow(const LeaseRow& row) const;
  Error conflict(const std::string& leaseKey, const std::string& reason) const;
  Error failure(const Error& error, const std::string& context) const;
  StreamNote note() const { return {stream(), claimed_}; }

  const rt::Env env_;
  dynamo::DynamoApi& api_;
  const std::string table_;
  std::optional<rt::WallTime> claimed_;
  // Of the last scan.
  bool handoffSeen_ = false;
  std::optional<rt::WallTime> lastMetrics_;
  std::set<std::string> passedOver_;  // Tables that may not be read, and about which that was logged.
};

struct DynamoLeaseStoreOptions {
  // False: a table that does not exist is kUnknownTable, and nothing is made.
  bool makeTable = true;
  // The table is made with so much capacity; nothing: billed on demand.
  std::optional<dynamo::Throughput> provisioned;
};

// Opens the table named as the application, makes it if there is none (event lease_table_created), and waits
// up to 10 minutes for it to be ACTIVE (kTimeout). kForeignTable for a table with another key, one that holds
// something but no lease, and one whose rows belong to another stream or to a fleet of several.
// kInvalidConfig for a name that no table can have.
class DynamoLeaseStoreFactory final : public LeaseStoreFactory {
 public:
  // `api` must outlive this object.
  DynamoLeaseStoreFactory(const rt::Env& env, dynamo::DynamoApi& api, DynamoLeaseStoreOptions options = {})
      : env_(env), api_(api), options_(options) {}
  rt::Task<Result<std::unique_ptr<LeaseStore>>> open(const std::string& application,
                                                     const std::string& stream) override;
  // The streams that rows of the application are noted for: none if only Java workers have written them.
  // kUnknownTable.
  rt::Task<Result<std::set<std::string>>> streamsOf(const std::string& application);

 private:
  const rt::Env env_;
  dynamo::DynamoApi& api_;
  const DynamoLeaseStoreOptions options_;
};

}  // namespace tidemill::lease
