// http/curl_multi.h: many libcurl transfers at once on an Asio loop.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <memory>

#include "rt/asio_loop.h"

namespace tidemill::http {

// Wraps one multi handle with its sockets and timer. Two rules of libcurl shape it: a handle is never removed
// inside one of libcurl's own callbacks (ends are reported after them), and Asio lets go of a descriptor
// before libcurl closes its socket. Lives on the loop's lane; `loop` must outlive it.
class CurlMulti {
 public:
  // `ended` runs once for each transfer that ended by itself, when its handle has been removed already. It
  // must not add handles.
  using Ended = std::function<void(CURL* easy, CURLcode code)>;

  CurlMulti(rt::AsioLoop& loop, long idleConnectionsMax, Ended ended);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  // Once for each new easy handle, before its first add().
  void adopt(CURL* easy);
  void add(CURL* easy);
  // Ends a transfer that has not ended, and closes its connection.
  void remove(CURL* easy);

 private:
  struct Watch;
  struct Timer : rt::Waiter {
    explicit Timer(CurlMulti& multi);
    CurlMulti& owner;
  };

  static int onSocket(CURL* easy, curl_socket_t socket, int wanted, void* self, void* unused);
  static int onTimer(CURLM* multi, long timeoutMs, void* self);
  static curl_socket_t onOpen(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int onClose(void* self, curl_socket_t socket);

  std::shared_ptr<Watch> watch(curl_socket_t socket, bool ours);
  void forget(curl_socket_t socket);
  void arm(const std::shared_ptr<Watch>& watch);
  void ready(const std::shared_ptr<Watch>& watch, bool failed, int bits);
  void act(curl_socket_t socket, int bits);

  rt::AsioLoop& loop_;
  Ended ended_;
  CURLM* multi_;
  Timer timer_;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
};

}  // namespace tidemill::http
