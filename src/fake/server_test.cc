#include "fake/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace tidemill::fake {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// A server on a thread of its own, and a plain socket to it.
class Server : public testing::Test {
 protected:
  Server() : server(std::move(*FakeServer::listen(aws, 0))), thread([this] { server->run(); }) {
    socket.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(server->port())});
  }
  ~Server() override {
    server->stop();
    thread.join();
  }

  void send(const std::string& bytes) { asio::write(socket, asio::buffer(bytes)); }

  // Head and body of one answer.
  std::string receive() {
    boost::system::error_code error;
    const std::size_t head = asio::read_until(socket, asio::dynamic_buffer(pending), "\r\n\r\n", error);
    if (error) return "";
    std::size_t length = 0;
    const auto at = pending.find("Content-Length: ");
    if (at != std::string::npos && at < head) length = std::stoul(pending.substr(at + 16));
    if (pending.size() < head + length) {
      asio::read(socket, asio::dynamic_buffer(pending),
                 asio::transfer_exactly(head + length - pending.size()), error);
    }
    const std::string answer = pending.substr(0, head + length);
    pending.erase(0, head + length);
    return answer;
  }

  static std::string post(const std::string& body, const std::string& headers = "") {
    return "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Type: "
           "application/x-amz-json-1.1\r\n" +
           headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  FakeAws aws{FakeAwsOptions{}};
  std::unique_ptr<FakeServer> server;
  std::thread thread;
  asio::io_context context;
  tcp::socket socket{context};
  std::string pending;
};

TEST_F(Server, AnswersManyRequestsOnOneConnection) {
  for (int i = 0; i < 3; ++i) {
    send(post("{}"));
    const std::string answer = receive();
    EXPECT_EQ(answer.substr(0, 26), "HTTP/1.1 400 Bad Request\r\n");
    EXPECT_NE(answer.find("MissingAuthenticationTokenException"), std::string::npos);
  }
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  send(post("{}") + post("{no"));

  EXPECT_NE(receive().find("MissingAuthenticationTokenException"), std::string::npos);
  EXPECT_NE(receive().find("SerializationException"), std::string::npos);
}

TEST_F(Server, TakesChunkedBodies) {
  send(
      "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Type: "
      "application/x-amz-json-1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");

  EXPECT_NE(receive().find("MissingAuthenticationTokenException"), std::string::npos);
}

TEST_F(Server, InvitesBodiesThatWaitToBeInvited) {
  const std::string whole = post("{}", "Expect: 100-continue\r\n");
  send(whole.substr(0, whole.size() - 2));
  EXPECT_EQ(receive(), "HTTP/1.1 100 Continue\r\n\r\n");

  send("{}");

  EXPECT_NE(receive().find("MissingAuthenticationTokenException"), std::string::npos);
}

TEST_F(Server, RefusesBodiesOverSixteenMebibytes) {
  send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16777217\r\n\r\n");

  EXPECT_EQ(receive().substr(0, 12), "HTTP/1.1 413");
}

TEST_F(Server, ClosesWhenAsked) {
  send(post("{}", "Connection: close\r\n"));

  EXPECT_NE(receive().find("Connection: close"), std::string::npos);
  EXPECT_EQ(receive(), "");
}

TEST_F(Server, SurvivesGarbage) {
  send("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_EQ(receive(), "");

  tcp::socket again(context);
  again.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(server->port())});
  socket = std::move(again);
  send(post("{}"));
  EXPECT_NE(receive().find("MissingAuthenticationTokenException"), std::string::npos);
}

TEST(FakeServer, SaysWhichPortIsTaken) {
  FakeAws aws{FakeAwsOptions{}};
  auto first = FakeServer::listen(aws, 0);
  ASSERT_TRUE(first);

  const auto second = FakeServer::listen(aws, (*first)->port());

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kIo);
  EXPECT_NE(second.error().message().find(std::to_string((*first)->port())), std::string::npos);
}

// Takes the right to new descriptors away from the process as long as it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit none = before_;
    none.rlim_cur = 3;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

TEST_F(Server, WaitsForDescriptorsInsteadOfSpinning) {
  tcp::socket late(context);
  late.open(tcp::v4());
  const auto start = std::chrono::steady_clock::now();
  {
    const NoDescriptors none;
    late.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(server->port())});
    while (server->acceptFailures() < 3) std::this_thread::yield();
  }

  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(200));
  socket = std::move(late);
  send(post("{}"));
  EXPECT_NE(receive().find("MissingAuthenticationTokenException"), std::string::npos);
}

TEST(ServerPatience, ClosesAConnectionOnWhichNothingComes) {
  FakeAws aws{FakeAwsOptions{}};
  auto server = std::move(*FakeServer::listen(aws, 0, std::chrono::milliseconds(20)));
  std::thread thread([&] { server->run(); });
  asio::io_context context;
  tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(server->port())});
  asio::write(socket, asio::buffer(std::string("POST / HTTP/1.1\r\n")));

  char byte = 0;
  boost::system::error_code error;
  EXPECT_EQ(asio::read(socket, asio::buffer(&byte, 1), error), 0u);

  EXPECT_TRUE(error == asio::error::eof || error == asio::error::connection_reset) << error.message();
  server->stop();
  thread.join();
}

}  // namespace
}  // namespace tidemill::fake
