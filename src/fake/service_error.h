// fake/service_error.h: the errors that a fake service answers with, as AWS names them.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "codec/body.h"

namespace tidemill::fake {

// An error answer. These are not tidemill::Error: they belong to the protocol, and a client sees only them.
struct ServiceError {
  // What stands in `__type`, e.g. "ResourceNotFoundException".
  std::string type;
  // Left out of the answer when empty, as AWS does for UnknownOperationException.
  std::string message;
  int status = 400;
  // Errors about JSON types carry `Message`, all others `message`.
  bool capitalMessage = false;
  // Instead of the above, when the error has more to say: the whole body of the answer.
  std::shared_ptr<const codec::Body> body = nullptr;
};

template <class T>
using Outcome = tl::expected<T, ServiceError>;

inline tl::unexpected<ServiceError> refuse(std::string type, std::string message = {}, int status = 400) {
  return tl::unexpected<ServiceError>(
      ServiceError{std::move(type), std::move(message), status, false, nullptr});
}

inline tl::unexpected<ServiceError> refuse(ServiceError error) {
  return tl::unexpected<ServiceError>(std::move(error));
}

inline tl::unexpected<ServiceError> invalidArgument(std::string message) {
  return refuse("InvalidArgumentException", std::move(message));
}

inline tl::unexpected<ServiceError> notFound(std::string message) {
  return refuse("ResourceNotFoundException", std::move(message));
}

// The answer of a service that broke: status 500 without a text.
inline tl::unexpected<ServiceError> internalFailure() {
  return refuse("InternalFailure", {}, 500);
}

// What a request with DryRun gets when it would have succeeded.
inline tl::unexpected<ServiceError> dryRun() {
  return refuse("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.");
}

}  // namespace tidemill::fake
