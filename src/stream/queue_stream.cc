#include "tidemill/queue_stream.h"

#include <algorithm>
#include <deque>
#include <iterator>

#include "rt/guarded.h"

namespace tidemill::detail {

struct ValueQueue::State {
  rt::Guarded<std::deque<std::shared_ptr<const void>>> values;
};

ValueQueue::ValueQueue() : state_(std::make_unique<State>()) {}

ValueQueue::~ValueQueue() = default;

void ValueQueue::push(std::shared_ptr<const void> value) {
  state_->values.with([&](auto& values) { values.push_back(std::move(value)); });
}

std::vector<std::shared_ptr<const void>> ValueQueue::take(std::size_t most) {
  return state_->values.with([&](auto& values) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(most, values.size()));
    const auto end = values.begin() + count;
    std::vector<std::shared_ptr<const void>> taken(std::make_move_iterator(values.begin()),
                                                   std::make_move_iterator(end));
    values.erase(values.begin(), end);
    return taken;
  });
}

std::size_t ValueQueue::size() const {
  return state_->values.with([](const auto& values) { return values.size(); });
}

}  // namespace tidemill::detail
