#include "stream/receiver_port.h"

#include <utility>

#include "rt/no_waiting.h"
#include "stream/context_core.h"
#include "tidemill/error.h"
#include "tidemill/receiver.h"

namespace tidemill {
namespace stream {

void ReceiverPort::registered(int input, bool mayWait) {
  input_ = input;
  mayWait_ = mayWait;
}

bool ReceiverPort::mayWait() const {
  return mayWait_ && rt::NoWaiting::here() == nullptr;
}

bool ReceiverPort::store(Elements elements) {
  return elements.empty() ? started() : put({std::move(elements)});
}

bool ReceiverPort::storeTogether(Elements elements) {
  if (!mayWait()) {
    throw Error(Code::kUsage, "a receiver stores elements together where it cannot wait for the block store",
                "store on a thread of the receiver's own, or one by one");
  }
  if (elements.empty()) return started();
  const rt::Receipts::Number receipt = handIn(std::move(elements));
  return receipt != rt::Receipts::kNone && receipts_.await(receipt);
}

rt::Receipts::Number ReceiverPort::handIn(Elements elements) {
  const rt::Receipts::Number receipt = receipts_.issue();
  if (put({std::move(elements), receipt})) return receipt;
  receipts_.forget(receipt);
  return rt::Receipts::kNone;
}

bool ReceiverPort::put(Stored stored) {
  std::int64_t bytes = 0;
  for (const std::string& element : stored.elements) bytes += static_cast<std::int64_t>(element.size());
  const auto count = static_cast<std::int64_t>(stored.elements.size());
  switch (inbox_.put(std::move(stored), count, bytes, mayWait())) {
    case rt::InboxPut::kTaken:
      return true;
    case rt::InboxPut::kClosed:
      return false;
    case rt::InboxPut::kFull:
      break;
  }
  throw Error(Code::kUsage, "a receiver stores more than can be taken, where it cannot wait",
              "store on a thread of the receiver's own, or less at a time");
}

void ReceiverPort::ask(ReceiverRequest request) {
  onRequest_.with([&](const OnRequest& onRequest) {
    if (onRequest) onRequest(std::move(request));
  });
}

void ReceiverPort::listen(OnRequest onRequest) {
  onRequest_.with([&](OnRequest& present) { present = std::move(onRequest); });
}

}  // namespace stream

namespace detail {

ReceiverBase::ReceiverBase(StorageLevel storageLevel)
    : storageLevel_(storageLevel), port_(std::make_shared<stream::ReceiverPort>()) {}

ReceiverBase::~ReceiverBase() = default;

int ReceiverBase::streamId() const {
  return port_->input();
}

bool ReceiverBase::isStarted() const {
  return port_->started();
}

void ReceiverBase::reportError(const std::string& message) {
  port_->ask({message});
}

void ReceiverBase::ask(const std::string& message, std::optional<Duration> delay) {
  port_->ask({message, true, delay});
}

bool ReceiverBase::storeBytes(std::string element) {
  return port_->store({std::move(element)});
}

bool ReceiverBase::storeTogether(std::vector<std::string> elements) {
  return port_->storeTogether(std::move(elements));
}

int GraphAccess::addReceiver(stream::ContextCore& core, std::shared_ptr<ReceiverBase> receiver) {
  if (receiver == nullptr) {
    throw Error(Code::kUsage, "receiverStream() was given no receiver", "make one with std::make_shared");
  }
  if (receiver->streamId() >= 0) {
    throw Error(Code::kUsage, "a receiver belongs to a stream already",
                "make one for each stream, or use the stream twice");
  }
  if (receiver->storageLevel() == StorageLevel::NONE) {
    throw Error(Code::kUsage, "a receiver with the storage level NONE, which stores nothing",
                "choose a level that keeps blocks: nothing can be asked for a second time");
  }
  stream::Graph& graph = core.editableGraph();
  const std::size_t input = graph.inputs.size();
  stream::KinesisSource source;
  source.applicationName = "receiver";
  source.streamName = "receiver-" + std::to_string(input);
  source.storageLevel = receiver->storageLevel();
  graph.inputs.push_back(std::move(source));
  receiver->port()->registered(static_cast<int>(input), !core.world()->borrowed());
  graph.receivers.emplace(input, std::move(receiver));
  return static_cast<int>(input);
}

}  // namespace detail
}  // namespace tidemill
