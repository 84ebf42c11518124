#include "fake/server.h"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/check.h"

namespace tidemill::fake {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kRequestBytesMax = 16u << 20;
constexpr int kConnectionsMax = 1024;
constexpr std::chrono::milliseconds kAcceptPause{100};

rt::WallTime wallNow() {
  // allow(check_determinism): the peers of a real socket live in real time, and there is no Loop here
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// Everything up to the body.
std::string headOf(const http::Response& response, bool keepAlive) {
  const auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(response.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, view(reason));
  for (const auto& header : response.headers) {
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (!keepAlive) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

// One connection. Keeps itself alive through the handler that is under way; there is always exactly one.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const FakeServer::Answerer& answerer, int& connections,
             std::chrono::milliseconds patienceMax)
      : socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        patience_(socket_.get_executor()),
        patienceMax_(patienceMax),
        answerer_(answerer),
        connections_(connections) {
    ++connections_;
    ErrorCode ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
  }
  ~Connection() { --connections_; }

  void readRequest() {
    parser_.emplace();
    parser_->body_limit(kRequestBytesMax);
    bePatient();
    beast::http::async_read_header(
        socket_, buffer_, *parser_,
        [self = shared_from_this()](ErrorCode error, std::size_t) { self->onHeader(error); });
  }

 private:
  using Parser = beast::http::request_parser<beast::http::string_body>;

  // From now on the peer has that long to send its request, or to take the answer.
  void bePatient() {
    patience_.expires_after(patienceMax_);
    patience_.async_wait([weak = weak_from_this()](ErrorCode error) {
      const auto self = weak.lock();
      ErrorCode ignored;
      if (!error && self != nullptr) self->socket_.close(ignored);
    });
  }

  void onHeader(ErrorCode error) {
    if (error == beast::http::error::body_limit) return refuseLargeBody();
    if (error) return;
    if (view(parser_->get()[beast::http::field::expect]) != "100-continue") return readBody();
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(head_),
                      [self = shared_from_this()](ErrorCode failed, std::size_t) {
                        if (!failed) self->readBody();
                      });
  }

  void readBody() {
    beast::http::async_read(socket_, buffer_, *parser_,
                            [self = shared_from_this()](ErrorCode error, std::size_t) {
                              if (error == beast::http::error::body_limit) return self->refuseLargeBody();
                              if (!error) self->answer();
                            });
  }

  void refuseLargeBody() {
    head_ = "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    asio::async_write(socket_, asio::buffer(head_), [self = shared_from_this()](ErrorCode, std::size_t) {
      ErrorCode ignored;
      self->socket_.shutdown(tcp::socket::shutdown_both, ignored);
    });
  }

  void answer() {
    auto message = parser_->release();
    http::Request request;
    request.method = std::string(view(message.method_string()));
    request.url = fmt::format("http://{}{}", view(message[beast::http::field::host]), view(message.target()));
    for (const auto& field : message) {
      request.headers.push_back({std::string(view(field.name_string())), std::string(view(field.value()))});
    }
    request.body = std::move(message.body());
    keepAlive_ = message.keep_alive();
    patience_.cancel();
    answer_ = answerer_(request, wallNow());
    if (answer_.delay.count() == 0) return writeAnswer();
    timer_.expires_after(answer_.delay);
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error) self->writeAnswer();
    });
  }

  void writeAnswer() {
    if (answer_.delivery == FakeAnswer::Delivery::kLost) return reset();
    std::string_view body = answer_.response.body->view();
    if (answer_.delivery == FakeAnswer::Delivery::kCut) body = body.substr(0, body.size() / 2);
    head_ = headOf(answer_.response, keepAlive_);
    bePatient();
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head_),
                                                  asio::buffer(body.data(), body.size())};
    asio::async_write(socket_, parts, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error) self->onWritten();
    });
  }

  void onWritten() {
    if (answer_.delivery == FakeAnswer::Delivery::kCut) return reset();
    // The body may be large, and the next request may be long in coming.
    answer_ = {};
    if (keepAlive_) return readRequest();
    ErrorCode ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  }

  // Closes with a reset, as a broken network does, instead of an orderly end.
  void reset() {
    ErrorCode ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  asio::steady_timer patience_;
  const std::chrono::milliseconds patienceMax_;
  const FakeServer::Answerer& answerer_;
  int& connections_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  FakeAnswer answer_;
  std::string head_;
  bool keepAlive_ = true;
};

}  // namespace

struct FakeServer::Impl {
  Impl(Answerer answers, std::chrono::milliseconds patience)
      : answerer(std::move(answers)),
        patienceMax(patience),
        acceptor(context),
        pause(context),
        signals(context) {}

  void accept() {
    acceptor.async_accept([this](ErrorCode error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return acceptLater();
      // Beyond the limit the peer sees its connection closed and tries again.
      if (connections < kConnectionsMax) {
        std::make_shared<Connection>(std::move(socket), answerer, connections, patienceMax)->readRequest();
      }
      accept();
    });
  }

  // Out of descriptors the next try would fail at once, over and over: connections must end first.
  void acceptLater() {
    ++acceptFailures;
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](ErrorCode error) {
      if (!error) accept();
    });
  }

  const Answerer answerer;
  const std::chrono::milliseconds patienceMax;
  std::atomic<int> acceptFailures{0};
  // Before the context: connections that it destroys still count themselves out.
  int connections = 0;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  asio::signal_set signals;
};

FakeServer::FakeServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FakeServer::~FakeServer() = default;

Result<std::unique_ptr<FakeServer>> FakeServer::listen(FakeAws& aws, int port,
                                                       std::chrono::milliseconds patience) {
  return listen([&aws](const http::Request& request, rt::WallTime now) { return aws.handle(request, now); },
                port, patience);
}

Result<std::unique_ptr<FakeServer>> FakeServer::listen(Answerer answerer, int port,
                                                       std::chrono::milliseconds patience) {
  TIDEMILL_CHECK(port >= 0 && port <= 65535);
  auto impl = std::make_unique<Impl>(std::move(answerer), patience);
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), static_cast<unsigned short>(port));
  ErrorCode error;
  impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(Code::kIo, fmt::format("cannot listen on 127.0.0.1:{}: {}", port, error.message()),
                "choose another port, or port 0 for a free one");
  }
  impl->accept();
  return std::unique_ptr<FakeServer>(new FakeServer(std::move(impl)));
}

int FakeServer::port() const {
  return impl_->acceptor.local_endpoint().port();
}

int FakeServer::acceptFailures() const {
  return impl_->acceptFailures;
}

void FakeServer::run() {
  impl_->context.run();
}

void FakeServer::stop() {
  impl_->context.stop();
}

void FakeServer::stopOnSignals() {
  impl_->signals.add(SIGTERM);
  impl_->signals.add(SIGINT);
  impl_->signals.async_wait([this](ErrorCode error, int) {
    if (!error) stop();
  });
}

Result<void> serveFake(const FakeServerOptions& options, const std::function<void(int port)>& onListening) {
  FakeAws aws(options.aws);
  FakeStores stores(aws.options(), options.stores);
  const auto answer = [&](const http::Request& request, rt::WallTime now) {
    return stores.isFor(request) ? stores.handle(request, now) : aws.handle(request, now);
  };
  auto server = FakeServer::listen(answer, options.port);
  if (!server) return fail(server.error());
  (*server)->stopOnSignals();
  onListening((*server)->port());
  (*server)->run();
  return {};
}

}  // namespace tidemill::fake
