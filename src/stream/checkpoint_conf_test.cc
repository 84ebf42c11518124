#include "stream/checkpoint_conf.h"

#include <gtest/gtest.h>

namespace tidemill::stream {
namespace {

TEST(CheckpointConf, CarriesEveryKeyToItsStore) {
  Conf conf;
  conf.set("tidemill.s3.endpoint", "http://s3.local:9000")
      .set("tidemill.s3.region", "eu-west-1")
      .set("tidemill.s3.allowPlainHttp", "true")
      .set("tidemill.s3.serverSideEncryption", "aws:kms")
      .set("tidemill.s3.kmsKeyId", "key")
      .set("tidemill.hdfs.user", "ada")
      .set("tidemill.hdfs.hosts", "dn1=10.0.0.1")
      .set("tidemill.hdfs.safeModeWait", "7s")
      .set("tidemill.checkpoint.unsafeSingleWriter", "true");

  const CheckpointStoreOptions options =
      checkpointStoreOptionsOf(conf, [](std::string_view) { return std::optional<std::string>("env"); });

  EXPECT_EQ(options.s3.endpoint, "http://s3.local:9000");
  EXPECT_EQ(options.s3.region, "eu-west-1");
  EXPECT_TRUE(options.s3.allowPlainHttp);
  EXPECT_EQ(options.s3ServerSideEncryption, "aws:kms");
  EXPECT_EQ(options.s3KmsKeyId, "key");
  EXPECT_EQ(options.hdfsUser, "ada");
  EXPECT_EQ(options.hdfsHosts, "dn1=10.0.0.1");
  EXPECT_EQ(options.hdfsSafeModeWait, std::chrono::seconds(7));
  EXPECT_TRUE(options.remote.unsafeSingleWriter);
  EXPECT_EQ(options.environment("X"), "env");
}

TEST(CheckpointConf, LeavesToTheEnvironmentWhatIsNotSet) {
  const CheckpointStoreOptions options = checkpointStoreOptionsOf(Conf(), {});
  EXPECT_FALSE(options.s3.endpoint);
  EXPECT_FALSE(options.s3.region);
  EXPECT_FALSE(options.remote.unsafeSingleWriter);
  EXPECT_EQ(options.hdfsSafeModeWait, std::chrono::seconds(60));
}

TEST(CheckpointConf, RefusesAnUnknownKindOfEncryption) {
  EXPECT_THROW(Conf().set("tidemill.s3.serverSideEncryption", "rot13"), Error);
}

}  // namespace
}  // namespace tidemill::stream
