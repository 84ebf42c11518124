#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rt/socket_reader.h"
#include "stream/context_core.h"
#include "tidemill/receiver.h"

namespace tidemill {
namespace {

constexpr std::size_t kSocketLineMost = 16u << 20;
constexpr int kPortMost = 65'535;

// (Spark: SocketReceiver)
class SocketTextReceiver final : public Receiver<std::string> {
 public:
  SocketTextReceiver(std::string host, int port, StorageLevel level)
      : Receiver(level), host_(std::move(host)), port_(port) {}
  ~SocketTextReceiver() override { reader_.reset(); }

  void onStart() override {
    line_.clear();
    reader_ = std::make_unique<rt::SocketReader>(
        host_, port_, [this](std::string_view bytes) { take(bytes); },
        [this](const std::string& reason) { ended(reason); });
  }
  void onStop() override { reader_.reset(); }

 private:
  void take(std::string_view bytes) {
    std::vector<std::string> lines;
    for (;;) {  // Bounded by the bytes.
      const std::size_t newline = bytes.find('\n');
      line_.append(bytes.substr(0, newline));
      if (newline == std::string_view::npos) break;
      lines.push_back(whole());
      bytes.remove_prefix(newline + 1);
    }
    if (!lines.empty()) store(lines);
    if (line_.size() <= kSocketLineMost) return;
    line_.clear();
    restart(fmt::format("{}:{} sent a line of more than 16 MiB", host_, port_));
  }
  void ended(const std::string& reason) {
    if (!line_.empty()) store(whole());
    restart(fmt::format("{}:{}: {}", host_, port_, reason));
  }
  std::string whole() {
    if (line_.ends_with('\r')) line_.pop_back();
    return std::exchange(line_, {});
  }

  const std::string host_;
  const int port_;
  // Of the reader's thread while there is one.
  std::string line_;
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
  return receiverStream<std::string>(std::make_shared<SocketTextReceiver>(hostname, port, storageLevel));
}

}  // namespace tidemill
