// aws/scripted_transport.h: for tests: a transport that gives prepared answers and keeps what was sent.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "http/http_transport.h"

namespace tidemill::aws {

class ScriptedTransport final : public http::HttpTransport {
 public:
  explicit ScriptedTransport(rt::Loop& loop) : loop_(loop) {}

  void answer(int status, std::string_view body, std::vector<http::Header> headers = {}) {
    http::Response response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = codec::Body::copyOf(body);
    script_.emplace_back(std::move(response));
  }
  void answerJson(int status, std::string_view body) {
    answer(status, body, {{"Content-Type", "application/x-amz-json-1.1"}, {"x-amzn-RequestId", "request-1"}});
  }
  void answerCbor(int status, std::string_view body) {
    answer(status, body, {{"Content-Type", "application/x-amz-cbor-1.1"}, {"x-amzn-RequestId", "request-1"}});
  }
  void fail(Code code, std::string message) {
    script_.emplace_back(tidemill::fail(code, std::move(message)));
  }

  rt::Task<Result<http::Response>> send(const http::Request& request, http::SendOptions options) override {
    requests.push_back(request);
    sentAt.push_back(loop_.now());
    deadlines.push_back(options.deadline);
    co_await loop_.yield();
    TIDEMILL_CHECK(!script_.empty(), "a request that the test did not expect");
    Result<http::Response> next = std::move(script_.front());
    script_.pop_front();
    co_return next;
  }

  // True if everything was asked for.
  bool finished() const { return script_.empty(); }

  std::vector<http::Request> requests;
  std::vector<rt::TimePoint> sentAt;
  std::vector<rt::TimePoint> deadlines;

 private:
  rt::Loop& loop_;
  std::deque<Result<http::Response>> script_;
};

inline std::string sentHeader(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

// Keeps the names of the events, and their whole lines.
class CapturedLog final : public base::LogSink {
 public:
  void write(base::Severity severity, std::string_view event,
             const std::vector<base::LogField>& fields) override {
    events.emplace_back(event);
    lines.push_back(base::formatLogLine(severity, event, fields));
  }
  std::vector<std::string> events;
  std::vector<std::string> lines;
};

}  // namespace tidemill::aws
