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

// What StreamingContext::conf() gives. Most settings are read once, when the context is made; Spark would
// take a later change in silence and do nothing. Thread safe.
//
//   context.conf().get("spark.streaming.blockInterval");
//   context.conf().set("spark.streaming.receiver.maxRate", "5000");  // Receivers that run read slower.
class ContextConf {
 public:
  explicit ContextConf(std::weak_ptr<stream::ContextCore> core) : core_(std::move(core)) {}

  // As Conf has them. Throw Error(kUsage) when the context is gone.
  std::optional<std::string> get(const std::string& key) const;
  std::string origin(const std::string& key) const;

  // Of keys that a context that runs takes: spark.streaming.receiver.maxRate, which reaches running
  // receivers, spark.streaming.gracefulStopTimeout, spark.task.maxFailures and tidemill.batch.maxFailures.
  // Returns before that has happened. Throws Error(kInvalidConfig) for a value that does not fit, and
  // Error(kUsage), which says what to do instead, for every other key.
  void set(const std::string& key, const std::string& value);

 private:
  std::shared_ptr<stream::ContextCore> core() const;

  std::weak_ptr<stream::ContextCore> core_;
};

}  // namespace tidemill
