#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rt/socket_reader.h"
#include "stream/context_core.h"
#include "stream/socket_lines.h"
#include "tidemill/receiver.h"

namespace tidemill {
namespace {

constexpr int kPortMost = 65'535;

// (Spark: SocketReceiver)
class SocketTextReceiver final : public Receiver<std::string> {
 public:
  SocketTextReceiver(std::string host, int port, StorageLevel level, const rt::Faults& faults)
      : Receiver(level), host_(std::move(host)), port_(port), lines_(faults) {}
  ~SocketTextReceiver() override { reader_.reset(); }

  void onStart() override {
    lines_.clear();
    reader_ = std::make_unique<rt::SocketReader>(
        host_, port_, [this](std::string_view bytes) { take(bytes); },
        [this](const std::string& reason) { ended(reason); });
  }
  void onStop() override { reader_.reset(); }

 private:
  void take(std::string_view bytes) {
    const std::vector<std::string> lines = lines_.take(bytes);
    if (!lines.empty()) store(lines);
    if (!lines_.tooLong()) return;
    lines_.clear();
    restart(fmt::format("{}:{} sent a line of more than 16 MiB", host_, port_));
  }
  void ended(const std::string& reason) {
    std::optional<std::string> last = lines_.last();
    if (last) store(*last);
    restart(fmt::format("{}:{}: {}", host_, port_, reason));
  }

  const std::string host_;
  const int port_;
  // Of the reader's thread while there is one.
  stream::SocketLines lines_;
  std::unique_ptr<rt::SocketReader> reader_;
};

}  // namespace

DStream<std::string> StreamingContext::socketTextStream(const std::string& hostname, int port,
                                                        StorageLevel storageLevel) {
  if (hostname.empty()) throw Error(Code::kUsage, "socketTextStream() without a host", "name one");
  if (port < 1 || port > kPortMost) {
    throw Error(Code::kUsage, fmt::format("socketTextStream() with port {}", port),
                "choose a port from 1 to 65535");
  }
  if (core_->world()->borrowed()) {
    throw Error(Code::kUsage, "socketTextStream() in a borrowed world, which has no sockets",
                "use queueStream() or a Receiver");
  }
  const rt::Faults& faults = core_->world()->seams().env.faults;
  return receiverStream<std::string>(
      std::make_shared<SocketTextReceiver>(hostname, port, storageLevel, faults));
}

}  // namespace tidemill
