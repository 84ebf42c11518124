#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/lease_observation.h"
#include "cli/leases.h"
#include "cli/rewind_plan.h"
#include "kinesis/shard_graph.h"
#include "lease/settled_write.h"

namespace tidemill::cli {
namespace {

using lease::Checkpoint;

// For counting what repeats, over all leases.
constexpr rt::Duration kCountingMax = std::chrono::seconds(60);

// The rewind of one run of the program.
class Rewind {
 public:
  Rewind(const LeasesFlags& flags, RewindFlags rewind, RewindTarget target)
      : flags_(flags),
        rewind_(std::move(rewind)),
        target_(std::move(target)),
        production_(log_, productionOptions()) {}

  Result<void> prepare() {
    auto table = openLeaseTable(production_, flags_.table, MissingTable::kRefuse);
    if (!table) return fail(table.error());
    table_ = std::move(*table);
    auto done = openStream();
    if (done) done = look();
    if (done) done = makePlan();
    return done;
  }

  const RewindPlan& plan() const { return plan_; }
  std::size_t rewound() const { return rewound_; }

  // Writes what the plan says. kLeaseInUse if somebody has written a row since it was looked at.
  Result<void> write() {
    const rt::Env& env = production_.env();
    const lease::SettleContext context{env.loop, *table_.store, random_};
    for (const RewindStep& step : plan_.steps) {
      if (!step.moves()) continue;
      auto written = production_.block(lease::writeSettled(context, lease::rewinding(step.lease, step.to)));
      if (!written) return fail(refused(written.error()));
      ++rewound_;
      log_.warning("lease_rewound", {{"application", flags_.table.application},
                                     {"lease", step.lease.leaseKey},
                                     {"from", step.lease.checkpoint.text()},
                                     {"to", step.to.text()},
                                     {"by", "operator"}});
    }
    return {};
  }

 private:
  std::optional<std::string> only() const {
    return rewind_.shard.empty() ? std::nullopt : std::optional(rewind_.shard);
  }

  // The stream is needed to find a time; else it only makes the plan richer.
  Result<void> openStream() {
    const bool needed = target_.kind == RewindTarget::Kind::kTime;
    if (needed && target_.time > production_.env().loop.wall()) {
      return fail(Code::kUsage, "--to " + base::quoteIfNeeded(rewind_.to) + " is a time to come",
                  "name the time from which records are to come again");
    }
    if (table_.stream.empty() && needed) {
      return fail(Code::kUsage, "a time is looked up in the stream, whose name is not known",
                  "add --stream, and --endpoint and --region if need be");
    }
    if (table_.stream.empty() || !(needed || flags_.table.mayAskKinesis())) return {};
    auto client = openKinesis(production_, random_, flags_.table.kinesis);
    if (!client) return needed ? fail(client.error()) : doWithout(client.error());
    auto shards = production_.block(kinesis::listAllShards(**client, table_.stream));
    if (!shards) return needed ? fail(shards.error()) : doWithout(shards.error());
    client_ = std::move(*client);
    for (const kinesis::Shard& shard : *shards) shards_.insert(shard.shardId);
    return {};
  }
  static Result<void> doWithout(const Error& error) {
    printWarning(codeName(error.code()), error.message() + "; what will repeat is not known");
    return {};
  }

  // Owners are watched only before something is written: a plan may be made at any time.
  Result<void> look() {
    ObserveOptions options;
    options.patience = rewind_.yes ? patienceOf(flags_, kVigil) : std::chrono::milliseconds(0);
    options.only = only();
    options.untilOneLives = true;
    auto observation = production_.block(observeLeases(production_.env().loop, *table_.store, options));
    if (!observation) return fail(observation.error());
    leases_ = observation->listing().leases;
    if (!rewind_.shard.empty()) {
      std::erase_if(leases_, [this](const lease::Lease& lease) { return lease.leaseKey != rewind_.shard; });
      if (leases_.empty()) {
        return fail(Code::kUsage, "there is no lease " + base::quoteIfNeeded(rewind_.shard),
                    "`tidemill leases APP` lists them");
      }
    }
    return rewind_.yes ? refuseWhileAlive(*observation, only(), "rewound") : Result<void>();
  }

  Result<void> makePlan() {
    plan_.application = flags_.table.application;
    plan_.target = rewind_.to;
    std::set<std::string> leased;
    for (const lease::Lease& lease : leases_) {
      leased.insert(shardOf(lease));
      auto step = stepOf(lease);
      if (!step) return fail(step.error().within("lease " + base::quoteIfNeeded(lease.leaseKey)));
      plan_.steps.push_back(std::move(*step));
    }
    if (!rewind_.shard.empty()) return {};
    std::set_difference(shards_.begin(), shards_.end(), leased.begin(), leased.end(),
                        std::back_inserter(plan_.withoutLease));
    return {};
  }

  Result<RewindStep> stepOf(const lease::Lease& lease) {
    if (client_ && !shards_.contains(shardOf(lease)))
      return RewindStep{lease, lease.checkpoint, "the stream no longer has this shard", std::nullopt};
    auto to = checkpointOf(lease);
    if (!to) return fail(to.error());
    const bool timed = target_.kind == RewindTarget::Kind::kTime;
    RewindStep step = rewindStep(lease, *to, timed ? std::optional(target_.time) : std::nullopt);
    if (target_.kind == RewindTarget::Kind::kSequenceNumber && !step.moves() && step.to != lease.checkpoint) {
      return fail(Code::kUsage,
                  fmt::format("its checkpoint is {}; going on after {} would skip records",
                              lease.checkpoint.text(), step.to.text()),
                  "name an earlier sequence number");
    }
    const bool measurable = lease.checkpoint.isSequenceNumber() || lease.checkpoint.isShardEnd();
    if (!client_ || !step.moves() || !measurable || countedEnough()) return step;
    auto repeats = production_.block(surveyRepeats(surveyed(lease), step.to, lease.checkpoint));
    if (repeats) {
      step.repeats = *repeats;
    } else if (repeats.error().code() == Code::kInvalidArgument) {
      return fail(repeats.error());  // The number is not of this shard.
    } else {
      auto done = doWithout(repeats.error());
    }
    return step;
  }

  // Says so once.
  bool countedEnough() {
    const rt::TimePoint now = production_.env().loop.now();
    if (!countUntil_) countUntil_ = now + kCountingMax;
    if (now < *countUntil_) return false;
    if (!std::exchange(toldEnough_, true)) {
      printWarning(codeName(Code::kTimeout),
                   "counting took too long; what some leases will repeat is not known");
    }
    return true;
  }

  Result<Checkpoint> checkpointOf(const lease::Lease& lease) {
    switch (target_.kind) {
      case RewindTarget::Kind::kTrimHorizon:
        return Checkpoint::trimHorizon();
      case RewindTarget::Kind::kSequenceNumber:
        return Checkpoint::at(target_.sequenceNumber);
      case RewindTarget::Kind::kTime:
        break;
    }
    return production_.block(surveyTime(surveyed(lease), target_.time));
  }

  static const std::string& shardOf(const lease::Lease& lease) {
    return lease.shardId.empty() ? lease.leaseKey : lease.shardId;
  }
  SurveyedShard surveyed(const lease::Lease& lease) {
    return {production_.env().loop, *client_, table_.stream, shardOf(lease)};
  }

  Error refused(const Error& error) const {
    const std::string progress = fmt::format("{} of {} leases were rewound, then", rewound_, plan_.moving());
    if (error.code() != Code::kConflict) return error.within(progress);
    return Error(Code::kLeaseInUse, progress + ": " + error.message(),
                 "stop the workers of the application, then try again: those that are rewound stay so");
  }

  const LeasesFlags& flags_;
  const RewindFlags rewind_;
  const RewindTarget target_;
  base::StderrLog log_;
  http::ProductionEnv production_;
  base::Random random_{base::randomSeed()};
  LeaseTable table_;
  std::unique_ptr<kinesis::KinesisClient> client_;
  std::set<std::string> shards_;  // Of the stream, if client_ is set.
  std::vector<lease::Lease> leases_;
  RewindPlan plan_;
  std::size_t rewound_ = 0;
  std::optional<rt::TimePoint> countUntil_;
  bool toldEnough_ = false;
};

void print(const LeasesFlags& flags, const RewindPlan& plan, std::size_t rewound) {
  std::vector<std::string> lines = planLines(plan);
  lines.push_back(fmt::format("leases: {}", plan.moving()));
  lines.push_back("records: " + recordsText(plan.repeats()));
  lines.push_back("bytes: " + bytesText(plan.repeats()));
  lines.push_back(fmt::format("rewound: {}", rewound));
  Output(flags.json).document(lines, planDocument(plan, rewound));
}

}  // namespace

int rewindLeases(const LeasesFlags& flags, const RewindFlags& rewind) {
  auto target = parseRewindTarget(rewind.to);
  if (!target) return printError(target.error());
  if (target->kind == RewindTarget::Kind::kSequenceNumber && rewind.shard.empty()) {
    return printError(Error(Code::kUsage, "a sequence number belongs to one shard", "add --shard"));
  }
  Rewind run(flags, rewind, std::move(*target));
  auto done = run.prepare();
  if (!done) return printError(done.error());
  if (!rewind.yes) {
    print(flags, run.plan(), 0);
    printProgress("a dry run: nothing was written; --yes writes it");
    return 0;
  }
  done = run.write();
  print(flags, run.plan(), run.rewound());
  return done ? 0 : printError(done.error());
}

}  // namespace tidemill::cli
