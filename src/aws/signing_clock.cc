#include "aws/signing_clock.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "http/http_date.h"

namespace tidemill::aws {
namespace {

using namespace std::chrono_literals;

// The service says that the time is wrong.
constexpr std::array<std::string_view, 3> kSkewNames = {"RequestTimeTooSkewed", "RequestExpired",
                                                        "RequestInTheFuture"};
// It may be the time, if the clocks differ by so much.
constexpr std::array<std::string_view, 3> kMaybeSkewNames = {"InvalidSignatureException",
                                                             "SignatureDoesNotMatch", "AuthFailure"};
// In milliseconds, as dates are: nanoseconds overflow after 292 years.
constexpr std::chrono::milliseconds kSuspiciousOffset = 4min;
// No clock of a machine that runs is so wrong; such a Date is nonsense.
constexpr std::chrono::milliseconds kAbsurdOffset = 366 * 24h;

bool farApart(std::chrono::milliseconds difference) {
  return difference >= kSuspiciousOffset || difference <= -kSuspiciousOffset;
}

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

rt::WallTime SigningClock::now() const {
  const rt::WallTime local = loop_.wall();
  const rt::WallTime server = serverNow();
  return complained_ || farApart(server - local) ? server : local;
}

void SigningClock::observe(const http::Response& answer) {
  const auto date = http::parseHttpDate(answer.header("date"));
  if (!date) return;
  const std::chrono::milliseconds ahead = *date - loop_.wall();
  if (!clock_.at(loop_.now()) && (ahead > kAbsurdOffset || ahead < -kAbsurdOffset)) return;
  clock_.observe(*date, loop_.now());
}

bool SigningClock::learn(const ServiceFailure& failure, const http::Response& answer, rt::WallTime expected,
                         std::string_view host) {
  const auto date = http::parseHttpDate(answer.header("date"));
  if (!date) return false;
  const bool suspicious = farApart(*date - expected);
  const bool skewed = among(kSkewNames, failure.name) || (among(kMaybeSkewNames, failure.name) && suspicious);
  if (!skewed) return false;
  complained_ = true;
  clock_.set(*date, loop_.now());
  log_.warning("aws_clock_offset_learned",
               {{"host", host},
                {"error", failure.name},
                {"offset_ms", std::chrono::duration_cast<std::chrono::milliseconds>(offset()).count()}});
  return true;
}

}  // namespace tidemill::aws
