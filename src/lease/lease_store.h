// lease/lease_store.h: the seam to the lease table of one application and stream.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lease/lease.h"
#include "rt/task.h"
#include "tidemill/result.h"

namespace tidemill::lease {

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
  std::string name() const { return "application " + application_ + ", stream " + stream_; }
  std::string nameOf(const std::string& leaseKey) const { return name() + ", lease " + leaseKey; }

  // Notes when the stream was created, unless a time is noted already; gives the noted one. A stream that is
  // deleted and made again under its name has another time, and rows of the old one must not be used for it.
  virtual rt::Task<Result<rt::WallTime>> claimStream(rt::WallTime created) = 0;
  virtual rt::Task<Result<std::vector<Lease>>> list() = 0;
  // The row as it is now (a consistent read), or nothing.
  virtual rt::Task<Result<std::optional<Lease>>> get(const std::string& leaseKey) = 0;
  // True if the row was made, false if it existed: then it is left alone.
  virtual rt::Task<Result<bool>> create(const Lease& lease) = 0;
  // Makes `owner` the owner if the counter is still that of `seen`. Gives the row as written.
  virtual rt::Task<Result<Lease>> take(const Lease& seen, const std::string& owner) = 0;
  // Clears the owner if the counter is still that of `held`. Gives the row as written.
  virtual rt::Task<Result<Lease>> release(const Lease& held) = 0;
  // Moves the checkpoint if the counter is still that of `held`, never from SHARD_END to anything else. Gives
  // the row as written.
  virtual rt::Task<Result<Lease>> checkpoint(const Lease& held, const Checkpoint& to) = 0;
  // Writes the children if the row exists, and leaves its counter alone; kConflict if there is no row.
  virtual rt::Task<Result<void>> setChildren(const std::string& leaseKey,
                                             const std::set<std::string>& children) = 0;

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
