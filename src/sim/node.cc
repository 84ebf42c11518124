#include "sim/node.h"

#include "base/check.h"
#include "rt/task_group.h"
#include "sim/world.h"

namespace tidemill::sim {
namespace {

class TaskProgram final : public NodeProgram {
 public:
  TaskProgram(rt::Env& env, const std::function<rt::Task<void>(rt::Env&)>& main) : tasks_(env.loop) {
    tasks_.spawn(main(env));
  }

 private:
  rt::TaskGroup tasks_;
};

std::string_view crashName(CrashKind kind) {
  switch (kind) {
    case CrashKind::kExit:
      return "node.exit";
    case CrashKind::kKill:
      return "node.kill";
    case CrashKind::kPowerCut:
      return "node.powercut";
  }
  return "node.unknown";
}

}  // namespace

ProgramFactory taskProgram(std::function<rt::Task<void>(rt::Env&)> main) {
  return [main = std::move(main)](rt::Env& env) { return std::make_unique<TaskProgram>(env, main); };
}

Node::Incarnation::Incarnation(Node& node, World& world)
    : loop(world.loop(), node.random_.next(), node.clock_),
      http(world.net(), loop, node.name_),
      workers(loop, node.random_.next(), world.options().workers),
      jobs(loop, node.random_.next(), world.options().workers),
      store(loop, node.random_.next(), {.threads = 1}),
      // No draw: it came later, and the runs of all seeds would be others.
      replicas(loop, static_cast<std::uint64_t>(node.starts_), {.threads = 4}),
      files(node.disk_,
            [&node, &world](std::string_view operation, std::string_view path, std::string_view bytes) {
              world.history().add({.at = world.loop().now(),
                                   .node = node.name_,
                                   .kind = operation,
                                   .detail = path,
                                   .bytes = bytes});
            }),
      random(node.random_.next()),
      faults(world.faultPlan(), node.random_.next()),
      env{loop,     http,  loop,   http,      workers, jobs,    store,
          replicas, files, random, node.log_, faults,  registry} {}

Node::Node(World& world, std::string name, ProgramFactory factory, std::uint64_t seed, HostClock clock)
    : world_(world),
      name_(std::move(name)),
      factory_(std::move(factory)),
      random_(seed),
      clock_(clock),
      disk_(random_.next(), world.options().disk),
      log_([this](const std::string& line) { world_.violation("Bug", name_ + ": " + line); }) {
  restart();
}

Node::~Node() {
  TIDEMILL_CHECK(incarnation_ == nullptr || !incarnation_->loop.running(),
                 "a node does not end its own world");
  crash(CrashKind::kKill);
}

rt::Env& Node::env() {
  TIDEMILL_CHECK(up());
  return incarnation_->env;
}

void Node::crash(CrashKind kind) {
  if (!up()) return;
  note(crashName(kind), incarnation_->loop.steps());
  pendingCrash_ = kind;
  const bool inside = incarnation_->loop.running();
  incarnation_->http.kill();
  incarnation_->files.kill();
  incarnation_->loop.kill();
  incarnation_->workers.kill();
  incarnation_->jobs.kill();
  incarnation_->store.kill();
  incarnation_->replicas.kill();
  if (!inside) bury();
}

void Node::bury() {
  program_.reset();
  if (pendingCrash_ == CrashKind::kPowerCut) disk_.powerCut();
}

void Node::restart() {
  TIDEMILL_CHECK(!up(), "a node is started once at a time");
  TIDEMILL_CHECK(program_ == nullptr, "the crashed step has not ended yet");
  ++starts_;
  note("node.start", static_cast<std::uint64_t>(starts_));
  incarnation_.reset();
  incarnation_ = std::make_unique<Incarnation>(*this, world_);
  incarnation_->loop.setAfterStep([this] {
    if (incarnation_->loop.dead() && program_ != nullptr) bury();
  });
  program_ = factory_(incarnation_->env);
}

void Node::crashBeforeStep(std::uint64_t step, CrashKind kind) {
  if (!up()) return;
  incarnation_->loop.crashBeforeStep(step, [this, kind] { crash(kind); });
}

void Node::disarm() {
  if (up()) incarnation_->loop.disarm();
}

void Node::stepClock(std::chrono::milliseconds offset) {
  note("node.clock", static_cast<std::uint64_t>(offset.count()));
  clock_.offset = offset;
}

void Node::stall(rt::Duration duration) {
  if (!up()) return;
  note("node.stall", static_cast<std::uint64_t>(duration.count()));
  incarnation_->loop.stallUntil(rt::laterBy(world_.loop().now(), duration));
}

void Node::note(std::string_view kind, std::uint64_t number) {
  world_.history().add(
      {.at = world_.loop().now(), .node = name_, .kind = kind, .detail = {}, .number = number});
}

}  // namespace tidemill::sim
