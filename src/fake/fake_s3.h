// fake/fake_s3.h: buckets and their objects, as S3 answers about them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fake/fake_options.h"
#include "fake/fault_plan.h"
#include "fake/request_auth.h"
#include "http/http_transport.h"
#include "rt/time.h"

namespace tidemill::fake {

struct FakeS3Options {
  // False: conditional puts overwrite what is there, as of stores that do not know If-None-Match.
  bool conditions = true;
  // Entries of a page of a list at most. Range: [1, 1000].
  std::size_t pageMax = 1000;
};

// The part of S3 that writes objects once, reads, lists and deletes them, by path ("/bucket/key"): buckets,
// PutObject with If-None-Match, GetObject, HeadObject, DeleteObject, ListObjectsV2. What else S3 has is
// refused with NotImplemented. A conditional put is decided in one step, and a list is never stale, as of
// AWS. No clock, no I/O; not thread safe.
class FakeS3 {
 public:
  // `account`: key pair and region; must outlive this object.
  FakeS3(const FakeAwsOptions& account, base::Random random, FakeS3Options options = {});

  // Whether a request is one for S3: others of this port come by POST.
  static bool isFor(const http::Request& request);
  // The whole answer. A throttling fault is 503 SlowDown, or for a conditional put 409
  // ConditionalRequestConflict as well.
  http::Response handle(const http::Request& request, rt::WallTime now, Fault fault);
  // What the operation is called: "PutObject".
  static std::string_view operationOf(const http::Request& request);

  // For tests and simulations: without a request.
  void makeBucket(const std::string& name) { buckets_[name]; }
  // The content of a key, or null.
  const std::string* find(const std::string& bucket, const std::string& key) const;
  std::vector<std::string> keys(const std::string& bucket) const;
  // Changes an object behind everybody's back.
  void overwrite(const std::string& bucket, const std::string& key, std::string bytes);

 private:
  struct Object {
    std::string bytes;
    std::vector<http::Header> headers;  // What a read gives back of those that it was written with.
    std::string etag;
    std::chrono::sys_seconds modified{};
  };
  using Bucket = std::map<std::string, Object>;
  struct Refusal {
    int status;
    std::string_view code;
    std::string message;
    std::string more = {};  // Further elements.
  };
  struct Parts;
  static Parts partsOf(std::string_view target);

  Refusal authRefusal(const ServiceError& error) const;
  http::Response answer(const http::Request& request, const Parts& parts, rt::WallTime now, Fault fault);
  http::Response answerBucket(const http::Request& request, const Parts& parts);
  http::Response put(const http::Request& request, const Parts& parts, rt::WallTime now, Fault fault);
  http::Response read(const http::Request& request, const Parts& parts);
  http::Response list(const Parts& parts);
  http::Response refuse(const Refusal& refusal, const Parts& parts);
  http::Response respond(int status, std::string body = {});

  const FakeAwsOptions& account_;
  const FakeS3Options options_;
  base::Random random_;
  RequestAuth auth_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace tidemill::fake
