// rt/socket_reader.h: reads what a server sends over TCP, on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tidemill::rt {

// Connects, and reads until the connection ends. For inputs that exist in the real world only.
class SocketReader {
 public:
  // On the thread of the reader; it may wait, and nothing more is read meanwhile.
  using OnBytes = std::function<void(std::string_view bytes)>;
  // The same, at most once and last: the connection was not made, or has ended; why.
  using OnEnd = std::function<void(const std::string& reason)>;

  SocketReader(const std::string& host, int port, OnBytes onBytes, OnEnd onEnd);
  // Stops, and waits for a call that runs.
  ~SocketReader();
  SocketReader(const SocketReader&) = delete;
  SocketReader& operator=(const SocketReader&) = delete;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace tidemill::rt
