#include "stream/checkpoint_conf.h"

#include <utility>

#include "stream/endpoint_conf.h"

namespace tidemill::stream {

CheckpointStoreOptions checkpointStoreOptionsOf(const Conf& conf, aws::Environment environment) {
  CheckpointStoreOptions options;
  options.s3 = endpointOptionsOf(conf, "s3");
  options.s3ServerSideEncryption = conf.getText("tidemill.s3.serverSideEncryption");
  options.s3KmsKeyId = conf.getText("tidemill.s3.kmsKeyId");
  options.hdfsUser = conf.getText("tidemill.hdfs.user");
  options.hdfsHosts = conf.getText("tidemill.hdfs.hosts");
  options.hdfsSafeModeWait = conf.getDuration("tidemill.hdfs.safeModeWait");
  options.remote.unsafeSingleWriter = conf.getBoolean("tidemill.checkpoint.unsafeSingleWriter");
  options.environment = std::move(environment);
  return options;
}

Result<std::unique_ptr<CheckpointStore>> checkpointStoreOf(const rt::Env& env, const std::string& url,
                                                           const Conf& conf, aws::Environment environment) {
  return makeCheckpointStore(env, url, checkpointStoreOptionsOf(conf, std::move(environment)));
}

}  // namespace tidemill::stream
