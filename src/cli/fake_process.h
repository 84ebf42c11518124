// cli/fake_process.h: a fake AWS in a process of its own.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cli/child_process.h"
#include "http/production_env.h"
#include "kinesis/kinesis_api.h"
#include "kinesis/kinesis_client.h"
#include "tidemill/result.h"

namespace tidemill::cli {

// `tidemill fake` on a free port; ends with this object.
class FakeProcess {
 public:
  // `program` is the file of tidemill; `options` are more options of `tidemill fake`. Returns when it
  // listens. kIo if it does not.
  static Result<FakeProcess> start(const std::string& program, const std::vector<std::string>& options);

  const std::string& endpoint() const { return endpoint_; }
  // For a client of it: its region and its key pair, which is public.
  kinesis::KinesisClientOptions clientOptions() const;
  void stop();

 private:
  FakeProcess(ChildProcess process, std::string endpoint)
      : process_(std::move(process)), endpoint_(std::move(endpoint)) {}

  ChildProcess process_;
  std::string endpoint_;
};

// Waits until the stream is ACTIVE; kTimeout after a minute.
Result<void> awaitActive(http::ProductionEnv& production, kinesis::KinesisApi& api,
                         const std::string& stream);

}  // namespace tidemill::cli
