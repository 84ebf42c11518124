// http/loopback_server.h: for tests: a real server on 127.0.0.1 whose answers are raw bytes.
#pragma once

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"

namespace tidemill::http {

// One accepted connection, used by the thread that serves it.
class LoopbackConnection {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  LoopbackConnection(Socket socket, int index, const std::atomic<bool>& stopping)
      : socket_(std::move(socket)),
        descriptor_(socket_.native_handle()),
        index_(index),
        stopping_(stopping) {}

  // Head and body of the next request; empty when the client has gone.
  std::string readRequest() {
    boost::system::error_code error;
    const std::size_t head =
        boost::asio::read_until(socket_, boost::asio::dynamic_buffer(received_), "\r\n\r\n", error);
    if (error) return {};
    const std::size_t total = head + contentLength(std::string_view(received_).substr(0, head));
    while (received_.size() < total) {
      char more[4096];
      const std::size_t size = socket_.read_some(boost::asio::buffer(more), error);
      if (error) return {};
      received_.append(more, size);
    }
    std::string request = received_.substr(0, total);
    received_.erase(0, total);
    return request;
  }
  // Some bytes, whatever they are; none when the client has gone.
  std::size_t readSome() {
    char some[4096];
    boost::system::error_code error;
    return socket_.read_some(boost::asio::buffer(some), error);
  }
  // False when the client has gone.
  bool write(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }
  // Waits until the client's side holds all that was written. Whether the client has read it is another
  // matter.
  void flush() {
    int left = 0;
    while (!stopping() && ::ioctl(descriptor_, SIOCOUTQ, &left) == 0 && left > 0) std::this_thread::yield();
  }
  bool respond(int status, std::string_view body, std::string_view moreHeaders = {}) {
    return write("HTTP/1.1 " + std::to_string(status) +
                 " Text\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                 std::string(moreHeaders) + "\r\n" + std::string(body));
  }
  // Ends the connection with a reset instead of an orderly close.
  void reset() {
    boost::system::error_code error;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), error);
    close();
  }
  void close() {
    descriptor_ = -1;
    boost::system::error_code error;
    socket_.close(error);
  }
  // From any thread: ends all waiting for the client.
  void interrupt() {
    const int descriptor = descriptor_;
    if (descriptor >= 0) ::shutdown(descriptor, SHUT_RDWR);
  }
  int index() const { return index_; }
  // For those who speak TLS over it; the connection keeps owning it.
  int descriptor() const { return descriptor_; }
  bool stopping() const { return stopping_; }

 private:
  static std::size_t contentLength(std::string_view head) {
    for (std::string_view line : base::split(head, '\n')) {
      if (!base::toLower(line).starts_with("content-length:")) continue;
      return static_cast<std::size_t>(base::parseInteger(base::trim(line.substr(15))).value_or(0));
    }
    return 0;
  }

  Socket socket_;
  std::atomic<int> descriptor_;
  const int index_;
  const std::atomic<bool>& stopping_;
  std::string received_;
};

// Accepts until it is destroyed, and runs `serve` on a thread for each connection; `serve` must return once
// the connection is gone or stopping().
class LoopbackServer {
 public:
  using Serve = std::function<void(LoopbackConnection&)>;

  explicit LoopbackServer(Serve serve)
      : serve_(std::move(serve)),
        acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
        port_(acceptor_.local_endpoint().port()),
        accepting_([this] { accept(); }) {}
  ~LoopbackServer() {
    stopping_ = true;
    boost::asio::ip::tcp::socket wake(context_);
    boost::system::error_code error;
    wake.connect({boost::asio::ip::address_v4::loopback(), port_}, error);
    accepting_.join();
    for (Served& served : served_) {
      served.connection->interrupt();
      served.thread.join();
    }
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  struct Served {
    std::unique_ptr<LoopbackConnection> connection;
    std::thread thread;
  };

  void accept() {
    for (;;) {
      boost::system::error_code error;
      auto socket = acceptor_.accept(error);
      if (stopping_ || error) return;
      const int index = connections_++;
      auto connection = std::make_unique<LoopbackConnection>(std::move(socket), index, stopping_);
      LoopbackConnection& served = *connection;
      std::thread thread([this, &served] {
        serve_(served);
        served.close();
      });
      served_.push_back({std::move(connection), std::move(thread)});
    }
  }

  Serve serve_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const unsigned short port_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::vector<Served> served_;  // Of the accepting thread until it has ended.
  std::thread accepting_;
};

}  // namespace tidemill::http
