// consume/outcome_plan.h: what follows a call of a handler.
#pragma once

#include <optional>
#include <string>

#include "rt/time.h"
#include "tidemill/consumer_options.h"
#include "tidemill/shard_handler.h"

namespace tidemill::consume {

// How a call ended: what it returned, or that it threw.
struct CallEnd {
  std::optional<Outcome> outcome;  // Nothing: it threw, or gave an answer that makes no sense here.
  // Why, if nothing or not ok; safe for the log.
  std::string reason;
};

struct OutcomePolicy {
  int exceptionRetriesMax = 10;
  int retryAfterMax = 0;  // 0: no limit.
  AfterRetries afterRetries = AfterRetries::kStopShard;
};

// Ends in a row without success, of the same call.
struct FailureCounts {
  int exceptions = 0;
  int retries = 0;  // Asked for by the handler.
};

struct OutcomeStep {
  enum class Kind {
    kDone,            // The records are processed.
    kAgain,           // After `wait`.
    kAgainBackedOff,  // After a drawn wait.
    kAgainWhenPrepared,
    kDeadLetter,  // Those that the outcome names.
    kDeadLetterAll,
    kStopShard,
    kFatal,
  };
  Kind kind = Kind::kDone;
  rt::Duration wait{};
  FailureCounts counts{};

  bool again() const {
    return kind == Kind::kAgain || kind == Kind::kAgainBackedOff || kind == Kind::kAgainWhenPrepared;
  }
};

// `before`: the ends in a row before this one. Pure.
OutcomeStep stepAfter(const CallEnd& end, const FailureCounts& before, const OutcomePolicy& policy);

}  // namespace tidemill::consume
