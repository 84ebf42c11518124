// consume/call_deadline.h: ends a call that takes too long.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "rt/loop.h"
#include "rt/task.h"
#include "rt/task_group.h"
#include "tidemill/result.h"

namespace tidemill::consume {

namespace detail {

template <class T>
rt::Task<void> callInto(rt::Task<Result<T>> call, std::optional<Result<T>>& into) {
  auto result = co_await std::move(call);
  into.emplace(std::move(result));
}

}  // namespace detail

// Awaits `call` until `deadline`; then it is destroyed, whatever it waits for, and the result is kTimeout
// within `context`. What `call` refers to must outlive this task.
template <class T>
rt::Task<Result<T>> beforeDeadline(rt::Loop& loop, rt::Task<Result<T>> call, rt::TimePoint deadline,
                                   std::string context) {
  std::optional<Result<T>> result;
  rt::TaskGroup group(loop);
  group.spawn(detail::callInto(std::move(call), result));
  const rt::Duration patience = std::max(deadline - loop.now(), rt::Duration::zero());
  co_await group.join(patience);
  if (!result) {
    co_return fail(Error(Code::kTimeout, "no answer came in time, so the call was ended",
                         "check the network, or give it more time")
                       .within(context));
  }
  co_return std::move(*result);
}

}  // namespace tidemill::consume
