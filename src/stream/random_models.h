// stream/random_models.h: what operators give, worked out from the input alone with plain loops, for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace tidemill::program {

using Pair = std::pair<int, std::int64_t>;
using Bag = std::vector<Pair>;

// What a stream gives at each second, without batches, partitions, windows of windows or state that lasts.
// A time is 0 or less before the first batch.
struct Model {
  std::int64_t slide = 1;
  std::function<Bag(std::int64_t)> at;

  bool valid(std::int64_t second) const { return second % slide == 0; }
};

Bag sorted(Bag bag);

// What values become, here and in programs. All are positive, so that 0 means that nothing is left.

// The same in whatever order they come; 0 for none.
std::int64_t folded(std::vector<std::int64_t> values);
constexpr std::int64_t joinedValue(std::int64_t left, std::int64_t right) {
  return left * 3 + right;
}
// Of an element and how often it is there.
constexpr std::int64_t countedValue(std::int64_t value, std::int64_t count) {
  return value % 1'000 * 10 + count;
}

// Of a bag.

Bag reducedByKey(const Bag& bag);
std::map<int, std::vector<std::int64_t>> grouped(const Bag& bag);
Bag foldedByKey(const Bag& bag);
// An element of the bag, and countedValue().
Bag countedByValue(const Bag& bag);
// The sums of keys and of values, of all: one element, or none. Keys lie in 0 to 4 again.
Bag reducedWhole(const Bag& bag);
// One element: how many there are and one.
Bag countedWhole(const Bag& bag);

// Of two bags: each value here with each value there. A key that is on one side only comes with 0 for the
// other, if `leftAlone` or `rightAlone` is set, or else not at all.
Bag joinedBags(const Bag& left, const Bag& right, bool leftAlone, bool rightAlone);

// Of streams. What f gives of each element, at a second; of each batch; of the batches of two streams; of all
// in a window of so many seconds.

Model eachElement(const Model& from, std::function<Bag(const Pair&, std::int64_t second)> f);
Model eachBatch(const Model& from, std::function<Bag(const Bag&)> f);
Model bothBatches(const Model& left, const Model& right, std::function<Bag(const Bag&, const Bag&)> f);
Model eachWindow(const Model& from, std::int64_t length, std::int64_t slide,
                 std::function<Bag(const Bag&)> f);

// The sum of all values of each key since the start, or since it was more than `most`: that ends it.
Model totalsOf(const Model& from, std::int64_t most);
// The sum so far of each key that comes, once for each batch. One that has not come for more than `idle`
// seconds comes once more, and ends.
Model idlingTotalsOf(const Model& from, std::int64_t idle);

}  // namespace tidemill::program
