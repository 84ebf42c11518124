#include "fake/fake_stores.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "fake/request_auth.h"

namespace tidemill::fake {
namespace {

// Added to the seed, so that the stores draw other numbers than the services.
constexpr std::uint64_t kStoresSeed = 0x73746f7265730001;
constexpr std::string_view kWebHdfs = "/webhdfs/v1";

}  // namespace

FakeStores::FakeStores(const FakeAwsOptions& account, FakeStoresOptions options)
    : options_(std::move(options)),
      random_(account.seed + kStoresSeed),
      s3_(account, random_.fork(), options_.s3),
      hdfs_({.nameNodes = {}}) {
  for (const std::string& bucket : options_.buckets) s3_.makeBucket(bucket);
}

bool FakeStores::isForHdfs(const http::Request& request) const {
  return options_.hdfs && targetOf(request).starts_with(kWebHdfs);
}

bool FakeStores::isFor(const http::Request& request) const {
  return isForHdfs(request) || (!options_.buckets.empty() && FakeS3::isFor(request));
}

Fault FakeStores::drawFault(bool hdfs) {
  if (!random_.chance(options_.faultsPerThousand, 1000)) return Fault::kNone;
  // HDFS has no refusals of that kind; those of its own it is told to give.
  constexpr std::array kFaults = {Fault::kReset, Fault::kLostAnswer, Fault::kThrottled,
                                  Fault::kInternalFailure};
  return kFaults[random_.below(hdfs ? 2 : kFaults.size())];
}

FakeAnswer FakeStores::handle(const http::Request& request, rt::WallTime now) {
  const bool hdfs = isForHdfs(request);
  const Fault fault = drawFault(hdfs);
  FakeAnswer answer;
  if (fault == Fault::kReset || fault == Fault::kLostAnswer) answer.delivery = FakeAnswer::Delivery::kLost;
  if (fault == Fault::kReset) return answer;
  answer.response = hdfs ? hdfs_.handle(request, now) : s3_.handle(request, now, fault);
  if (hdfs) {
    answer.response.headers.push_back({"Content-Length", std::to_string(answer.response.body->size())});
  }
  return answer;
}

}  // namespace tidemill::fake
