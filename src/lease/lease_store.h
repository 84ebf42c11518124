// lease/lease_store.h: the seam to the lease table of one application and stream.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lease/lease.h"
#include "lease/lease_write.h"
#include "rt/task.h"
#include "tidemill/result.h"

namespace tidemill::lease {

// A row that cannot be read as a lease, and why.
struct UnreadableRow {
  std::string leaseKey;
  std::string reason;
};

// Every row of the table.
struct LeaseListing {
  std::vector<Lease> leases;  // In key order.
  // Of no use to anybody until it is mended; left alone.
  std::vector<UnreadableRow> unreadable;
  // Keys of rows that serve another purpose (KCL 3.5 keeps its state beside the leases).
  std::vector<std::string> otherRows;
};

// Every write is conditional; a condition that does not hold is an ordinary answer (kConflict), not a
// failure. Other errors: kThrottled, kTimeout, kUnreachable, kServiceError (the write may or may not have
// been applied: get() settles it), kIo, kDiskFull. Arguments must stay valid until the task ends. Messages
// name the application, the stream and the lease key. Used from one lane.
class LeaseStore {
 public:
  LeaseStore(std::string application, std::string stream)
      : application_(std::move(application)), stream_(std::move(stream)) {}
  virtual ~LeaseStore() = default;

  const std::string& application() const { return application_; }
  const std::string& stream() const { return stream_; }
  // "application app, stream orders", and for a row ", lease shardId-…": how messages begin.
  std::string name() const {
    return "application " + application_ + (stream_.empty() ? "" : ", stream " + stream_);
  }
  std::string nameOf(const std::string& leaseKey) const { return name() + ", lease " + leaseKey; }

  // Notes when the stream was created, unless a time is noted already; gives the noted one. A stream that is
  // deleted and made again under its name has another time, and rows of the old one must not be used for it.
  virtual rt::Task<Result<rt::WallTime>> claimStream(rt::WallTime created) = 0;
  // Every row; may be a little old (an eventually consistent read), so it is a hint and no ground for a take.
  virtual rt::Task<Result<LeaseListing>> list() = 0;
  // The row as it is now (a consistent read), or nothing. kForeignTable for a row that is no lease.
  virtual rt::Task<Result<std::optional<Lease>>> get(const std::string& leaseKey) = 0;
  // True if the row was made, false if it existed: then it is left alone.
  virtual rt::Task<Result<bool>> create(const Lease& lease) = 0;
  // Gives the row as written; kConflict if refusalOf() the row has an answer or there is no row.
  virtual rt::Task<Result<Lease>> write(const LeaseWrite& write) = 0;
  // Writes the children if the row exists, and leaves its counter alone; kConflict if there is no row.
  virtual rt::Task<Result<void>> setChildren(const std::string& leaseKey,
                                             const std::set<std::string>& children) = 0;
  // The same for the range of hash keys: decimal, inclusive.
  virtual rt::Task<Result<void>> setHashRange(const std::string& leaseKey, const std::string& starting,
                                              const std::string& ending) = 0;
  // Asks the owner of `seen` to hand the lease over to `by`: sets wantedBy and leaves the counter alone, if
  // the owner is still the same; kConflict otherwise.
  virtual rt::Task<Result<void>> ask(const Lease& seen, const std::string& by) = 0;
  // Deletes the row if it is at SHARD_END and its counter is still that of `seen`; kConflict otherwise,
  // success if there is no row.
  virtual rt::Task<Result<void>> remove(const Lease& seen) = 0;
  // Whether this program may work in the application's fleet as it is now: kUnsupportedFleet if other workers
  // run in a mode that it does not know. Asked at the start and each minute.
  virtual rt::Task<Result<void>> checkFleet() = 0;

 private:
  const std::string application_;
  const std::string stream_;
};

// Opens the table of an application, creating it if need be. What it returns may outlive the factory's call,
// not the factory.
class LeaseStoreFactory {
 public:
  virtual ~LeaseStoreFactory() = default;
  virtual rt::Task<Result<std::unique_ptr<LeaseStore>>> open(const std::string& application,
                                                             const std::string& stream) = 0;
};

}  // namespace tidemill::lease
