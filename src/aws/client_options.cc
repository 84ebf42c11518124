#include "aws/client_options.h"

#include <utility>

#include "aws/credentials.h"

namespace tidemill::aws {

Result<AwsClientOptions> resolveClientOptions(std::string_view service, const EndpointOptions& where,
                                              const std::optional<AwsCredentials>& credentials,
                                              const Environment& environment) {
  auto endpoint = resolveEndpoint(service, where, environment);
  if (!endpoint) return fail(endpoint.error());
  auto resolved = resolveCredentials(credentials, environment);
  if (!resolved) return fail(resolved.error());
  AwsClientOptions options;
  options.endpoint = std::move(*endpoint);
  options.credentials = std::move(*resolved);
  return options;
}

}  // namespace tidemill::aws
