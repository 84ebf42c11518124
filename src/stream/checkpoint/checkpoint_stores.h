// stream/checkpoint/checkpoint_stores.h: the checkpoint store that a url names.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/endpoint.h"
#include "aws/environment.h"
#include "rt/env.h"
#include "stream/checkpoint/checkpoint_store.h"
#include "stream/checkpoint/remote_checkpoint_store.h"
#include "tidemill/result.h"

namespace tidemill::stream {

// How to reach the stores behind a network; empty members stand for what their comments say.
struct CheckpointStoreOptions {
  // Endpoint, region, key pair: where not given, those of `environment` (AWS_ENDPOINT_URL_S3, AWS_REGION, …).
  aws::EndpointOptions s3;
  // Of objects that are written: empty (what the bucket says), "AES256", "aws:kms" or "aws:kms:dsse".
  std::string s3ServerSideEncryption;
  std::string s3KmsKeyId;
  // Who writes; empty: HADOOP_USER_NAME, USER, or nobody.
  std::string hdfsUser;
  // Where datanodes really answer: "dna:9864=127.0.0.1:19864,…"
  std::string hdfsHosts;
  rt::Duration hdfsSafeModeWait = std::chrono::seconds(60);
  RemoteStoreOptions remote;
  aws::Environment environment = [](std::string_view) { return std::nullopt; };
};

// Whether something stands before an @ in front of the host: old urls of S3 had a key and its secret there.
// Such a url is not shown.
bool hasUserPart(std::string_view url);

// `file:/path`, `file:///path` and plain paths; `s3://bucket/path` (and s3a, s3n);
// `hdfs://nna:9870,nnb:9870/path` with the namenodes' ports of HTTP (and webhdfs, swebhdfs). kInvalidConfig:
// another scheme, no path, unusable options; kNoCredentials. `env` outlives the store.
Result<std::unique_ptr<CheckpointStore>> makeCheckpointStore(const rt::Env& env, const std::string& url,
                                                             const CheckpointStoreOptions& options = {});

}  // namespace tidemill::stream
