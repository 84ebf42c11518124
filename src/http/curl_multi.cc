#include "http/curl_multi.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/check.h"

namespace tidemill::http {

// One descriptor that libcurl watches. Handlers of Asio hold it, so it may outlive its place in the map.
struct CurlMulti::Watch {
  Watch(boost::asio::io_context& context, curl_socket_t socket, bool opened)
      : descriptor(context, socket), fd(socket), ours(opened) {}

  boost::asio::posix::stream_descriptor descriptor;
  const curl_socket_t fd;
  const bool ours;       // Opened by onOpen(); else a pipe inside libcurl, which it closes without telling.
  bool live = true;      // False once it left the map.
  int wanted = 0;        // CURL_POLL_IN and CURL_POLL_OUT as bits.
  bool reading = false;  // An Asio wait is under way.
  bool writing = false;
};

CurlMulti::Timer::Timer(CurlMulti& multi)
    : Waiter([](Waiter& self) {
        auto& timer = static_cast<Timer&>(self);
        timer.owner.act(CURL_SOCKET_TIMEOUT, 0);
      }),
      owner(multi) {}

CurlMulti::CurlMulti(rt::AsioLoop& loop, long idleConnectionsMax, Ended ended)
    : loop_(loop), ended_(std::move(ended)), multi_(curl_multi_init()), timer_(*this) {
  TIDEMILL_CHECK(multi_ != nullptr, "out of memory in libcurl");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::onSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::onTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, idleConnectionsMax);
}

CurlMulti::~CurlMulti() {
  curl_multi_cleanup(multi_);  // Closes the idle connections through onClose().
  for (auto& [socket, left] : watches_) {
    left->live = false;
    left->descriptor.release();
  }
}

void CurlMulti::adopt(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlMulti::onOpen);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::onClose);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

void CurlMulti::add(CURL* easy) {
  const CURLMcode code = curl_multi_add_handle(multi_, easy);
  TIDEMILL_CHECK(code == CURLM_OK, curl_multi_strerror(code));
}

void CurlMulti::remove(CURL* easy) {
  const CURLMcode code = curl_multi_remove_handle(multi_, easy);
  TIDEMILL_CHECK(code == CURLM_OK, curl_multi_strerror(code));
}

int CurlMulti::onSocket(CURL*, curl_socket_t socket, int wanted, void* self, void*) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (wanted != CURL_POLL_REMOVE) {
    const std::shared_ptr<Watch> watch = multi.watch(socket, false);
    watch->wanted = wanted;
    multi.arm(watch);
    return 0;
  }
  const auto found = multi.watches_.find(socket);
  if (found == multi.watches_.end()) return 0;
  found->second->wanted = 0;
  // A kept-alive connection stays registered, which saves two system calls per request.
  if (!found->second->ours) multi.forget(socket);
  return 0;
}

int CurlMulti::onTimer(CURLM*, long timeoutMs, void* self) {
  auto& multi = *static_cast<CurlMulti*>(self);
  multi.timer_.cancel();
  if (timeoutMs == 0) multi.loop_.makeReady(multi.timer_);
  if (timeoutMs > 0)
    multi.loop_.wakeAt(multi.timer_, multi.loop_.now() + std::chrono::milliseconds(timeoutMs));
  return 0;
}

curl_socket_t CurlMulti::onOpen(void* self, curlsocktype, curl_sockaddr* address) {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  static_cast<CurlMulti*>(self)->watch(fd, true);
  return fd;
}

int CurlMulti::onClose(void* self, curl_socket_t socket) {
  static_cast<CurlMulti*>(self)->forget(socket);
  return ::close(socket);
}

std::shared_ptr<CurlMulti::Watch> CurlMulti::watch(curl_socket_t socket, bool ours) {
  std::shared_ptr<Watch>& place = watches_[socket];
  if (place == nullptr) place = std::make_shared<Watch>(loop_.context(), socket, ours);
  return place;
}

void CurlMulti::forget(curl_socket_t socket) {
  const auto found = watches_.find(socket);
  if (found == watches_.end()) return;
  found->second->live = false;
  found->second->descriptor.release();
  watches_.erase(found);
}

void CurlMulti::arm(const std::shared_ptr<Watch>& watch) {
  using boost::asio::posix::stream_descriptor;
  if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
    watch->reading = true;
    watch->descriptor.async_wait(stream_descriptor::wait_read,
                                 [this, watch](const boost::system::error_code& error) {
                                   watch->reading = false;
                                   if (watch->live) ready(watch, static_cast<bool>(error), CURL_CSELECT_IN);
                                 });
  }
  if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
    watch->writing = true;
    watch->descriptor.async_wait(stream_descriptor::wait_write,
                                 [this, watch](const boost::system::error_code& error) {
                                   watch->writing = false;
                                   if (watch->live) ready(watch, static_cast<bool>(error), CURL_CSELECT_OUT);
                                 });
  }
}

void CurlMulti::ready(const std::shared_ptr<Watch>& watch, bool failed, int bits) {
  if ((watch->wanted & bits) == 0) return;  // Libcurl lost interest meanwhile; the bits are CURL_POLL's too.
  act(watch->fd, failed ? bits | CURL_CSELECT_ERR : bits);
  if (watch->live) arm(watch);
}

void CurlMulti::act(curl_socket_t socket, int bits) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, bits, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // The message dies with the removal.
    remove(easy);
    ended_(easy, code);
  }
}

}  // namespace tidemill::http
