// lease/sqlite_lease_store.h: lease rows in an embedded SQLite file, for one host.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lease/lease_store.h"
#include "lease/sqlite_database.h"
#include "rt/env.h"

namespace tidemill::lease {

// All calls run on the store thread. One file may hold several applications; a row belongs to one application
// and one stream.
class SqliteLeaseStore final : public LeaseStore {
 public:
  SqliteLeaseStore(const rt::Env& env, std::shared_ptr<SqliteDatabase> database, std::string application,
                   std::string stream);

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
  // May refuse, and says why.
  using LeaseChange = std::function<std::optional<std::string>(Lease&)>;
  rt::Task<Result<void>> change(std::string leaseKey, LeaseChange change);

  const rt::Env env_;
  const std::shared_ptr<SqliteDatabase> database_;
};

// Opens `directory`/leases.db; the folder must exist. kInvalidConfig for a database that is not ours, or that
// a newer tidemill made.
class SqliteLeaseStoreFactory final : public LeaseStoreFactory {
 public:
  SqliteLeaseStoreFactory(const rt::Env& env, std::string directory)
      : env_(env), directory_(std::move(directory)) {}
  rt::Task<Result<std::unique_ptr<LeaseStore>>> open(const std::string& application,
                                                     const std::string& stream) override;
  // The streams that the application has leases of, in order. kUnknownTable if there is no such file: then
  // none is made.
  rt::Task<Result<std::vector<std::string>>> streamsOf(const std::string& application);

 private:
  std::string path() const { return directory_ + "/leases.db"; }

  const rt::Env env_;
  const std::string directory_;
};

}  // namespace tidemill::lease
