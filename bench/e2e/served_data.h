// bench/e2e/served_data.h: a fake AWS in a process of its own, with a stream full of records.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "cli/fake_process.h"
#include "http/production_env.h"
#include "kinesis/kinesis_client.h"

namespace tidemill::bench {

inline constexpr char kRegion[] = "us-east-1";
inline constexpr char kKey[] = "test";  // The fake's key pair, which is public.
inline constexpr char kStream[] = "bench";
inline constexpr int kShards = 4;
inline constexpr std::int64_t kRecordBytes = 1000;

// The fake ends with this object.
class ServedData {
 public:
  explicit ServedData(base::LogSink& log) : production_(log), random_(1) {}

  // Starts the fake and puts `records` records of 1 kB.
  Result<void> fill(std::int64_t records);
  const std::string& endpoint() const { return fake_->endpoint(); }
  // Fresh iterators at TRIM_HORIZON, one for each shard.
  Result<std::vector<std::string>> iterators();

 private:
  Result<void> startFake();
  Result<void> createStream();
  std::string nextLine();

  http::ProductionEnv production_;
  base::Random random_;
  std::optional<cli::FakeProcess> fake_;
  std::unique_ptr<kinesis::KinesisClient> client_;
};

}  // namespace tidemill::bench
