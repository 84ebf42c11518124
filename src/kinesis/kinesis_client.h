// kinesis/kinesis_client.h: KinesisApi over HTTP.
#pragma once

#include "aws/call.h"
#include "kinesis/kinesis_api.h"

namespace tidemill::kinesis {

// How GetRecords and PutRecords travel. CBOR is a quarter smaller and several times cheaper to read.
enum class Wire {
  kAuto,  // CBOR, until the endpoint shows that it cannot: then JSON for the rest of the client's life.
  kCbor,
  kJson,
};

struct KinesisClientOptions {
  aws::AwsClientOptions aws;
  Wire wire = Wire::kAuto;
  // Accept what emulators send instead of AWS's exact forms (codec::RecordsReadOptions::lenient).
  bool lenient = false;
};

// Control calls are JSON and retried; GetRecords is not retried. Lives on one lane. All references must
// outlive it.
//
//   KinesisClient client(env.fetchLoop, env.fetchHttp, random, env.log, {{endpoint, credentials}});
//   auto shards = co_await listAllShards(client, stream);
class KinesisClient final : public KinesisApi {
 public:
  KinesisClient(rt::Loop& loop, http::HttpTransport& transport, base::Random& random, base::LogSink& log,
                KinesisClientOptions options);

  rt::Task<Result<ListShardsPage>> listShardsPage(const std::string& stream,
                                                  const std::optional<std::string>& nextToken) override;
  rt::Task<Result<StreamSummary>> describeStreamSummary(const std::string& stream) override;
  rt::Task<Result<std::string>> getShardIterator(const std::string& stream, const std::string& shardId,
                                                 const IteratorPosition& position) override;
  rt::Task<Result<codec::RecordsPage>> getRecords(const std::string& stream, const std::string& shardId,
                                                  const std::string& iterator, int limit) override;
  rt::Task<Result<std::vector<PutOutcome>>> putRecords(const std::string& stream,
                                                       const std::vector<PutEntry>& entries) override;
  rt::Task<Result<void>> createStream(const std::string& stream, int shards) override;
  rt::Task<Result<void>> deleteStream(const std::string& stream) override;
  rt::Task<Result<void>> splitShard(const std::string& stream, const std::string& shardId,
                                    const std::string& newStartingHashKey) override;
  rt::Task<Result<void>> mergeShards(const std::string& stream, const std::string& shardId,
                                     const std::string& adjacentShardId) override;
  rt::WallTime serverNow() const override { return aws_.serverNow(); }

  // True once the client has turned from CBOR to JSON.
  bool fellBack() const { return fellBack_; }

 private:
  bool useCbor() const {
    return options_.wire == Wire::kCbor || (options_.wire == Wire::kAuto && !fellBack_);
  }
  rt::Task<Result<void>> command(const aws::Operation& operation, std::string context);
  Result<codec::RecordsPage> readPage(const aws::Operation& operation, const http::Response& response);
  bool fallsBack(const aws::CallFailure& failure) const;
  bool fallsBack(const http::Response& response, const Result<codec::RecordsPage>& page) const;
  void fallBack(std::string_view reason);

  aws::AwsClient aws_;
  base::LogSink& log_;
  const KinesisClientOptions options_;
  bool fellBack_ = false;
  bool cborProven_ = false;  // The endpoint has sent records in CBOR that could be read.
};

}  // namespace tidemill::kinesis
