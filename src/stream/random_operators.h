// stream/random_operators.h: the operators that programs are drawn from, each with what it ought to give, for
// tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "stream/random_models.h"
#include "tidemill/dstream.h"

namespace tidemill::program {

struct Stream {
  DStream<Pair> stream;
  Model model;
  // Made of state.
  bool state = false;
  // Of the operators that it is made of, for who reads of a failure.
  std::string kinds = {};
};

// What an operator is made of.
struct Parts {
  const Stream& parent;
  // With the same slide, maybe the same.
  const Stream& other;
  // Of a window.
  std::int64_t length;
  std::int64_t slide;
  // Of what is divided anew, 1 to 3.
  std::size_t partitions;

  Duration lengthTime() const { return Seconds(length); }
  Duration slideTime() const { return Seconds(slide); }
};

struct Kind {
  const char* name;
  std::function<Stream(const Parts&)> make;
  // How often it is drawn.
  int weight = 1;
  bool isWindow = false;
};

// Those of single batches, of keys within them, of windows, and with state.
std::vector<Kind> kindsOfElements();
std::vector<Kind> kindsOfKeys();
std::vector<Kind> kindsOfWindows();
std::vector<Kind> kindsOfState();

// What an operator gives, with its model.
inline Stream ofParent(const Parts& parts, DStream<Pair> stream, Model model) {
  return {std::move(stream), std::move(model), parts.parent.state};
}

inline Stream ofElements(const Parts& parts, DStream<Pair> stream,
                         std::function<Bag(const Pair&, std::int64_t)> f) {
  return ofParent(parts, std::move(stream), eachElement(parts.parent.model, std::move(f)));
}

inline Stream ofBatches(const Parts& parts, DStream<Pair> stream, std::function<Bag(const Bag&)> f) {
  return ofParent(parts, std::move(stream), eachBatch(parts.parent.model, std::move(f)));
}

inline Stream ofBoth(const Parts& parts, DStream<Pair> stream, std::function<Bag(const Bag&, const Bag&)> f) {
  return {std::move(stream), bothBatches(parts.parent.model, parts.other.model, std::move(f)),
          parts.parent.state || parts.other.state};
}

inline Stream ofWindow(const Parts& parts, DStream<Pair> stream, std::function<Bag(const Bag&)> f) {
  return ofParent(parts, std::move(stream),
                  eachWindow(parts.parent.model, parts.length, parts.slide, std::move(f)));
}

// What operators are given more than once.
inline std::int64_t plus(std::int64_t a, std::int64_t b) {
  return a + b;
}

inline Pair plusPair(Pair a, Pair b) {
  return {a.first + b.first, a.second + b.second};
}

inline Pair keyWithin(Pair pair) {
  return {pair.first % 5, pair.second};
}

inline Pair counted(std::int64_t count) {
  return {0, count + 1};
}

inline Pair countedPair(std::pair<Pair, std::int64_t> element) {
  return {element.first.first, countedValue(element.first.second, element.second)};
}

}  // namespace tidemill::program
