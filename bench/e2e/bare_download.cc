#include "bare_download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>

#include "aws/sigv4.h"
#include "kinesis/requests.h"
#include "served_data.h"

namespace tidemill::bench {
namespace {

constexpr long kBufferBytes = 512L << 10;
constexpr int kLimit = 10'000;
// An answer with a record in it is longer.
constexpr std::int64_t kEmptyPageMax = kRecordBytes;

// Counts a body and keeps its last bytes, where the fake writes NextShardIterator.
class Tail {
 public:
  void clear() { size_ = total_ = 0; }
  void add(const char* bytes, std::size_t size) {
    total_ += size;
    if (size >= kKept) {
      std::memcpy(bytes_, bytes + size - kKept, kKept);
      size_ = kKept;
      return;
    }
    const std::size_t old = std::min(size_, kKept - size);
    std::memmove(bytes_, bytes_ + size_ - old, old);
    std::memcpy(bytes_ + old, bytes, size);
    size_ = old + size;
  }
  std::string_view view() const { return {bytes_, size_}; }
  std::int64_t total() const { return static_cast<std::int64_t>(total_); }

 private:
  static constexpr std::size_t kKept = 1024;
  char bytes_[kKept] = {};
  std::size_t size_ = 0;
  std::size_t total_ = 0;
};

std::size_t onBody(char* bytes, std::size_t one, std::size_t count, void* tail) {
  static_cast<Tail*>(tail)->add(bytes, one * count);
  return one * count;
}

// The CBOR text behind the key; empty if it is not there or of no length that iterators have.
std::string nextIteratorIn(std::string_view tail) {
  constexpr std::string_view kKey = "NextShardIterator";
  const auto key = tail.rfind(kKey);
  if (key == std::string_view::npos) return {};
  std::string_view rest = tail.substr(key + kKey.size());
  const auto byteAt = [&rest](std::size_t i) {
    return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0u;
  };
  if (byteAt(0) == 0x78) return std::string(rest.substr(2, byteAt(1)));
  if (byteAt(0) == 0x79) return std::string(rest.substr(3, byteAt(1) << 8 | byteAt(2)));
  return {};
}

class BareClient {
 public:
  explicit BareClient(const std::string& endpoint) : easy_(curl_easy_init(), &curl_easy_cleanup) {
    request_.url = endpoint + "/";
    curl_easy_setopt(easy_.get(), CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy_.get(), CURLOPT_BUFFERSIZE, kBufferBytes);
    curl_easy_setopt(easy_.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, &onBody);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, &tail_);
  }

  // Reads one shard to its end and returns the bytes of all answers.
  Result<std::int64_t> drain(std::string iterator) {
    std::int64_t bytes = 0;
    for (;;) {  // Up to an empty page.
      auto done = post(iterator);
      if (!done) return fail(done.error());
      bytes += tail_.total();
      if (tail_.total() < kEmptyPageMax) return bytes;
      iterator = nextIteratorIn(tail_.view());
      if (iterator.empty()) return fail(Code::kWrongResult, "an answer without NextShardIterator");
    }
  }

 private:
  Result<void> post(const std::string& iterator) {
    aws::Operation operation = kinesis::getRecordsRequest(iterator, kLimit, true);
    request_.body = std::move(operation.body);
    request_.headers = {{"Content-Type", operation.contentType},
                        {"X-Amz-Target", "Kinesis_20131202.GetRecords"}};
    const auto now = std::chrono::time_point_cast<rt::WallTime::duration>(std::chrono::system_clock::now());
    aws::sign(request_, AwsCredentials(kKey, kKey), {kRegion, "kinesis"}, now, keys_);
    curl_slist* lines = nullptr;
    for (const http::Header& header : request_.headers) {
      lines = curl_slist_append(lines, (header.name + ": " + header.value).c_str());
    }
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned(lines, &curl_slist_free_all);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, request_.body.data());
    tail_.clear();
    const CURLcode code = curl_easy_perform(easy_.get());
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) return fail(Code::kUnreachable, curl_easy_strerror(code));
    if (status != 200) return fail(Code::kServiceError, fmt::format("status {}: {}", status, tail_.view()));
    return {};
  }

  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
  http::Request request_;
  aws::SigningKeys keys_;
  Tail tail_;
};

}  // namespace

Result<Measured> downloadBare(const std::string& endpoint, const std::vector<std::string>& iterators) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const Meter meter;
  BareClient client(endpoint);
  std::int64_t bytes = 0;
  for (const std::string& iterator : iterators) {
    auto drained = client.drain(iterator);
    if (!drained) return fail(drained.error());
    bytes += *drained;
  }
  Measured measured = meter.read();
  measured.bytes = bytes;
  return measured;
}

}  // namespace tidemill::bench
