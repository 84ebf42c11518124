#include "tidemill/context_conf.h"

#include "stream/conf_table.h"
#include "stream/context_core.h"

namespace tidemill {

std::shared_ptr<stream::ContextCore> ContextConf::core() const {
  auto core = core_.lock();
  if (core == nullptr) {
    throw Error(Code::kUsage, "the settings of a StreamingContext that is gone",
                "keep the context as long as its settings are used");
  }
  return core;
}

std::optional<std::string> ContextConf::get(const std::string& key) const {
  return core()->settings().get(key);
}

std::string ContextConf::origin(const std::string& key) const {
  return core()->settings().origin(key);
}

void ContextConf::set(const std::string& key, const std::string& value) {
  if (stream::isDynamicConfKey(key)) return core()->change(key, value);
  if (stream::findConfEntry(key) == nullptr) {
    throw Error(Code::kUsage, key + " is no setting that a context knows", "tidemill conf lists all keys");
  }
  throw Error(Code::kUsage, key + " is read when the context is made and cannot be changed afterwards",
              "set it on the Conf that the StreamingContext is made with");
}

}  // namespace tidemill
