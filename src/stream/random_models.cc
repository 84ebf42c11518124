#include "stream/random_models.h"

#include <algorithm>
#include <memory>

namespace tidemill::program {
namespace {

// Each second is worked out once.
Model workedOut(std::int64_t slide, std::function<Bag(std::int64_t)> f) {
  auto known = std::make_shared<std::map<std::int64_t, Bag>>();
  return {slide, [known, f = std::move(f)](std::int64_t second) {
            const auto found = known->find(second);
            if (found != known->end()) return found->second;
            return known->emplace(second, f(second)).first->second;
          }};
}

}  // namespace

Bag sorted(Bag bag) {
  std::sort(bag.begin(), bag.end());
  return bag;
}

std::int64_t folded(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * static_cast<std::int64_t>(i + 1);
  return values.empty() ? 0 : sum % 997 + 1;
}

Bag reducedByKey(const Bag& bag) {
  std::map<int, std::int64_t> sums;
  for (const auto& [key, value] : bag) sums[key] += value;
  return {sums.begin(), sums.end()};
}

std::map<int, std::vector<std::int64_t>> grouped(const Bag& bag) {
  std::map<int, std::vector<std::int64_t>> groups;
  for (const auto& [key, value] : bag) groups[key].push_back(value);
  return groups;
}

Bag foldedByKey(const Bag& bag) {
  Bag made;
  for (const auto& [key, values] : grouped(bag)) made.emplace_back(key, folded(values));
  return made;
}

Bag countedByValue(const Bag& bag) {
  std::map<Pair, std::int64_t> counts;
  for (const Pair& pair : bag) ++counts[pair];
  Bag made;
  for (const auto& [pair, count] : counts) made.emplace_back(pair.first, countedValue(pair.second, count));
  return made;
}

Bag reducedWhole(const Bag& bag) {
  std::int64_t keys = 0;
  std::int64_t values = 0;
  for (const auto& [key, value] : bag) {
    keys += key;
    values += value;
  }
  if (bag.empty()) return {};
  return {Pair(static_cast<int>(keys % 5), values)};
}

Bag countedWhole(const Bag& bag) {
  return {Pair(0, static_cast<std::int64_t>(bag.size()) + 1)};
}

Bag joinedBags(const Bag& left, const Bag& right, bool leftAlone, bool rightAlone) {
  Bag made;
  for (const auto& [key, value] : left) {
    bool met = false;
    for (const auto& [otherKey, other] : right) {
      if (otherKey != key) continue;
      met = true;
      made.emplace_back(key, joinedValue(value, other));
    }
    if (!met && leftAlone) made.emplace_back(key, joinedValue(value, 0));
  }
  for (const auto& [key, value] : right) {
    const auto same = [wanted = key](const Pair& pair) { return pair.first == wanted; };
    if (rightAlone && std::none_of(left.begin(), left.end(), same))
      made.emplace_back(key, joinedValue(0, value));
  }
  return made;
}

Model eachElement(const Model& from, std::function<Bag(const Pair&, std::int64_t second)> f) {
  return workedOut(from.slide, [from, f = std::move(f)](std::int64_t second) {
    Bag made;
    for (const Pair& pair : from.at(second)) {
      const Bag some = f(pair, second);
      made.insert(made.end(), some.begin(), some.end());
    }
    return made;
  });
}

Model eachBatch(const Model& from, std::function<Bag(const Bag&)> f) {
  return workedOut(from.slide, [from, f = std::move(f)](std::int64_t second) { return f(from.at(second)); });
}

Model bothBatches(const Model& left, const Model& right, std::function<Bag(const Bag&, const Bag&)> f) {
  return workedOut(left.slide, [left, right, f = std::move(f)](std::int64_t second) {
    return f(left.at(second), right.at(second));
  });
}

Model eachWindow(const Model& from, std::int64_t length, std::int64_t slide,
                 std::function<Bag(const Bag&)> f) {
  return workedOut(slide, [from, length, f = std::move(f)](std::int64_t second) {
    Bag all;
    for (std::int64_t s = std::max<std::int64_t>(second - length + 1, 1); s <= second; ++s) {
      if (!from.valid(s)) continue;
      const Bag one = from.at(s);
      all.insert(all.end(), one.begin(), one.end());
    }
    return f(all);
  });
}

Model totalsOf(const Model& from, std::int64_t most) {
  return workedOut(from.slide, [from, most](std::int64_t second) {
    std::map<int, std::int64_t> totals;
    for (std::int64_t s = from.slide; s <= second; s += from.slide) {
      for (const auto& [key, value] : from.at(s)) totals[key] += value;
      std::erase_if(totals, [most](const auto& entry) { return entry.second > most; });
    }
    return Bag(totals.begin(), totals.end());
  });
}

Model idlingTotalsOf(const Model& from, std::int64_t idle) {
  return workedOut(from.slide, [from, idle](std::int64_t second) {
    std::map<int, std::pair<std::int64_t, std::int64_t>> totals;  // The total, and when it was touched.
    Bag bag;
    for (std::int64_t s = from.slide; s <= second; s += from.slide) {
      bag.clear();
      for (const auto& [key, value] : reducedByKey(from.at(s))) {
        auto& total = totals[key];
        total = {total.first + value, s};
        bag.emplace_back(key, total.first);
      }
      for (auto it = totals.begin(); it != totals.end();) {
        if (it->second.second >= s - idle) {
          ++it;
        } else {
          bag.emplace_back(it->first, it->second.first);
          it = totals.erase(it);
        }
      }
    }
    return bag;
  });
}

}  // namespace tidemill::program
