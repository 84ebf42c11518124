// tidemill/context_conf.h: the settings of a context that exists.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tidemill {

namespace stream {
class ContextCore;
}  // namespace stream

// What StreamingContext::conf() gives. Every setting is read once, when the context is made; Spark would take
// a later change in silence and do nothing. Thread safe.
//
//   context.conf().get("spark.streaming.blockInterval");
class ContextConf {
 public:
  explicit ContextConf(std::weak_ptr<stream::ContextCore> core) : core_(std::move(core)) {}

  // As Conf has them. Throw Error(kUsage) when the context is gone.
  std::optional<std::string> get(const std::string& key) const;
  std::string origin(const std::string& key) const;

  // Throws Error(kUsage), which says what to do instead.
  [[noreturn]] void set(const std::string& key, const std::string& value);

 private:
  std::shared_ptr<stream::ContextCore> core() const;

  std::weak_ptr<stream::ContextCore> core_;
};

}  // namespace tidemill
