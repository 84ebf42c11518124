// fake/fake_stores.h: the S3 and the HDFS that stand beside the fake AWS on its port.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "fake/fake_aws.h"
#include "fake/fake_options.h"
#include "fake/fake_s3.h"
#include "fake/fake_web_hdfs.h"
#include "http/http_transport.h"
#include "rt/time.h"

namespace tidemill::fake {

struct FakeStoresOptions {
  // There from the start; more are made by request. Empty: there is no S3.
  std::vector<std::string> buckets = {};
  FakeS3Options s3 = {};
  bool hdfs = false;
  // Requests in a thousand to either that go wrong: refused (S3: 503, 500, and 409 for a conditional put),
  // lost before they are applied, or applied and not answered. Range: [0, 1000].
  std::uint32_t faultsPerThousand = 0;
};

// No clock, no I/O; not thread safe.
class FakeStores {
 public:
  // `account` must outlive this object; its seed draws the faults.
  FakeStores(const FakeAwsOptions& account, FakeStoresOptions options);

  // Whether a request is for one of those that are there. HDFS has the paths below /webhdfs/v1; what else
  // does not come by POST, as requests to Kinesis do, is for S3.
  bool isFor(const http::Request& request) const;
  // Only what isFor() says yes to.
  FakeAnswer handle(const http::Request& request, rt::WallTime now);

 private:
  bool isForHdfs(const http::Request& request) const;
  Fault drawFault(bool hdfs);

  const FakeStoresOptions options_;
  base::Random random_;
  FakeS3 s3_;
  FakeWebHdfs hdfs_;
};

}  // namespace tidemill::fake
