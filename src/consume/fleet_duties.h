// consume/fleet_duties.h: what one worker of a fleet does for all: audit of hash ranges, cleanup of rows.
#pragma once

#include <string>
#include <vector>

#include "consume/lease_book.h"
#include "consume/stream_view.h"
#include "kinesis/kinesis_api.h"
#include "lease/cleanup_plan.h"
#include "lease/shard_audit.h"
#include "rt/env.h"
#include "rt/task.h"

namespace tidemill::consume {

// The leader's work after each look at the stream (kcl.md 2.10 and 2.12); harmless if two workers do it at
// once, since every write is conditional. Lives on the control lane, beside its book.
class FleetDuties {
 public:
  // References outlive this object.
  FleetDuties(const rt::Env& env, kinesis::KinesisApi& api, LeaseBook& book, std::string stream,
              lease::CleanupOptions cleanup);

  // One pass with what the service says now. Missing rows were made before. Errors: those of the store.
  rt::Task<Result<void>> work(const StreamView& view);
  // Another worker leads.
  void rest() { auditor_.reset(); }

 private:
  rt::Task<Result<void>> audit(const StreamView& view);
  rt::Task<Result<void>> removeCompleted(const StreamView& view);
  rt::Task<Result<void>> removeGarbage(const StreamView& view);
  rt::Task<Result<void>> remove(std::vector<lease::CleanupStep> steps);

  const rt::Env env_;
  kinesis::KinesisApi& api_;
  LeaseBook& book_;
  const std::string stream_;
  const bool cleans_;
  lease::ShardAuditor auditor_;
  lease::CleanupClock clock_;
};

}  // namespace tidemill::consume
