// rt/env.h: everything outside the program, handed to constructors as their first argument.
#pragma once

#include <map>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "rt/faults.h"
#include "rt/file_system.h"
#include "rt/loop.h"
#include "rt/worker_pool.h"

namespace tidemill::http {
class HttpTransport;
}

namespace tidemill::rt {

// What other systems keep in statics ("the one active context"): one registry per node, many nodes per
// simulated process. Belongs to the control lane.
class Registry {
 public:
  // Null if nothing is kept under `name`.
  void* find(const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second;
  }
  void put(const std::string& name, void* value) { entries_[name] = value; }
  void erase(const std::string& name) { entries_.erase(name); }

 private:
  std::map<std::string, void*> entries_;
};

// References to the seams of one node, as its control lane sees them. Production and simulation differ only
// in who builds this. Everything referred to outlives whoever holds an Env.
struct Env {
  // The control lane: leases, batch ticks, block registry.
  Loop& loop;
  http::HttpTransport& http;
  // The fetch lane: reading, decoding, building blocks. In simulation the same loop and transport.
  Loop& fetchLoop;
  http::HttpTransport& fetchHttp;
  // Tasks of batches.
  WorkerPool& workers;
  // Bodies of output operations: one thread per concurrent job.
  WorkerPool& jobs;
  // SQLite, fsync and other blocking file calls: one thread.
  WorkerPool& store;
  // Blocking calls that may hang, such as those on a network mount: copies of blocks elsewhere, folders of
  // text, receivers of the program. One that hangs must hold up nothing else, so there are several threads.
  WorkerPool& replicas;
  FileSystem& files;
  base::Random& random;
  base::LogSink& log;
  Faults& faults;
  Registry& registry;
};

}  // namespace tidemill::rt
