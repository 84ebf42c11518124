// stream/receiver_port.h: what lies between the threads of a program's receiver and the lanes.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rt/guarded.h"
#include "rt/inbox.h"
#include "rt/receipts.h"
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
  struct Stored {
    Elements elements;
    // Of who waits until they are in the block store.
    rt::Receipts::Number receipt = rt::Receipts::kNone;
  };
  using Receipts = std::vector<rt::Receipts::Number>;
  using OnRequest = std::function<void(ReceiverRequest)>;

  // Both at receiverStream(), before other threads know of it.
  void registered(int input, bool mayWait);
  int input() const { return input_; }

  // See Receiver::store(). Both throw Error(kUsage) where they would have to wait and must not.
  bool store(Elements elements);
  bool storeTogether(Elements elements);
  // The same without the wait for the block store: receipts() have the answer. kNone: they were not taken.
  rt::Receipts::Number handIn(Elements elements);
  bool started() const { return started_; }
  // Without effect while nobody listens.
  void ask(ReceiverRequest request);

  // The lanes' side. `onRequest` is called on threads of the program.
  void listen(OnRequest onRequest);
  void setStarted(bool started) { started_ = started; }
  rt::Inbox<Stored>& inbox() { return inbox_; }
  rt::Receipts& receipts() { return receipts_; }

 private:
  bool mayWait() const;
  bool put(Stored stored);

  std::atomic<int> input_{-1};
  std::atomic<bool> mayWait_{false};
  std::atomic<bool> started_{false};
  rt::Inbox<Stored> inbox_{rt::InboxLimits{}};
  rt::Receipts receipts_;
  rt::Guarded<OnRequest> onRequest_;
};

}  // namespace tidemill::stream
