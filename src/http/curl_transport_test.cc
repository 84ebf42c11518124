#include "http/curl_transport.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "http/loopback_server.h"
#include "rt/task_group.h"

namespace tidemill::http {
namespace {

using namespace std::chrono_literals;

class CurlTransportTest : public testing::Test {
 protected:
  // Runs the real loop until `task` has ended.
  void run(rt::Task<void> task) {
    rt::Waiter ended([](rt::Waiter& self) { static_cast<void>(self); });
    bool done = false;
    loop_.post([&] { done = task.start(loop_, ended); });
    while (!done) {
      loop_.context().run_one();
      done = done || task.done();
    }
  }
  static rt::Task<void> sendInto(CurlTransport& transport, const Request& request, SendOptions options,
                                 std::optional<Result<Response>>& answer) {
    answer = co_await transport.send(request, options);
  }
  Result<Response> send(const Request& request, rt::Duration patience = 20s,
                        std::size_t bodyBytesMax = 1u << 20) {
    std::optional<Result<Response>> answer;
    const SendOptions options{loop_.now() + patience, bodyBytesMax};
    run(sendInto(transport_, request, options, answer));
    return std::move(*answer);
  }
  static Request post(const LoopbackServer& server, std::string body) {
    Request request;
    request.url = server.url() + "/";
    request.headers = {{"X-Amz-Target", "Kinesis_20131202.ListShards"}};
    request.body = std::move(body);
    return request;
  }

  rt::AsioLoop loop_;
  CurlTransport transport_{loop_};
};

void echo(LoopbackConnection& connection) {
  for (std::string request = connection.readRequest(); !request.empty(); request = connection.readRequest()) {
    if (!connection.respond(200, request)) return;
  }
}

TEST_F(CurlTransportTest, SendsWhatWasGivenAndNothingThatCurlWouldAdd) {
  LoopbackServer server(echo);
  Request request = post(server, "{}");

  const Result<Response> answer = send(request);

  ASSERT_TRUE(answer) << answer.error().what();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body->view(),
            "POST / HTTP/1.1\r\nHost: " + server.url().substr(7) +
                "\r\nX-Amz-Target: Kinesis_20131202.ListShards\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_F(CurlTransportTest, AHundredCallsShareOneConnection) {
  LoopbackServer server(echo);
  const Request request = post(server, std::string(10'000, 'x'));

  for (int i = 0; i < 100; ++i) {
    const Result<Response> answer = send(request);
    ASSERT_TRUE(answer) << answer.error().what();
  }

  EXPECT_EQ(server.connections(), 1);
}

rt::Task<void> sendOne(CurlTransport& transport, const Request& request, SendOptions options,
                       int& succeeded) {
  auto answer = co_await transport.send(request, options);
  if (answer && answer->status == 200) ++succeeded;
}

rt::Task<void> sendMany(rt::Loop& loop, CurlTransport& transport, const Request& request, int& succeeded) {
  rt::TaskGroup group(loop);
  const SendOptions options{loop.now() + 20s};
  for (int i = 0; i < 50; ++i) group.spawn(sendOne(transport, request, options, succeeded));
  co_await group.join(20s);
}

TEST_F(CurlTransportTest, CallsRunSideBySide) {
  LoopbackServer server(echo);
  const Request request = post(server, "{}");
  int succeeded = 0;

  run(sendMany(loop_, transport_, request, succeeded));

  EXPECT_EQ(succeeded, 50);
}

TEST_F(CurlTransportTest, GivesLargeBodiesWholeAndReusesTheirMemory) {
  const std::string large(8u << 20, 'r');
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (!connection.readRequest().empty() && connection.respond(200, large)) {
    }
  });
  const Request request = post(server, "{}");
  const char* where = nullptr;
  {
    const Result<Response> answer = send(request, 20s, 16u << 20);
    ASSERT_TRUE(answer) << answer.error().what();
    EXPECT_TRUE(answer->body->view() == large);
    where = answer->body->view().data();
  }

  const Result<Response> again = send(request, 20s, 16u << 20);

  ASSERT_TRUE(again);
  EXPECT_EQ(again->body->view().data(), where);
}

TEST_F(CurlTransportTest, AnErrorStatusIsAnAnswer) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.respond(503, "<html>busy</html>", "Content-Type: text/html\r\nX-Amzn-RequestId: r-1\r\n");
  });

  const Result<Response> answer = send(post(server, "{}"));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->header("x-amzn-requestid"), "r-1");
  EXPECT_EQ(answer->body->view(), "<html>busy</html>");
}

TEST_F(CurlTransportTest, FollowsNoRedirect) {
  LoopbackServer other(echo);
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.readRequest();
    connection.respond(307, "", "Location: " + other.url() + "/\r\n");
  });

  const Result<Response> answer = send(post(server, "{}"));

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(CurlTransportTest, ABodyOverTheLimitFailsTheCall) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.respond(200, std::string(2000, 'x'));
  });

  const Result<Response> answer = send(post(server, "{}"), 20s, 1999);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kResponseTooLarge);
}

TEST_F(CurlTransportTest, ABodyAtTheLimitPasses) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.respond(200, std::string(2000, 'x'));
  });

  const Result<Response> answer = send(post(server, "{}"), 20s, 2000);

  ASSERT_TRUE(answer) << answer.error().what();
  EXPECT_EQ(answer->body->size(), 2000u);
}

TEST_F(CurlTransportTest, AnEndlessBodyWithoutALengthIsCut) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.write("1000\r\n" + std::string(0x1000, 'x') + "\r\n")) {
    }
  });

  const Result<Response> answer = send(post(server, "{}"), 20s, 100'000);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kResponseTooLarge);
}

TEST_F(CurlTransportTest, EndlessHeadersAreCut) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-More: " + std::string(1000, 'x') + "\r\n")) {
    }
  });

  const Result<Response> answer = send(post(server, "{}"));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kResponseTooLarge);
}

TEST_F(CurlTransportTest, ASlowDripEndsAtTheDeadline) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(1u << 30) + "\r\n\r\n");
    while (!connection.stopping() && connection.write("x")) connection.flush();
  });

  const Result<Response> answer = send(post(server, "{}"), 200ms, 1u << 30);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTimeout);
  EXPECT_NE(answer.error().message().find(server.url().substr(7)), std::string::npos);
}

TEST_F(CurlTransportTest, ASilentServerEndsAtTheDeadline) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.readRequest();  // Until the client goes.
  });

  const Result<Response> answer = send(post(server, "{}"), 100ms);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTimeout);
}

TEST_F(CurlTransportTest, ADeadlineInThePastSendsNothing) {
  LoopbackServer server(echo);

  const Result<Response> answer = send(post(server, "{}"), 0ms);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTimeout);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlTransportTest, AResetInTheBodyIsUnreachableAndSaysHowFarItCame) {
  // A reset drops what the client has not read, so the server waits until it has.
  std::promise<void> arrived;
  std::promise<void> read;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(300, 'x'));
    connection.flush();
    arrived.set_value();
    read.get_future().wait();
    connection.reset();
  });
  const Request request = post(server, "{}");
  std::optional<Result<Response>> answer;
  {
    rt::TaskGroup group(loop_);
    group.spawn(sendInto(transport_, request, {loop_.now() + 20s}, answer));
    const std::future<void> there = arrived.get_future();
    while (there.wait_for(0s) != std::future_status::ready) loop_.context().run_one_for(10ms);
    while (loop_.context().poll() > 0) {
    }
    read.set_value();
    while (!answer) loop_.context().run_one();
  }

  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code(), Code::kUnreachable);
  EXPECT_NE(answer->error().message().find("300 of 1000 bytes"), std::string::npos)
      << answer->error().message();
}

TEST_F(CurlTransportTest, AnOrderlyCloseInTheBodyIsUnreachable) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx");
  });

  const Result<Response> answer = send(post(server, "{}"));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnreachable);
}

TEST_F(CurlTransportTest, AConnectionClosedWhileIdleIsReplacedQuietly) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.respond(200, "once");
  });
  const Request request = post(server, "{}");

  for (int i = 0; i < 5; ++i) {
    const Result<Response> answer = send(request);
    ASSERT_TRUE(answer) << answer.error().what();
  }

  EXPECT_EQ(server.connections(), 5);
}

TEST_F(CurlTransportTest, ARefusedPortIsUnreachable) {
  Request request;
  {
    LoopbackServer closed(echo);
    request = post(closed, "{}");
  }

  const Result<Response> answer = send(request);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnreachable);
  EXPECT_TRUE(answer.error().retryable());
  EXPECT_FALSE(answer.error().hint().empty());
}

TEST_F(CurlTransportTest, AnUnknownNameIsUnreachable) {
  Request request;
  request.url = "http://no-such-host.invalid/";

  const Result<Response> answer = send(request);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kUnreachable);
  EXPECT_NE(answer.error().message().find("no-such-host.invalid"), std::string::npos);
}

TEST_F(CurlTransportTest, WhatIsNotHttpIsMalformed) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.write("220 smtp.example ready\r\n");
  });

  const Result<Response> answer = send(post(server, "{}"));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kMalformedResponse) << answer.error().what();
}

TEST_F(CurlTransportTest, TlsAgainstAPlainServerFailsAsTls) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.write("HTTP/1.1 400 Bad\r\n\r\n"); });
  Request request = post(server, "{}");
  request.url = "https" + request.url.substr(4);

  const Result<Response> answer = send(request);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kTlsFailed) << answer.error().what();
}

TEST_F(CurlTransportTest, RefusesOtherSchemesAndLineBreaks) {
  Request file;
  file.url = "file:///etc/passwd";
  LoopbackServer server(echo);
  Request broken = post(server, "{}");
  broken.headers.push_back({"X-Amz-Security-Token", "token\r\nX-Evil: 1"});

  EXPECT_EQ(send(file).error().code(), Code::kInvalidConfig);
  const Result<Response> answer = send(broken);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), Code::kInvalidConfig);
  EXPECT_EQ(answer.error().message().find("Evil"), std::string::npos);
}

TEST_F(CurlTransportTest, ADestroyedCallFreesTheLaneAtOnce) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.readRequest();
    connection.readRequest();  // Never answers; returns when the client goes.
  });
  const Request request = post(server, "{}");
  std::optional<Result<Response>> never;
  const SendOptions options{loop_.now() + 60s};
  const rt::TimePoint before = loop_.now();
  {
    rt::TaskGroup group(loop_);
    group.spawn(sendInto(transport_, request, options, never));
    while (server.connections() == 0) loop_.context().run_one_for(10ms);
    for (int i = 0; i < 20; ++i) loop_.context().poll();
    group.cancel();
  }

  EXPECT_FALSE(never);
  EXPECT_LT(loop_.now() - before, 20s);
  LoopbackServer next(echo);
  EXPECT_TRUE(send(post(next, "{}")));  // The transport still works.
}

}  // namespace
}  // namespace tidemill::http
