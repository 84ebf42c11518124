// Random programs of operators over random batches give what a plain evaluation gives, with retries of failed
// batches and restarts.

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <stdexcept>

#include "stream/test_stream.h"

namespace tidemill {
namespace {

using Pair = std::pair<int, std::int64_t>;
using Bag = std::vector<Pair>;

constexpr std::int64_t kBatches = 14;

// What a stream gives at each second, without batches, partitions, windows of windows or state that lasts:
// every time is worked out from the input alone. A time is 0 or less before the first batch.
struct Model {
  std::int64_t slide = 1;
  std::function<Bag(std::int64_t)> at;

  bool valid(std::int64_t second) const { return second % slide == 0; }
};

Bag sorted(Bag bag) {
  std::sort(bag.begin(), bag.end());
  return bag;
}

Bag eachReduced(const Bag& bag) {
  std::map<int, std::int64_t> sums;
  for (const auto& [key, value] : bag) sums[key] += value;
  return {sums.begin(), sums.end()};
}

Bag inWindow(const Model& model, std::int64_t second, std::int64_t window) {
  Bag all;
  for (std::int64_t s = std::max<std::int64_t>(second - window + 1, 1); s <= second; ++s) {
    if (!model.valid(s)) continue;
    const Bag one = model.at(s);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

Model derived(std::int64_t slide, std::function<Bag(std::int64_t)> f) {
  auto known = std::make_shared<std::map<std::int64_t, Bag>>();
  return {slide, [known, f = std::move(f)](std::int64_t second) {
            const auto found = known->find(second);
            if (found != known->end()) return found->second;
            return known->emplace(second, f(second)).first->second;
          }};
}

struct Stream {
  DStream<Pair> stream;
  Model model;
  // Windows over state begin anew after a restart, so programs that restart have none.
  bool state = false;
};

std::int64_t added(std::int64_t a, std::int64_t b) {
  return a + b;
}

// One program, drawn from a seed; the same again in another context.
class Program {
 public:
  Program(unsigned seed, bool restarts) : random_(seed), restarts_(restarts) {
    for (std::int64_t second = 1; second <= kBatches; ++second) {
      for (int i = draw(0, 6); i > 0; --i) {
        const int key = draw(0, 4);
        batches_[second].emplace_back(key, draw(1, 9));
      }
    }
  }

  std::vector<Stream> build(const std::function<DStream<Pair>(std::vector<Bag>)>& input, int operators) {
    std::vector<Bag> all;
    for (std::int64_t second = 1; second <= kBatches; ++second) all.push_back(batches_[second]);
    std::vector<Stream> streams;
    streams.push_back({input(all), {1, [this](std::int64_t second) { return batches_[second]; }}});
    for (int i = 0; i < operators; ++i) {
      const Stream parent = streams[static_cast<std::size_t>(draw(0, static_cast<int>(streams.size()) - 1))];
      const Stream other = streams[static_cast<std::size_t>(draw(0, static_cast<int>(streams.size()) - 1))];
      streams.push_back(next(parent, other));
      // Few enough elements that a program stays small.
      streams.back().stream =
          streams.back().stream.filter([](const Pair& pair) { return pair.second % 7 != 6; });
      const Model whole = streams.back().model;
      streams.back().model = derived(whole.slide, [whole](std::int64_t second) {
        Bag kept;
        for (const Pair& pair : whole.at(second)) {
          if (pair.second % 7 != 6) kept.push_back(pair);
        }
        return kept;
      });
    }
    return streams;
  }

 private:
  int draw(int low, int high) { return static_cast<int>(random_.between(low, high)); }

  Stream next(const Stream& parent, const Stream& other) {
    const Model from = parent.model;
    const std::int64_t slide = from.slide;
    switch (draw(0, 9)) {
      case 0:
        return {parent.stream.mapValues([](std::int64_t v) { return v % 11 + 1; }),
                derived(slide,
                        [from](std::int64_t second) {
                          Bag bag = from.at(second);
                          for (Pair& pair : bag) pair.second = pair.second % 11 + 1;
                          return bag;
                        }),
                parent.state};
      case 1:
        return {parent.stream.map([](Pair pair) { return Pair((pair.first + 1) % 5, pair.second); })
                    .repartition(3),
                derived(slide,
                        [from](std::int64_t second) {
                          Bag bag = from.at(second);
                          for (Pair& pair : bag) pair.first = (pair.first + 1) % 5;
                          return bag;
                        }),
                parent.state};
      case 2:
        return {parent.stream.reduceByKey(added),
                derived(slide, [from](std::int64_t second) { return eachReduced(from.at(second)); }),
                parent.state};
      case 3:
        return unionOf(parent, other);
      case 4:
        return joined(parent, other);
      case 5:
      case 6:
        return window(parent);
      case 7:
        return inverseWindow(parent);
      case 8:
        return totals(parent);
      default:
        return mappedTotals(parent);
    }
  }

  Stream unionOf(const Stream& one, const Stream& other) {
    if (one.model.slide != other.model.slide) return one;
    const Model a = one.model;
    const Model b = other.model;
    return {one.stream.union_(other.stream),
            derived(a.slide,
                    [a, b](std::int64_t second) {
                      Bag bag = a.at(second);
                      const Bag more = b.at(second);
                      bag.insert(bag.end(), more.begin(), more.end());
                      return bag;
                    }),
            one.state || other.state};
  }

  Stream joined(const Stream& one, const Stream& other) {
    if (one.model.slide != other.model.slide) return one;
    const auto left = one.stream.reduceByKey(added);
    const auto right = other.stream.reduceByKey(added);
    const auto both = [](std::pair<std::int64_t, std::int64_t> values) {
      return values.first * 3 + values.second;
    };
    const Model a = one.model;
    const Model b = other.model;
    return {left.join(right).mapValues(both),
            derived(a.slide,
                    [a, b](std::int64_t second) {
                      const Bag others = eachReduced(b.at(second));
                      const std::map<int, std::int64_t> found(others.begin(), others.end());
                      Bag bag;
                      for (const auto& [key, value] : eachReduced(a.at(second))) {
                        const auto match = found.find(key);
                        if (match != found.end()) bag.emplace_back(key, value * 3 + match->second);
                      }
                      return bag;
                    }),
            one.state || other.state};
  }

  Stream window(const Stream& parent) {
    if (restarts_ && parent.state) return parent;
    const std::int64_t length = parent.model.slide * draw(1, 4);
    const std::int64_t slide = parent.model.slide * draw(1, 2);
    const Model from = parent.model;
    return {parent.stream.window(Seconds(length), Seconds(slide)),
            derived(slide, [from, length](std::int64_t second) { return inWindow(from, second, length); }),
            parent.state};
  }

  Stream inverseWindow(const Stream& parent) {
    if (restarts_ && parent.state) return parent;
    const std::int64_t length = parent.model.slide * draw(1, 4);
    const std::int64_t slide = parent.model.slide * draw(1, 2);
    const Model from = parent.model;
    // Values are positive, so that 0 means that nothing is left.
    const auto left = [](const Pair& pair) { return pair.second != 0; };
    return {parent.stream.reduceByKeyAndWindow(added, std::minus<std::int64_t>(), Seconds(length),
                                               Seconds(slide), 2, left),
            derived(slide, [from, length](
                               std::int64_t second) { return eachReduced(inWindow(from, second, length)); }),
            parent.state};
  }

  Stream totals(const Stream& parent) {
    const auto add = [](const std::vector<std::int64_t>& values, std::optional<std::int64_t> before) {
      std::int64_t sum = before.value_or(0);
      for (const std::int64_t value : values) sum += value;
      // A state that ends now and then.
      return sum > 500 ? std::optional<std::int64_t>() : std::optional<std::int64_t>(sum);
    };
    const Model from = parent.model;
    auto states = std::make_shared<std::map<std::int64_t, std::map<int, std::int64_t>>>();
    const auto upTo = [from, states](std::int64_t second) {
      std::map<int, std::int64_t> state;
      for (std::int64_t s = from.slide; s <= second; s += from.slide) {
        for (const auto& [key, value] : from.at(s)) state[key] += value;
        std::erase_if(state, [](const auto& entry) { return entry.second > 500; });
      }
      return Bag(state.begin(), state.end());
    };
    return {parent.stream.updateStateByKey(add, static_cast<std::size_t>(draw(1, 3))),
            derived(from.slide, upTo), true};
  }

  // Running totals of keys, which time out when they are idle.
  Stream mappedTotals(const Stream& parent) {
    const std::int64_t idle = parent.model.slide * 2;
    const auto spec = StateSpec::function<int, std::int64_t, std::int64_t>(
                          [](int key, std::optional<std::int64_t> value, State<std::int64_t>& state) {
                            if (state.isTimingOut()) return Pair(key, state.get());
                            state.update(state.getOption().value_or(0) + *value);
                            return Pair(key, state.get());
                          })
                          .timeout(Seconds(idle))
                          .numPartitions(static_cast<std::size_t>(draw(1, 3)));
    const Model from = parent.model;
    const auto given = [from, idle](std::int64_t second) {
      std::map<int, std::pair<std::int64_t, std::int64_t>> states;  // The total, and when it was touched.
      Bag bag;
      for (std::int64_t s = from.slide; s <= second; s += from.slide) {
        bag.clear();
        for (const auto& [key, value] : eachReduced(from.at(s))) {
          auto& state = states[key];
          state = {state.first + value, s};
          bag.emplace_back(key, state.first);
        }
        for (auto it = states.begin(); it != states.end();) {
          if (it->second.second >= s - idle) {
            ++it;
          } else {
            bag.emplace_back(it->first, it->second.first);
            it = states.erase(it);
          }
        }
      }
      return bag;
    };
    return {parent.stream.reduceByKey(added).mapWithState(spec), derived(from.slide, given), true};
  }

  base::Random random_;
  const bool restarts_;
  std::map<std::int64_t, Bag> batches_;
};

class RandomProgramsTest : public StreamFixture {
 protected:
  // What each stream gave, by its place in the program.
  using Given = std::vector<std::map<std::int64_t, Bag>>;

  std::vector<Stream> build(Program& program, Given& given) {
    auto streams =
        program.build([this](std::vector<Bag> batches) { return input<Pair>(std::move(batches)); }, 7);
    given.resize(streams.size());
    for (std::size_t i = 0; i < streams.size(); ++i) {
      streams[i].stream.foreachRDD([&given, i](const RDD<Pair>& rdd, Time time) {
        given[i][time.time_since_epoch() / Seconds(1)] = sorted(rdd.collect());
      });
    }
    return streams;
  }

  void expectTheModels(const std::vector<Stream>& streams, const Given& given, unsigned seed) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      for (std::int64_t second = 1; second <= kBatches; ++second) {
        const bool valid = streams[i].model.valid(second);
        ASSERT_EQ(given[i].contains(second), valid)
            << "seed " << seed << ", stream " << i << ", second " << second;
        if (!valid) continue;
        ASSERT_EQ(given[i].at(second), sorted(streams[i].model.at(second)))
            << "seed " << seed << ", stream " << i << " (" << streams[i].stream.node()->uid() << "), second "
            << second;
      }
    }
  }

  void startAnew() {
    context_ = std::make_unique<StreamingContext>(*seams_, Conf(), Seconds(1));
    planned_ = false;
  }
};

TEST_F(RandomProgramsTest, GiveWhatAPlainEvaluationGivesAlsoWhenBatchesFail) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    startAnew();
    base::Random random(1'000 + seed);
    Given given;
    Program program(seed, /*restarts=*/false);
    const auto streams = build(program, given);
    std::set<std::int64_t> failing;
    for (int i = 0; i < 3; ++i) failing.insert(random.between(1, kBatches));
    streams.back().stream.foreachRDD([&](const RDD<Pair>& rdd, const BatchInfo& batch) {
      rdd.count();
      if (batch.attempt == 1 && failing.contains(batch.time.time_since_epoch() / Seconds(1))) {
        throw std::runtime_error("drawn to fail");
      }
    });
    for (std::int64_t second = 1; second <= kBatches; ++second) {
      auto done = runBatch(second);
      if (!done) done = runBatch(second, 2);
      ASSERT_TRUE(done) << "seed " << seed << ": " << done.error().message();
    }
    expectTheModels(streams, given, seed);
    if (HasFatalFailure()) return;
  }
}

TEST_F(RandomProgramsTest, GoOnAfterARestartFromSnapshotsAndHistory) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    startAnew();
    base::Random random(2'000 + seed);
    Given given;
    // Each of an operator with state, by its uid: the newest that was taken.
    std::map<std::string, std::pair<Time, std::vector<std::string>>> snapshots;
    const std::int64_t last = random.between(1, kBatches - 1);
    {
      Program program(seed, /*restarts=*/true);
      const auto streams = build(program, given);
      streams.front().stream.foreachRDD([&](const RDD<Pair>&, Time time) {
        if (random.between(0, 2) != 0) return;
        for (detail::StatefulStream* const state : graph().stateful()) {
          auto taken = state->snapshot(time - Seconds(1));
          if (taken) snapshots[state->node().uid()] = {time - Seconds(1), std::move(*taken)};
        }
      });
      runBatches(1, last);
      if (HasFatalFailure()) return;
    }
    startAnew();
    Program program(seed, /*restarts=*/true);
    const auto streams = build(program, given);
    graph().plan(Seconds(1));
    std::map<std::string, Time> times;
    for (detail::StatefulStream* const state : graph().stateful()) {
      const auto found = snapshots.find(state->node().uid());
      if (found == snapshots.end()) continue;
      state->restore(found->second.first, found->second.second);
      times[found->first] = found->second.first;
    }
    const Time after = graph().historyAfter(at(last), times, at(0));
    for (std::int64_t second = 1; second <= last; ++second) {
      if (at(second) > after) history_.push_back(second);
    }
    runBatches(last + 1, last + 1);
    history_.clear();
    if (last + 2 <= kBatches) runBatches(last + 2, kBatches);
    if (HasFatalFailure()) return;
    expectTheModels(streams, given, seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tidemill
