#include "cli/kinesis_access.h"

#include <CLI/CLI.hpp>

#include <utility>

#include "aws/client_options.h"
#include "aws/curl_options.h"

namespace tidemill::cli {

void addKinesisFlags(CLI::App& command, KinesisFlags& flags) {
  command.add_option("--endpoint", flags.endpoint,
                     "Url of Kinesis; else AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL or the region's own");
  command.add_option("--region", flags.region, "Region; else AWS_REGION or AWS_DEFAULT_REGION");
  command.add_flag(
      "--allow-plain-http", flags.allowPlainHttp,
      "Allows an endpoint of http:// that is not on this machine; everybody on the way can read the "
      "records");
}

http::ProductionOptions productionOptions() {
  http::ProductionOptions options;
  options.curl = aws::curlOptionsFrom(aws::processEnvironment());
  return options;
}

Result<std::unique_ptr<kinesis::KinesisClient>> openKinesis(const http::ProductionEnv& production,
                                                            base::Random& random, const KinesisFlags& flags) {
  aws::EndpointOptions where;
  if (!flags.endpoint.empty()) where.endpoint = flags.endpoint;
  if (!flags.region.empty()) where.region = flags.region;
  where.allowPlainHttp = flags.allowPlainHttp;
  auto access = aws::resolveClientOptions("kinesis", where, std::nullopt, aws::processEnvironment());
  if (!access) return fail(access.error());
  kinesis::KinesisClientOptions options;
  options.aws = std::move(*access);
  const rt::Env& env = production.env();
  return std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random, env.log, options);
}

}  // namespace tidemill::cli
