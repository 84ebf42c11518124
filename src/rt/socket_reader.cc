#include "rt/socket_reader.h"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <thread>
#include <utility>

namespace tidemill::rt {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

}  // namespace

struct SocketReader::State {
  State(OnBytes toldBytes, OnEnd toldEnd) : onBytes(std::move(toldBytes)), onEnd(std::move(toldEnd)) {}

  void connect(const boost::system::error_code& failed, const tcp::resolver::results_type& found) {
    if (failed) return onEnd("the host is not found: " + failed.message());
    asio::async_connect(socket, found,
                        [this](const boost::system::error_code& refused, const tcp::endpoint&) {
                          if (refused) return onEnd("no connection: " + refused.message());
                          read();
                        });
  }
  void read() {
    socket.async_read_some(asio::buffer(piece),
                           [this](const boost::system::error_code& ended, std::size_t bytes) {
                             if (bytes > 0) onBytes(std::string_view(piece.data(), bytes));
                             if (!ended) return read();
                             onEnd(ended == asio::error::eof ? "the server has closed the connection"
                                                             : "the connection broke: " + ended.message());
                           });
  }

  const OnBytes onBytes;
  const OnEnd onEnd;
  asio::io_context io;
  tcp::resolver resolver{io};
  tcp::socket socket{io};
  std::array<char, 64 << 10> piece;
  std::thread thread;
};

SocketReader::SocketReader(const std::string& host, int port, OnBytes onBytes, OnEnd onEnd)
    : state_(std::make_unique<State>(std::move(onBytes), std::move(onEnd))) {
  State* const state = state_.get();
  state->resolver.async_resolve(
      host, std::to_string(port),
      [state](const boost::system::error_code& failed, const tcp::resolver::results_type& found) {
        state->connect(failed, found);
      });
  state->thread = std::thread([state] { state->io.run(); });
}

SocketReader::~SocketReader() {
  state_->io.stop();
  state_->thread.join();
}

}  // namespace tidemill::rt
