#include "stream/block_store_options.h"

#include <gtest/gtest.h>

#include "sim/world.h"

namespace tidemill::stream {
namespace {

BlockStoreOptions optionsOf(const Conf& conf) {
  auto options = blockStoreOptionsOf(conf);
  EXPECT_TRUE(options) << options.error().message();
  return options.value_or(BlockStoreOptions{});
}

TEST(BlockStoreOptions, DefaultsAreSparksInTheStateFolder) {
  Conf conf;
  conf.set("tidemill.worker.id", "w1").set("tidemill.state.directory", "/state");

  const BlockStoreOptions options = optionsOf(conf);

  EXPECT_EQ(options.directory, "/state/blocks/w1");
  EXPECT_TRUE(options.replicas.empty());
  EXPECT_EQ(options.segmentBytes, 64u << 20);
  EXPECT_EQ(options.holder, "the block store of worker w1");
  EXPECT_EQ(options.store.memoryBytes, 1 << 30);
  EXPECT_EQ(options.store.encoding, block::BlockEncoding::kLz4);
  EXPECT_EQ(options.store.replication, block::Replication::kWarn);
  EXPECT_EQ(options.store.places.replicaTimeout, std::chrono::seconds(30));
}

TEST(BlockStoreOptions, ReadsEveryKey) {
  Conf conf;
  conf.set("tidemill.worker.id", "host/7").set("tidemill.block.directory", "/fast");
  conf.set("tidemill.block.replicas", "dir:/mnt/a, dir:/mnt/b").set("tidemill.block.replication", "require");
  conf.set("tidemill.block.segmentBytes", "1m").set("spark.executor.memory", "2g");
  conf.set("spark.streaming.receiver.blockStoreTimeout", "5");

  const BlockStoreOptions options = optionsOf(conf);

  EXPECT_EQ(options.directory, "/fast/host%2F7");
  ASSERT_EQ(options.replicas.size(), 2u);
  EXPECT_EQ(options.replicas[0].name, "dir:/mnt/a");
  EXPECT_EQ(options.replicas[1].directory, "/mnt/b/host%2F7");
  EXPECT_EQ(options.segmentBytes, 1u << 20);
  EXPECT_EQ(options.store.memoryBytes, std::int64_t{2} << 30);
  EXPECT_EQ(options.store.replication, block::Replication::kRequire);
  EXPECT_EQ(options.store.places.replicaTimeout, std::chrono::seconds(5));
}

TEST(BlockStoreOptions, OfSparksLocalFoldersTheFirstIsTaken) {
  Conf conf;
  conf.set("spark.local.dir", "/scratch1,/scratch2");
  EXPECT_EQ(optionsOf(conf).directory, "/scratch1/tidemill-blocks/tidemill-worker");
  conf.set("tidemill.block.directory", "/own");
  EXPECT_EQ(optionsOf(conf).directory, "/own/tidemill-worker");
}

struct CodecCase {
  const char* serializer;
  const char* codec;
  block::BlockEncoding encoding;
};

TEST(BlockStoreOptions, TheCodecGoesBeforeTheSerializer) {
  const CodecCase cases[] = {
      {"auto", "auto", block::BlockEncoding::kLz4},
      {"org.apache.spark.serializer.JavaSerializer", "auto", block::BlockEncoding::kNone},
      {"org.apache.spark.serializer.KryoSerializer", "auto", block::BlockEncoding::kLz4},
      {"java", "zstd", block::BlockEncoding::kZstd},
      {"java", "org.apache.spark.io.LZ4CompressionCodec", block::BlockEncoding::kLz4},
      {"kryo", "org.apache.spark.io.ZStdCompressionCodec", block::BlockEncoding::kZstd},
      {"kryo", "none", block::BlockEncoding::kNone},
  };
  for (const CodecCase& c : cases) {
    Conf conf;
    conf.set("spark.serializer", c.serializer).set("spark.io.compression.codec", c.codec);
    EXPECT_EQ(optionsOf(conf).store.encoding, c.encoding) << c.serializer << " " << c.codec;
  }
}

TEST(BlockStoreOptions, RefusesReplicasThatAreNoOtherFolders) {
  for (const char* replicas :
       {"/mnt/a", "ftp://bucket", "dir:", "dir:/a,", "dir:/a,dir:/a", "dir:/own", "s3://b/a,s3://b/a/"}) {
    Conf conf;
    conf.set("tidemill.block.directory", "/own").set("tidemill.block.replicas", replicas);
    const auto refused = blockStoreOptionsOf(conf);
    ASSERT_FALSE(refused) << replicas;
    EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
    EXPECT_NE(refused.error().message().find("tidemill.block.replicas"), std::string::npos);
    EXPECT_FALSE(refused.error().hint().empty());
  }
}

TEST(BlockStoreOptions, AKeyInAUrlIsRefusedAndNotShown) {
  for (const char* replicas : {"s3n://AKIA:SECRET@bucket/a,s3n://AKIA:SECRET@bucket/a",
                               "S3://AKIA:SECRET@bucket/a", "dir:/mnt/a,odd://AKIA:SECRET@bucket"}) {
    const auto refused = blockStoreOptionsOf(Conf().set("tidemill.block.replicas", replicas));
    ASSERT_FALSE(refused) << replicas;
    EXPECT_EQ(refused.error().code(), Code::kInvalidConfig);
    EXPECT_EQ(refused.error().message().find("SECRET"), std::string::npos) << refused.error().message();
  }
}

TEST(BlockStoreOptions, TakesStoresBehindANetworkToo) {
  Conf conf;
  conf.set("tidemill.block.replicas", "s3://bucket/copies/, hdfs://n:9870/c,dir:/mnt/a");
  const BlockStoreOptions options = optionsOf(conf);
  ASSERT_EQ(options.replicas.size(), 3u);
  EXPECT_EQ(options.replicas[0].directory, "s3://bucket/copies/tidemill-worker");
  EXPECT_EQ(options.replicas[1].directory, "hdfs://n:9870/c/tidemill-worker");
  EXPECT_TRUE(isFarReplica(options.replicas[1].name));
  EXPECT_FALSE(isFarReplica(options.replicas[2].name));
}

TEST(BlockStoreOptions, NoWorkerIdLeavesItsFolder) {
  EXPECT_EQ(asFileName("worker-1_b.c"), "worker-1_b.c");
  EXPECT_EQ(asFileName(".."), "%2E.");
  EXPECT_EQ(asFileName("../../etc"), "%2E.%2F..%2Fetc");
  EXPECT_EQ(asFileName("a b\n"), "a%20b%0A");
}

TEST(BlockStoreOptions, MakesAStoreWithItsFolders) {
  sim::World world(1);
  sim::Node& node = world.addNode("w", sim::taskProgram([](rt::Env&) -> rt::Task<void> { co_return; }));
  Conf conf;
  conf.set("tidemill.block.directory", "/own").set("tidemill.block.replicas", "dir:/mnt/a");
  const auto made = makeBlockStore(node.env(), optionsOf(conf), nullptr);
  ASSERT_TRUE(made);
  const auto& store = *made;

  const auto found = world.loop().run(store->open());

  ASSERT_TRUE(found) << found.error().message();
  EXPECT_TRUE(found->empty());
  EXPECT_TRUE(node.disk().hasDirectory("/own/tidemill-worker"));
  EXPECT_TRUE(node.disk().hasDirectory("/mnt/a/tidemill-worker"));
}

}  // namespace
}  // namespace tidemill::stream
