// tidemill/initial_position.h: where an application starts in shards that it has never read.
#pragma once

#include "tidemill/time.h"

namespace tidemill {

// Spark's and KCL's enumeration.
enum class InitialPositionInStream { LATEST, TRIM_HORIZON };

// Consulted only for shards without a lease row. Children of shards that the application reads always start
// at their first record.
class KinesisInitialPosition {
 public:
  enum class Kind { kLatest, kTrimHorizon, kAtTimestamp };

  // The tip of the stream when the lease row is made; kept in the row, so that a restart before the first
  // lease checkpoint misses nothing.
  static KinesisInitialPosition Latest() { return KinesisInitialPosition(Kind::kLatest, {}); }
  // The oldest record that the stream still holds.
  static KinesisInitialPosition TrimHorizon() { return KinesisInitialPosition(Kind::kTrimHorizon, {}); }
  // The first record that arrived at or after `timestamp` (server's clock).
  static KinesisInitialPosition AtTimestamp(Time timestamp) {
    return KinesisInitialPosition(Kind::kAtTimestamp, timestamp);
  }

  // NOLINTNEXTLINE(google-explicit-constructor): as in Spark.
  KinesisInitialPosition(InitialPositionInStream position)
      : kind_(position == InitialPositionInStream::LATEST ? Kind::kLatest : Kind::kTrimHorizon) {}

  Kind kind() const { return kind_; }
  Time timestamp() const { return timestamp_; }

  friend bool operator==(const KinesisInitialPosition&, const KinesisInitialPosition&) = default;

 private:
  KinesisInitialPosition(Kind kind, Time timestamp) : kind_(kind), timestamp_(timestamp) {}

  Kind kind_;
  Time timestamp_{};
};

}  // namespace tidemill
