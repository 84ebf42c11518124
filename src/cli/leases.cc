#include "cli/leases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/lease_observation.h"
#include "cli/lease_report.h"
#include "cli/stream_survey.h"
#include "lease/settled_write.h"

namespace tidemill::cli {
namespace {

// What could not be found out is missing in the result, and told once.
std::map<std::string, std::int64_t> lagsOf(http::ProductionEnv& production, const LeasesFlags& flags,
                                           const std::string& stream,
                                           const std::vector<lease::Lease>& leases) {
  if (!flags.table.mayAskKinesis() || stream.empty()) return {};
  base::Random random(base::randomSeed());
  auto client = openKinesis(production, random, flags.table.kinesis);
  if (!client) {
    printWarning(codeName(client.error().code()), client.error().message() + "; the lag is not known");
    return {};
  }
  auto lags = production.block(surveyLags(production.env().loop, **client, stream, leases));
  if (lags.firstFailure) {
    printWarning(codeName(lags.firstFailure->code()),
                 lags.firstFailure->message() + "; the lag is not known");
  }
  return std::move(lags.milliseconds);
}

Result<LeaseReport> reportOf(http::ProductionEnv& production, const LeasesFlags& flags) {
  auto table = openLeaseTable(production, flags.table, MissingTable::kRefuse);
  if (!table) return fail(table.error());
  ObserveOptions options;
  options.patience = patienceOf(flags, kGlance);
  auto observation = production.block(observeLeases(production.env().loop, *table->store, options));
  if (!observation) return fail(observation.error());
  auto lags = lagsOf(production, flags, table->stream, observation->listing().leases);
  return LeaseReport{flags.table.application, table->stream, std::move(*observation), std::move(lags)};
}

Result<lease::Lease> leaseNamed(const LeaseObservation& observation, const std::string& leaseKey) {
  const auto& leases = observation.listing().leases;
  const auto found = std::find_if(leases.begin(), leases.end(),
                                  [&](const lease::Lease& lease) { return lease.leaseKey == leaseKey; });
  if (found != leases.end()) return *found;
  return fail(Code::kUsage, "there is no lease " + base::quoteIfNeeded(leaseKey),
              "`tidemill leases APP` lists them");
}

// Whether it had an owner.
Result<bool> release(http::ProductionEnv& production, const LeasesFlags& flags, const std::string& leaseKey) {
  auto table = openLeaseTable(production, flags.table, MissingTable::kRefuse);
  if (!table) return fail(table.error());
  ObserveOptions options;
  options.patience = patienceOf(flags, kVigil);
  options.only = leaseKey;
  options.untilOneLives = true;
  auto observation = production.block(observeLeases(production.env().loop, *table->store, options));
  if (!observation) return fail(observation.error());
  auto lease = leaseNamed(*observation, leaseKey);
  if (!lease) return fail(lease.error());
  if (lease->leaseOwner.empty()) return false;
  auto refused = refuseWhileAlive(*observation, options.only, "released");
  if (!refused) return fail(refused.error());
  base::Random random(base::randomSeed());
  const rt::Env& env = production.env();
  const lease::SettleContext context{env.loop, *table->store, random};
  auto written = production.block(lease::writeSettled(context, lease::releasing(*lease)));
  if (!written && written.error().code() == Code::kConflict) {
    return fail(Code::kLeaseInUse, written.error().message(),
                "a worker has it now: nothing need be done, or stop it first");
  }
  if (!written) return fail(written.error());
  env.log.info("lease_released", {{"application", flags.table.application},
                                  {"lease", leaseKey},
                                  {"from", lease->leaseOwner},
                                  {"by", "operator"}});
  return true;
}

}  // namespace

std::chrono::milliseconds patienceOf(const LeasesFlags& flags, std::chrono::milliseconds usual) {
  return flags.observeMilliseconds ? std::chrono::milliseconds(*flags.observeMilliseconds) : usual;
}

int listLeases(const LeasesFlags& flags) {
  base::StderrLog log;
  http::ProductionEnv production(log, productionOptions());
  auto report = reportOf(production, flags);
  if (!report) return printError(report.error());
  Output(flags.json).document(leaseTable(*report), leaseDocument(*report));
  return 0;
}

int releaseLease(const LeasesFlags& flags, const std::string& leaseKey) {
  base::StderrLog log;
  http::ProductionEnv production(log, productionOptions());
  auto released = release(production, flags, leaseKey);
  if (!released) return printError(released.error());
  Output(flags.json).report({{"lease", leaseKey}, {"released", *released ? "yes" : "no owner"}});
  return 0;
}

}  // namespace tidemill::cli
