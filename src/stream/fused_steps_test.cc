// What lies between the steps of one task, counted: how often one calls the next.
#include <numeric>

#include "stream/test_rdds.h"

namespace tidemill {
namespace {

// Passes chunks on, and counts them and their elements.
template <class T>
class WatchNode final : public detail::RddNode<T> {
 public:
  explicit WatchNode(std::shared_ptr<detail::RddNode<T>> parent)
      : detail::RddNode<T>(parent->runner()), parent_(std::move(parent)) {}
  std::size_t partitions() const override { return parent_->partitions(); }
  void prepare() override { parent_->makeReady(); }
  void compute(std::size_t partition, detail::Emit<T>& emit) const override {
    ++tasks;
    parent_->forEachChunk(partition, [&](detail::Chunk<T> chunk) {
      ++calls;
      elements += chunk.size();
      emit.pass(chunk);
    });
  }

  mutable std::size_t tasks = 0;
  mutable std::size_t calls = 0;
  mutable std::size_t elements = 0;

 private:
  const std::shared_ptr<detail::RddNode<T>> parent_;
};

// A step over one element, made as map(), filter() and flatMap() make theirs.
template <class T, class U, class Step>
std::shared_ptr<detail::RddNode<U>> stepOf(std::shared_ptr<detail::RddNode<T>> parent, Step step) {
  return std::make_shared<detail::NarrowNode<T, U, Step>>(std::move(parent), std::move(step));
}

class FusedStepsTest : public RddTest {
 protected:
  static constexpr std::size_t kElements = 10'000;

  std::vector<int> numbers() const {
    std::vector<int> all(kElements);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  // A call for each full chunk, and one for the rest.
  template <class T>
  static void expectChunks(const WatchNode<T>& watch, std::size_t elements) {
    EXPECT_EQ(watch.elements, elements);
    EXPECT_EQ(watch.tasks, 1u) << "no step begins a task of its own";
    EXPECT_LE(watch.calls, elements / detail::Emit<T>::kChunk + 1);
  }
};

TEST_F(FusedStepsTest, AdjacentNarrowStepsCallEachOtherOnceForAChunkAndNoFunctionTwice) {
  std::size_t mapped = 0;
  std::size_t asked = 0;
  std::size_t spread = 0;
  auto source =
      std::make_shared<WatchNode<int>>(std::make_shared<detail::VectorNode<int>>(runner_, numbers()));
  auto map = [&mapped](int&& n, detail::Emit<std::int64_t>& emit) {
    ++mapped;
    emit(std::int64_t{n} * 3);
  };
  auto afterMap = std::make_shared<WatchNode<std::int64_t>>(stepOf<int, std::int64_t>(source, map));
  auto wanted = [&asked](const std::int64_t& n) {
    ++asked;
    return n % 2 == 0;
  };
  auto afterFilter = std::make_shared<WatchNode<std::int64_t>>(
      std::make_shared<detail::FilterNode<std::int64_t, decltype(wanted)>>(afterMap, wanted));
  auto twice = [&spread](std::int64_t&& n, detail::Emit<std::int64_t>& emit) {
    ++spread;
    emit(std::int64_t{n});
    emit(std::int64_t{-n});
  };
  auto last =
      std::make_shared<WatchNode<std::int64_t>>(stepOf<std::int64_t, std::int64_t>(afterFilter, twice));

  EXPECT_EQ(RDD<std::int64_t>(last).collect().size(), kElements);

  EXPECT_EQ(mapped, kElements);
  EXPECT_EQ(asked, kElements);
  EXPECT_EQ(spread, kElements / 2);
  expectChunks(*source, kElements);
  expectChunks(*afterMap, kElements);
  expectChunks(*last, kElements);
  // What is left of each chunk is passed on as it lies.
  EXPECT_EQ(afterFilter->elements, kElements / 2);
  EXPECT_EQ(afterFilter->tasks, 1u);
  EXPECT_LE(afterFilter->calls, afterMap->calls);
  // All calls of the task through a pointer together are fewer than one for a record.
  EXPECT_LT(source->calls + afterMap->calls + afterFilter->calls + last->calls, kElements / 10);
}

TEST_F(FusedStepsTest, TheOperatorsOfAnRddMakeNoStepThatGathersItsPartition) {
  auto source =
      std::make_shared<WatchNode<int>>(std::make_shared<detail::VectorNode<int>>(runner_, numbers()));
  // Of those elements that the functions before have seen when the last one sees its first.
  std::size_t seenBefore = 0;
  std::size_t seen = 0;
  const auto count = [&seen](int n) {
    ++seen;
    return n;
  };
  const auto even = [](int n) { return n % 2 == 0; };
  const auto look = [&](int n) {
    if (seenBefore == 0) seenBefore = seen;
    return std::vector<int>{n};
  };
  EXPECT_EQ(RDD<int>(source).map(count).filter(even).flatMap(look).count(), kElements / 2);
  EXPECT_EQ(seen, kElements);
  EXPECT_LE(seenBefore, 2 * detail::kChunkMax);
  expectChunks(*source, kElements);
}

}  // namespace
}  // namespace tidemill
