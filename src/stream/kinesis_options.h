// stream/kpl_rules.h: what a configuration says of aggregated records.
#pragma once

#include "codec/kpl_page.h"
#include "tidemill/conf.h"

namespace tidemill::stream {

// Without the range of the shard.
inline codec::KplRules kplRulesOf(const Conf& conf) {
  codec::KplRules rules;
  rules.deaggregate = conf.getBoolean("tidemill.kpl.deaggregate");
  const std::string outside = conf.getText("tidemill.kpl.outOfRange");
  if (outside == "keep") rules.outOfRange = KplOutOfRange::kKeep;
  if (outside == "keep_and_count") rules.outOfRange = KplOutOfRange::kKeepAndCount;
  return rules;
}

}  // namespace tidemill::stream
