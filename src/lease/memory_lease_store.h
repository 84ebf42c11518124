// lease/memory_lease_store.h: a lease table in memory, for tests and simulation.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lease/lease_store.h"
#include "rt/env.h"

namespace tidemill::lease {

// The rows of one application and stream, which outlive the workers that use them. One thread.
struct MemoryLeaseTable {
  std::map<std::string, Lease> rows;
  // Why a row cannot be read, by key, for those of `rows` that somebody spoiled: it is listed so, get()
  // fails, and so does a write, which is applied.
  std::map<std::string, std::string> unreadable;
  std::optional<rt::WallTime> streamCreated;
  // Called, if set, at the moment when a checkpoint is moved: what a checker watches.
  std::function<void(const std::string& leaseKey, const Checkpoint& from, const Checkpoint& to)> onCheckpoint;
};

// One table for each application and stream. One thread.
class MemoryLeaseTables {
 public:
  // Never null; made when it is asked for first.
  std::shared_ptr<MemoryLeaseTable> at(const std::string& application, const std::string& stream) {
    auto& table = tables_[{application, stream}];
    if (table == nullptr) table = std::make_shared<MemoryLeaseTable>();
    return table;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::shared_ptr<MemoryLeaseTable>> tables_;
};

// Answers after a short wait on the loop. The fault points "lease.lost_request" and "lease.lost_response"
// make a call fail with kTimeout before or after the write was applied.
class MemoryLeaseStore final : public LeaseStore {
 public:
  MemoryLeaseStore(const rt::Env& env, std::string application, std::string stream,
                   std::shared_ptr<MemoryLeaseTable> table)
      : LeaseStore(std::move(application), std::move(stream)), env_(env), table_(std::move(table)) {}

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
  rt::Task<Result<void>> checkFleet() override;

 private:
  // The wait before the table is looked at; fails if the request got lost.
  rt::Task<Result<void>> reach();
  // The wait afterwards; fails if the response got lost.
  rt::Task<Result<void>> answer();
  Error conflict(const std::string& leaseKey, const std::string& reason) const;
  // Fails if the row is spoiled.
  Result<void> readable(const std::string& leaseKey) const;

  const rt::Env env_;
  const std::shared_ptr<MemoryLeaseTable> table_;
};

class MemoryLeaseStoreFactory final : public LeaseStoreFactory {
 public:
  MemoryLeaseStoreFactory(const rt::Env& env, std::shared_ptr<MemoryLeaseTables> tables)
      : env_(env), tables_(std::move(tables)) {}
  rt::Task<Result<std::unique_ptr<LeaseStore>>> open(const std::string& application,
                                                     const std::string& stream) override;

 private:
  const rt::Env env_;
  const std::shared_ptr<MemoryLeaseTables> tables_;
};

}  // namespace tidemill::lease
