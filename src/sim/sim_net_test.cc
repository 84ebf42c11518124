#include "sim/sim_net.h"

#include <gtest/gtest.h>

#include <optional>

#include "rt/task_group.h"

namespace tidemill::sim {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kEachTime = 1'000'000;

class SimNetTest : public testing::Test {
 protected:
  SimNetTest() {
    net_.serve("service.local", {.handle =
                                     [this](const http::Request& request, rt::WallTime now) {
                                       ++applied_;
                                       lastBody_ = request.body;
                                       lastTime_ = now;
                                       return makeResponse(200, "text/plain", "0123456789");
                                     },
                                 .throttled = {}});
    request_.url = "https://service.local:4567/path?query";
    request_.body = "question";
  }

  Result<http::Response> call(rt::Duration patience = 1s, std::size_t bytesMax = 1000) {
    const http::SendOptions options{.deadline = loop_.now() + patience, .bodyBytesMax = bytesMax};
    return loop_.run(transport_.send(request_, options));
  }

  SimLoop loop_{1};
  History history_;
  SimNet net_{loop_, history_, 1, {}};
  SimTransport transport_{net_, loop_, "node"};
  http::Request request_;
  int applied_ = 0;
  std::string lastBody_;
  rt::WallTime lastTime_;
};

TEST_F(SimNetTest, CarriesTheRequestAndTheAnswer) {
  const auto response = call();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body->view(), "0123456789");
  EXPECT_EQ(response->header("content-type"), "text/plain");
  EXPECT_EQ(lastBody_, "question");
  EXPECT_GE(loop_.now() - rt::TimePoint{}, 1ms);
  EXPECT_LT(loop_.now() - rt::TimePoint{}, 31ms);
  EXPECT_EQ(net_.calls(), 1U);
}

TEST_F(SimNetTest, ALostRequestChangesNothingAndTimesOut) {
  net_.faults().requestLost = kEachTime;
  const auto response = call();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kTimeout);
  EXPECT_NE(response.error().message().find("service.local"), std::string::npos);
  EXPECT_EQ(applied_, 0);
  EXPECT_EQ(loop_.now() - rt::TimePoint{}, 1s);
}

TEST_F(SimNetTest, ALostResponseTimesOutAlthoughTheServiceApplied) {
  net_.faults().responseLost = kEachTime;
  const auto response = call();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::kTimeout);
  EXPECT_EQ(applied_, 1);
}

TEST_F(SimNetTest, AResetIsUnreachableAndTheServiceMayHaveApplied) {
  net_.faults().reset = kEachTime;
  for (int i = 0; i < 100; ++i) {
    const auto response = call();
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Code::kUnreachable);
  }
  EXPECT_GT(applied_, 20);
  EXPECT_LT(applied_, 80);
}

TEST_F(SimNetTest, AServerErrorMayComeAfterTheEffect) {
  net_.faults().serverError = kEachTime;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(call()->status, 500);
  EXPECT_GT(applied_, 5);
  EXPECT_LT(applied_, 60);
}

TEST_F(SimNetTest, AThrottledRequestIsNotApplied) {
  net_.faults().throttle = kEachTime;
  const auto response = call();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 400);
  EXPECT_NE(response->body->view().find("ProvisionedThroughputExceededException"), std::string_view::npos);
  EXPECT_EQ(applied_, 0);
}

TEST_F(SimNetTest, ASlowRequestIsAppliedAfterItsCallerGaveUp) {
  net_.faults().slow = kEachTime;
  net_.faults().slowMax = 1h;
  EXPECT_EQ(call(1ms).error().code(), Code::kTimeout);
  EXPECT_EQ(applied_, 0);
  loop_.runFor(1h);
  EXPECT_EQ(applied_, 1);
}

TEST_F(SimNetTest, ARequestInFlightOutlivesItsCaller) {
  {
    rt::TaskGroup group(loop_);
    const auto ask = [](SimTransport& transport, const http::Request& what,
                        rt::Loop& loop) -> rt::Task<void> {
      const http::SendOptions options{.deadline = loop.now() + 1s};
      auto response = co_await transport.send(what, options);
      ADD_FAILURE() << "the caller was cancelled";
    };
    group.spawn(ask(transport_, request_, loop_));
    loop_.step();
  }
  request_.body = "changed since";
  loop_.runFor(1s);
  EXPECT_EQ(applied_, 1);
  EXPECT_EQ(lastBody_, "question");
}

TEST_F(SimNetTest, TheDeadlineComesBeforeALateAnswer) {
  net_.faults().latencyMin = 400ms;
  net_.faults().latencyMax = 400ms;
  EXPECT_EQ(call(500ms).error().code(), Code::kTimeout);
  EXPECT_EQ(loop_.now() - rt::TimePoint{}, 500ms);
  EXPECT_EQ(applied_, 1);
  EXPECT_TRUE(call(801ms));
}

TEST_F(SimNetTest, RefusesABodyAboveTheLimit) {
  EXPECT_TRUE(call(1s, 10));
  EXPECT_EQ(call(1s, 9).error().code(), Code::kResponseTooLarge);
}

TEST_F(SimNetTest, AnUnknownHostIsUnreachable) {
  request_.url = "http://nobody.local/";
  const auto response = call();
  EXPECT_EQ(response.error().code(), Code::kUnreachable);
  EXPECT_NE(response.error().message().find("nobody.local"), std::string::npos);
}

TEST_F(SimNetTest, CutsEachDirectionOnItsOwn) {
  net_.cutRequests("node", "service.local", true);
  EXPECT_EQ(call().error().code(), Code::kTimeout);
  EXPECT_EQ(applied_, 0);
  net_.cutRequests("node", "service.local", false);

  net_.cutResponses("node", "service.local", true);
  EXPECT_EQ(call().error().code(), Code::kTimeout);
  EXPECT_EQ(applied_, 1);
  net_.healAll();
  EXPECT_TRUE(call());
}

TEST_F(SimNetTest, WithFaultsOffEverythingArrives) {
  NetFaults& faults = net_.faults();
  faults.requestLost = faults.responseLost = faults.reset = 333'333;
  faults.on = false;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(call());
  EXPECT_EQ(applied_, 100);
  EXPECT_EQ(net_.faultsDrawn(), 0U);
}

TEST_F(SimNetTest, ADeadNodeSendsNothing) {
  transport_.kill();
  EXPECT_FALSE(call());
  loop_.runFor(1s);
  EXPECT_EQ(applied_, 0);
  EXPECT_EQ(net_.calls(), 0U);
}

TEST(HostOfUrl, IsWhatStandsBetweenSchemeAndPort) {
  EXPECT_EQ(hostOfUrl("https://service.local/x"), "service.local");
  EXPECT_EQ(hostOfUrl("http://a:80"), "a");
  EXPECT_EQ(hostOfUrl("http://a?x"), "a");
  EXPECT_EQ(hostOfUrl("a/b"), "");
}

}  // namespace
}  // namespace tidemill::sim
