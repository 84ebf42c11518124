// stream/short_windows.h: windows that lack, after a restart, what came before a restored state.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "stream/graph.h"
#include "tidemill/time.h"

namespace tidemill::stream {

struct ShortWindow {
  std::string window;
  // The operator with state that it looks at, maybe through others.
  std::string state;
  // Windows that end at or after this time are whole; of some earlier ones it may be so too.
  Time until{};
};

// Those that an output needs and that are not whole yet at `first`, the time of the first batch. `restored`:
// the time of each state that was restored, by the uid under which it is kept. After Graph::plan().
std::vector<ShortWindow> shortWindows(const Graph& graph, const std::map<std::string, Time>& restored,
                                      Time first);

}  // namespace tidemill::stream
