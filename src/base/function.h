// base/function.h: a callable that can be moved but not copied, so that it may own what it needs.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace tidemill::base {

template <class Signature>
class UniqueFunction;

// std::move_only_function comes with C++23 only. Empty by default; calling an empty one is a bug.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;

  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, F&, Args...>)
  UniqueFunction(F&& function)  // NOLINT(google-explicit-constructor): a lambda converts as to std::function.
      : target_(std::make_unique<Target<std::decay_t<F>>>(std::forward<F>(function))) {}

  R operator()(Args... args) { return target_->call(std::forward<Args>(args)...); }
  explicit operator bool() const { return target_ != nullptr; }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Target final : Callable {
    explicit Target(F&& f) : function(std::move(f)) {}
    explicit Target(const F& f) : function(f) {}
    R call(Args... args) override { return function(std::forward<Args>(args)...); }
    F function;
  };

  std::unique_ptr<Callable> target_;
};

}  // namespace tidemill::base
