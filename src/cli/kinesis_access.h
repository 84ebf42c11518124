// cli/kinesis_access.h: the options that say which Kinesis a command talks to.
#pragma once

#include <memory>
#include <string>

#include "http/production_env.h"
#include "kinesis/kinesis_client.h"
#include "tidemill/result.h"

namespace CLI {
class App;
}

namespace tidemill::cli {

struct KinesisFlags {
  std::string endpoint;  // Empty: environment, then the region's own.
  std::string region;    // Empty: environment.
  // Plain http to hosts other than this one.
  bool allowPlainHttp = false;
};

// Adds --endpoint, --region and --allow-plain-http.
void addKinesisFlags(CLI::App& command, KinesisFlags& flags);

// Of an environment that talks to it: AWS_CA_BUNDLE is read.
http::ProductionOptions productionOptions();

// A client on the control lane of `production`, which outlives it. Errors: kInvalidConfig, kNoCredentials.
Result<std::unique_ptr<kinesis::KinesisClient>> openKinesis(const http::ProductionEnv& production,
                                                            base::Random& random, const KinesisFlags& flags);

}  // namespace tidemill::cli
