// tidemill/function_ref.h: a borrowed callable, for arguments that are used only during the call.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace tidemill {

template <class Signature>
class FunctionRef;

// Two words, no allocation. The callable must outlive the call that receives the reference.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& function)  // NOLINT(google-explicit-constructor): a lambda converts in place.
      : target_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* target, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(target))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(target_, std::forward<Args>(args)...); }

 private:
  void* target_;
  R (*call_)(void*, Args...);
};

}  // namespace tidemill
