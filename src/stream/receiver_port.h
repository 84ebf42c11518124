// stream/receiver_port.h: what lies between the threads of a program's receiver and the lanes.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rt/guarded.h"
#include "rt/inbox.h"
#include "tidemill/time.h"

namespace tidemill::stream {

// What a receiver asks of the control lane.
struct ReceiverRequest {
  std::string message;
  // False: only told.
  bool restart = false;
  std::optional<Duration> delay = std::nullopt;
};

// Outlives the engine as long as a thread of the program holds the receiver. Thread safe.
class ReceiverPort {
 public:
  // Elements that were stored together.
  using Elements = std::vector<std::string>;
  using OnRequest = std::function<void(ReceiverRequest)>;

  // Both at receiverStream(), before other threads know of it.
  void registered(int input, bool mayWait);
  int input() const { return input_; }

  // Throws Error(kUsage), see Receiver::store().
  bool store(Elements elements);
  bool started() const { return started_; }
  // Without effect while nobody listens.
  void ask(ReceiverRequest request);

  // The lanes' side. `onRequest` is called on threads of the program.
  void listen(OnRequest onRequest);
  void setStarted(bool started) { started_ = started; }
  rt::Inbox<Elements>& inbox() { return inbox_; }

 private:
  std::atomic<int> input_{-1};
  std::atomic<bool> mayWait_{false};
  std::atomic<bool> started_{false};
  rt::Inbox<Elements> inbox_{rt::InboxLimits{}};
  rt::Guarded<OnRequest> onRequest_;
};

}  // namespace tidemill::stream
