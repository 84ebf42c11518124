#include "cli/kinesis_access.h"

#include <CLI/CLI.hpp>

#include "aws/credentials.h"
#include "aws/curl_options.h"
#include "aws/endpoint.h"

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
  const aws::Environment environment = aws::processEnvironment();
  aws::EndpointOptions where;
  if (!flags.endpoint.empty()) where.endpoint = flags.endpoint;
  if (!flags.region.empty()) where.region = flags.region;
  where.allowPlainHttp = flags.allowPlainHttp;
  auto endpoint = aws::resolveEndpoint("kinesis", where, environment);
  if (!endpoint) return fail(endpoint.error());
  auto credentials = aws::resolveCredentials(std::nullopt, environment);
  if (!credentials) return fail(credentials.error());
  kinesis::KinesisClientOptions options;
  options.aws.endpoint = *endpoint;
  options.aws.credentials = *credentials;
  const rt::Env& env = production.env();
  return std::make_unique<kinesis::KinesisClient>(env.loop, env.http, random, env.log, options);
}

}  // namespace tidemill::cli
