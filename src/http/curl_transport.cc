#include "http/curl_transport.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "http/body_pool.h"
#include "http/curl_errors.h"
#include "http/curl_multi.h"
#include "http/url.h"

namespace tidemill::http {
namespace {

constexpr std::size_t kHeaderBytesMax = 64u << 10;
// Stays in the cache between the system's copy into it and ours out of it.
constexpr long kBufferBytes = 64L << 10;
// A promised length beyond this is believed as it arrives.
constexpr std::size_t kReserveMax = 32u << 20;
constexpr std::size_t kIdleHandlesMax = 64;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  TIDEMILL_CHECK(longer != nullptr, "out of memory in libcurl");
  static_cast<void>(list.release());
  list.reset(longer);
}

bool hasHeader(const Request& request, std::string_view lowerName) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const Header& header) { return base::toLower(header.name) == lowerName; });
}

bool breaksLine(const Header& header) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  return header.name.find_first_of(kBreaks) != std::string::npos ||
         header.value.find_first_of(kBreaks) != std::string::npos;
}

HeaderList headerList(const Request& request) {
  HeaderList list;
  for (const Header& header : request.headers) {
    // A semicolon is libcurl's way to write a header without a value.
    append(list, header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  // What libcurl would add by itself: a wait for "100 Continue", a form's content type, a wish for anything.
  for (const char* unwanted : {"Expect", "Content-Type", "Accept"}) {
    if (!hasHeader(request, base::toLower(unwanted))) append(list, std::string(unwanted) + ":");
  }
  return list;
}

// Once for the process, before the first handle; libcurl counts and locks by itself.
void initialise() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  TIDEMILL_CHECK(code == CURLE_OK, curl_easy_strerror(code));
}

// OpenSSL writes to sockets without MSG_NOSIGNAL; a reset connection must not end the process.
void blockSigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

// What all calls of a transport share.
class CurlTransport::Core {
 public:
  Core(rt::AsioLoop& l, CurlOptions o)
      : loop(l),
        options(std::move(o)),
        bodies(options.idleBodyBytesMax),
        multi(l, options.idleConnectionsMax, [](CURL* easy, CURLcode code) { ended(easy, code); }) {}
  ~Core() {
    TIDEMILL_CHECK(active == 0, "calls must end before their transport");
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
  }

  CURL* takeHandle();
  void giveHandle(CURL* easy) {
    if (idle_.size() < kIdleHandlesMax) {
      idle_.push_back(easy);
    } else {
      curl_easy_cleanup(easy);
    }
  }

  rt::AsioLoop& loop;
  const CurlOptions options;
  BodyPool bodies;
  CurlMulti multi;
  int active = 0;

 private:
  static void ended(CURL* easy, CURLcode code);
  CURL* newHandle();

  std::vector<CURL*> idle_;
  bool prepared_ = false;
};

// One transfer: lives in the frame of send(), and stops when it is destroyed.
class CurlTransport::Call {
 public:
  Call(Core& core, const Request& request, SendOptions options)
      : core_(core), request_(request), options_(options), easy_(core.takeHandle()) {
    ++core_.active;
  }
  ~Call() {
    if (running_) core_.multi.remove(easy_);
    // The handle must not point into this frame any more.
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, nullptr);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, nullptr);
    core_.giveHandle(easy_);
    --core_.active;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // What cannot be sent at all; nothing if all is well.
  std::optional<Error> refusal() const;
  void start();
  Result<Response> result();

  // Awaited once, after start().
  struct End {
    Call& call;
    bool await_ready() const noexcept { return !call.running_; }
    void await_suspend(std::coroutine_handle<> handle) {
      call.waiter_.resumes(handle);
      call.awaited_ = true;
    }
    void await_resume() const noexcept {}
  };
  End ended() { return End{*this}; }

 private:
  friend class Core;
  static std::size_t onHeader(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t onBody(char* data, std::size_t one, std::size_t size, void* self);
  bool takeHeader(std::string_view line);
  void finish(CURLcode code);

  Core& core_;
  const Request& request_;
  const SendOptions options_;
  CURL* easy_;
  HeaderList headers_;
  Response response_;
  std::shared_ptr<codec::Body> body_;
  std::size_t headerBytes_ = 0;
  std::size_t promisedBytes_ = 0;
  bool tooLarge_ = false;
  bool running_ = false;
  bool awaited_ = false;
  CURLcode code_ = CURLE_OK;
  char errorText_[CURL_ERROR_SIZE] = {};
  rt::Waiter waiter_;
};

CURL* CurlTransport::Core::takeHandle() {
  if (!prepared_) blockSigpipe();
  prepared_ = true;
  if (idle_.empty()) return newHandle();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

CURL* CurlTransport::Core::newHandle() {
  CURL* easy = curl_easy_init();
  TIDEMILL_CHECK(easy != nullptr, "out of memory in libcurl");
  multi.adopt(easy);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // The path is signed as it is.
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  // Without it, ending a call while its name is being resolved would block the lane until the resolver
  // answers.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Call::onHeader);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Call::onBody);
  if (!options.caFile.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.caFile.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  return easy;
}

void CurlTransport::Core::ended(CURL* easy, CURLcode code) {
  void* call = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
  static_cast<Call*>(call)->finish(code);
}

std::optional<Error> CurlTransport::Call::refusal() const {
  if (!request_.url.starts_with("http://") && !request_.url.starts_with("https://")) {
    return Error(Code::kInvalidConfig,
                 fmt::format("the url {} is neither http nor https", base::quoteIfNeeded(request_.url)),
                 "give an endpoint like https://kinesis.eu-west-1.amazonaws.com");
  }
  for (const Header& header : request_.headers) {
    if (!breaksLine(header)) continue;
    return Error(Code::kInvalidConfig,
                 fmt::format("the header {} holds a line break", base::quoteIfNeeded(header.name)),
                 "look at the values that go into it, credentials included");
  }
  if (options_.deadline <= core_.loop.now()) {
    return Error(Code::kTimeout, fmt::format("{}: no time left to send the request", hostOf(request_.url)),
                 "allow more time for a call, or look what keeps this process from running");
  }
  return std::nullopt;
}

void CurlTransport::Call::start() {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(options_.deadline - core_.loop.now());
  const long leftMs = static_cast<long>(std::clamp<std::int64_t>(left.count(), 1, 86'400'000));
  headers_ = headerList(request_);
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, errorText_);
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, isLoopbackUrl(request_.url) ? "*" : nullptr);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, leftMs);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(leftMs, static_cast<long>(core_.options.connectTimeout.count())));
  if (request_.method == "GET") {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, nullptr);
  } else {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST,
                     request_.method == "POST" ? nullptr : request_.method.c_str());
  }
  running_ = true;
  core_.multi.add(easy_);
}

std::size_t CurlTransport::Call::onHeader(char* data, std::size_t, std::size_t size, void* self) {
  auto& call = *static_cast<Call*>(self);
  call.headerBytes_ += size;
  if (call.headerBytes_ > kHeaderBytesMax || !call.takeHeader(base::trim({data, size}))) {
    call.tooLarge_ = true;
    return 0;
  }
  return size;
}

// False if the body that is to come is too large.
bool CurlTransport::Call::takeHeader(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // A new head: what came before was an interim answer.
    response_.headers.clear();
    promisedBytes_ = 0;
    return true;
  }
  if (line.empty()) {
    if (body_ == nullptr) body_ = core_.bodies.take(std::min(promisedBytes_, kReserveMax));
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  Header header{std::string(line.substr(0, colon)), std::string(base::trim(line.substr(colon + 1)))};
  if (base::toLower(header.name) == "content-length") {
    const auto length = base::parseInteger(header.value);
    if (length && *length > 0) promisedBytes_ = static_cast<std::size_t>(*length);
  }
  response_.headers.push_back(std::move(header));
  return promisedBytes_ <= options_.bodyBytesMax;
}

std::size_t CurlTransport::Call::onBody(char* data, std::size_t, std::size_t size, void* self) {
  auto& call = *static_cast<Call*>(self);
  if (call.body_ == nullptr) call.body_ = call.core_.bodies.take(size);
  if (call.body_->size() + size > call.options_.bodyBytesMax) {
    call.tooLarge_ = true;
    return 0;
  }
  call.body_->append({data, size});
  return size;
}

void CurlTransport::Call::finish(CURLcode code) {
  running_ = false;
  code_ = code;
  if (awaited_) core_.loop.makeReady(waiter_);
}

Result<Response> CurlTransport::Call::result() {
  const std::string host = hostOf(request_.url);
  if (tooLarge_) {
    return fail(Code::kResponseTooLarge,
                fmt::format("{}: the answer has more than {} bytes of body or {} bytes of headers", host,
                            options_.bodyBytesMax, kHeaderBytesMax),
                "check that the endpoint is the service that you mean");
  }
  if (code_ != CURLE_OK) {
    const std::size_t received = body_ == nullptr ? 0 : body_->size();
    return fail(transferError({code_, errorText_, host, received, promisedBytes_}));
  }
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  if (body_ == nullptr) body_ = std::make_shared<codec::Body>();
  response_.body = std::move(body_);
  return std::move(response_);
}

CurlTransport::CurlTransport(rt::AsioLoop& loop, CurlOptions options) {
  initialise();
  core_ = std::make_unique<Core>(loop, std::move(options));
}

CurlTransport::~CurlTransport() = default;

rt::Task<Result<Response>> CurlTransport::send(const Request& request, SendOptions options) {
  Call call(*core_, request, options);
  if (std::optional<Error> refused = call.refusal()) co_return fail(std::move(*refused));
  call.start();
  co_await call.ended();
  co_return call.result();
}

}  // namespace tidemill::http
