#include "stream/random_program.h"

namespace tidemill::program {
namespace {

// Each as often as its weight says.
std::vector<Kind> allKinds() {
  std::vector<Kind> kinds = kindsOfElements();
  for (Kind& kind : kindsOfKeys()) kinds.push_back(std::move(kind));
  for (Kind& kind : kindsOfWindows()) kinds.push_back(std::move(kind));
  for (Kind& kind : kindsOfState()) kinds.push_back(std::move(kind));
  std::vector<Kind> weighed;
  for (const Kind& kind : kinds) weighed.insert(weighed.end(), static_cast<std::size_t>(kind.weight), kind);
  return weighed;
}

template <class Of>
const auto& drawnOf(base::Random& random, const std::vector<Of>& all) {
  return all[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(all.size()) - 1))];
}

}  // namespace

Program::Program(unsigned seed, bool restarts) : random_(seed), restarts_(restarts) {
  for (std::int64_t second = 1; second <= kBatches; ++second) {
    for (std::int64_t i = draw(0, 6); i > 0; --i) {
      const int key = static_cast<int>(draw(0, 4));
      batches_[second].emplace_back(key, draw(1, 9));
    }
  }
}

std::vector<Stream> Program::build(const std::function<DStream<Pair>(std::vector<Bag>)>& input,
                                   int operators) {
  static const std::vector<Kind> kinds = allKinds();
  // Few enough elements that a program stays small.
  const auto wanted = [](const Pair& pair) { return pair.second % 7 != 6; };
  std::vector<Bag> all;
  for (std::int64_t second = 1; second <= kBatches; ++second) all.push_back(batches_[second]);
  std::vector<Stream> streams;
  streams.push_back(
      {input(all), {1, [this](std::int64_t second) { return batches_[second]; }}, false, "input"});
  for (int i = 0; i < operators; ++i) {
    const Stream parent = drawnOf(random_, streams);
    std::vector<Stream> others;
    for (const Stream& stream : streams) {
      if (stream.model.slide == parent.model.slide) others.push_back(stream);
    }
    const Stream other = drawnOf(random_, others);
    const Kind* kind = &drawnOf(random_, kinds);
    while (kind->isWindow && restarts_ && parent.state) kind = &drawnOf(random_, kinds);
    kinds_.insert(kind->name);
    const std::int64_t slide = parent.model.slide;
    const std::int64_t length = slide * draw(1, 4);
    const std::int64_t step = slide * draw(1, 2);
    Stream made = kind->make({parent, other, length, step, static_cast<std::size_t>(draw(1, 3))});
    made.stream = made.stream.filter(wanted);
    made.model = eachElement(
        made.model, [wanted](const Pair& pair, std::int64_t) { return wanted(pair) ? Bag{pair} : Bag(); });
    made.kinds = parent.kinds + ", " + kind->name;
    streams.push_back(std::move(made));
  }
  return streams;
}

}  // namespace tidemill::program
