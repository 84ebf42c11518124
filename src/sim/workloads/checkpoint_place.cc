#include "sim/workloads/checkpoint_place.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kCallTimeout = 1s;
constexpr char kUrl[] = "place:checkpoints";

}  // namespace

// A request on its way, which outlives its sender.
struct CheckpointPlace::Call {
  std::function<void()> work;
  std::string name;
  rt::Duration there{};
  rt::Duration back{};
  bool refused = false;
  bool requestLost = false;
  bool answerLost = false;
  // What the work came to; set before `done`.
  Result<void> outcome;
  bool done = false;
};

class CheckpointPlace::Store final : public stream::CheckpointStore {
 public:
  Store(CheckpointPlace& place, rt::Loop& loop, std::uint64_t life)
      : place_(place), loop_(loop), life_(life), url_(kUrl) {}

  const std::string& url() const override { return url_; }
  bool exclusive() const override { return false; }

  rt::Task<Result<void>> open(std::string) override {
    auto call = callOf("", [] {});
    co_return co_await exchange(call);
  }
  rt::Task<Result<void>> putIfAbsent(std::string name, std::string bytes) override {
    auto call = std::make_shared<Call>();
    call->name = name;
    // The call holds its work, and the work the call: as long as it is on its way.
    Call* const there = call.get();
    call->work = [place = &place_, there, life = life_, name, bytes] {
      if (!place->values_.try_emplace(name, bytes).second) {
        there->outcome = fail(Code::kConflict, "place: " + name + " exists");
        return;
      }
      place->world_.history().add({.at = place->world_.loop().now(),
                                   .node = {},
                                   .kind = "place.put",
                                   .detail = name,
                                   .bytes = bytes,
                                   .number = life});
      if (place->onPut_) place->onPut_(life, name, bytes);
    };
    co_return co_await exchange(call);
  }
  rt::Task<Result<std::string>> get(std::string name) override {
    auto value = std::make_shared<std::string>();
    auto call = std::make_shared<Call>();
    call->name = name;
    Call* const there = call.get();
    call->work = [place = &place_, there, value, name] {
      const auto found = place->values_.find(name);
      if (found == place->values_.end()) {
        there->outcome = fail(Code::kNotFound, "place: there is no " + name);
      } else {
        *value = found->second;
      }
    };
    auto done = co_await exchange(call);
    if (!done) co_return fail(done.error());
    co_return *value;
  }
  rt::Task<Result<std::vector<std::string>>> list(std::string folder) override {
    auto names = std::make_shared<std::vector<std::string>>();
    auto call = callOf(folder, [place = &place_, names, folder] {
      const std::string prefix = folder.empty() ? folder : folder + "/";
      for (const auto& [name, value] : place->values_) {
        if (!name.starts_with(prefix)) continue;
        const std::string rest = name.substr(prefix.size());
        names->push_back(rest.substr(0, rest.find('/')));
      }
      names->erase(std::unique(names->begin(), names->end()), names->end());
    });
    auto done = co_await exchange(call);
    if (!done) co_return fail(done.error());
    co_return *names;
  }
  rt::Task<Result<void>> remove(std::string name) override {
    auto call = callOf(name, [place = &place_, name] { place->values_.erase(name); });
    co_return co_await exchange(call);
  }

 private:
  static std::shared_ptr<Call> callOf(const std::string& name, std::function<void()> work) {
    auto call = std::make_shared<Call>();
    call->name = name;
    call->work = std::move(work);
    return call;
  }

  rt::Task<Result<void>> exchange(std::shared_ptr<Call> call) {
    place_.send(call);
    const rt::TimePoint deadline = loop_.now() + kCallTimeout;
    const rt::Duration expected = std::min<rt::Duration>(call->there + call->back, kCallTimeout);
    co_await loop_.sleepFor(expected);
    // The host's clock may be ahead.
    while (!call->done && loop_.now() < deadline) co_await loop_.sleepFor(5ms);
    if (!call->done || call->answerLost)
      co_return fail(Code::kTimeout, url_ + ": " + call->name + ": no answer");
    co_return call->outcome;
  }

  CheckpointPlace& place_;
  rt::Loop& loop_;
  const std::uint64_t life_;
  const std::string url_;
};

CheckpointPlace::CheckpointPlace(World& world, std::uint64_t seed, CheckpointPlaceFaults faults, OnPut onPut)
    : world_(world), random_(seed), faults_(faults), onPut_(std::move(onPut)) {}

std::unique_ptr<stream::CheckpointStore> CheckpointPlace::storeOf(rt::Loop& loop, std::uint64_t life) {
  return std::make_unique<Store>(*this, loop, life);
}

void CheckpointPlace::send(const std::shared_ptr<Call>& call) {
  call->there = std::chrono::microseconds(random_.between(500, 10'000));
  call->back = std::chrono::microseconds(random_.between(500, 10'000));
  if (world_.faultsOn()) {
    call->requestLost = random_.chance(faults_.requestLost, 1'000'000);
    call->answerLost = random_.chance(faults_.answerLost, 1'000'000);
    call->refused = random_.chance(faults_.refused, 1'000'000);
    const bool late = random_.chance(faults_.late, 1'000'000);
    if (late) {
      const std::int64_t milliseconds = random_.between(100, 4'000);
      call->there = std::chrono::milliseconds(milliseconds);
    }
  }
  if (!call->requestLost) world_.spawn(carryOut(call));
}

rt::Task<void> CheckpointPlace::carryOut(std::shared_ptr<Call> call) {
  const rt::Duration there = call->there;
  co_await world_.loop().sleepFor(there);
  if (call->refused || (down_ && world_.faultsOn())) {
    call->outcome = fail(Code::kServiceError, "place: 503 Slow Down");
  } else {
    call->work();
  }
  const rt::Duration back = call->back;
  co_await world_.loop().sleepFor(back);
  call->done = true;
}

}  // namespace tidemill::sim
