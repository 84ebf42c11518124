#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tidemill/conf.h"
#include "tidemill/error.h"

namespace tidemill {
namespace {

class ConfFileTest : public testing::Test {
 protected:
  ConfFileTest() : path_(testing::TempDir() + "orders.toml") {}
  ~ConfFileTest() override { std::filesystem::remove(path_); }

  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  Conf read(const std::string& text) {
    write(text);
    return Conf::fromFile(path_);
  }
  // What is wrong, without the path.
  std::string refusalOf(const std::string& text) {
    write(text);
    try {
      Conf::fromFile(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidConfig);
      EXPECT_FALSE(error.hint().empty());
      EXPECT_TRUE(error.message().starts_with(path_)) << error.message();
      return error.message().substr(path_.size());
    }
    return "accepted";
  }

  const std::string path_;
};

TEST_F(ConfFileTest, TablesAndQuotedKeysAndDotsAreTheSameKeys) {
  const Conf conf = read(R"(
"kinesis.checkpoint.after" = "stored"
spark.task.maxFailures = 7

[spark.streaming]
blockInterval = "50ms"
kinesis.retry.maxAttempts = 5

[tidemill]
memory = { budget = "64m" }
)");
  EXPECT_EQ(conf.getText("kinesis.checkpoint.after"), "stored");
  EXPECT_EQ(conf.getInteger("spark.task.maxFailures"), 7);
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Milliseconds(50));
  EXPECT_EQ(conf.getInteger("spark.streaming.kinesis.retry.maxAttempts"), 5);
  EXPECT_EQ(conf.getInteger("tidemill.memory.budget"), 64 << 20);
  EXPECT_EQ(conf.getInteger("spark.streaming.blockQueueSize"), 10);
}

TEST_F(ConfFileTest, ValuesHaveTheTypesOfToml) {
  const Conf conf = read(R"(
"spark.streaming.blockInterval" = 250
"spark.executor.memory" = 512
"tidemill.test.loseBlocks" = 0.25
"spark.streaming.dynamicAllocation.scalingUpRatio" = 2
"tidemill.kpl.deaggregate" = false
"tidemill.block.replicas" = ["dir:/mnt/b",
                             "dir:/mnt/c"]
)");
  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Milliseconds(250));
  EXPECT_EQ(conf.getInteger("spark.executor.memory"), 512 << 20);
  EXPECT_EQ(conf.getPerMillion("tidemill.test.loseBlocks"), 250'000);
  EXPECT_EQ(conf.getDecimal("spark.streaming.dynamicAllocation.scalingUpRatio"), 2);
  EXPECT_FALSE(conf.getBoolean("tidemill.kpl.deaggregate"));
  EXPECT_EQ(conf.getText("tidemill.block.replicas"), "dir:/mnt/b,dir:/mnt/c");
}

TEST_F(ConfFileTest, NamesLineAndKeyOfAWrongType) {
  EXPECT_EQ(refusalOf("\n[spark.streaming]\nblockInterval = true\n"),
            ":3: spark.streaming.blockInterval is a duration, not a boolean");
  EXPECT_EQ(refusalOf("tidemill.kpl.deaggregate = 1\n"),
            ":1: tidemill.kpl.deaggregate is a boolean, not a whole number");
  EXPECT_EQ(refusalOf("tidemill.worker.id = 7\n"), ":1: tidemill.worker.id is a text, not a whole number");
  EXPECT_EQ(refusalOf("spark.task.maxFailures = 1.5\n"),
            ":1: spark.task.maxFailures is a whole number, not a number with a point");
  EXPECT_EQ(refusalOf("spark.task.maxFailures = 2026-01-01\n"),
            ":1: spark.task.maxFailures is a whole number, not a date or time");
  EXPECT_EQ(refusalOf("tidemill.leases.store = [\"sqlite\"]\n"),
            ":1: tidemill.leases.store is a text, not an array");
  EXPECT_EQ(refusalOf("tidemill.block.replicas = [1]\n"),
            ":1: tidemill.block.replicas is a text, not an array");
  EXPECT_EQ(refusalOf("my.list = [1]\n"), ":1: my.list is an array");
}

TEST_F(ConfFileTest, NamesTheLineOfAValueThatDoesNotFit) {
  const std::string refusal = refusalOf("# one\n\n[spark.streaming]\nblockInterval = \"abc\"\n");
  EXPECT_TRUE(refusal.starts_with(":4: spark.streaming.blockInterval=abc is not a time")) << refusal;
  EXPECT_NE(refusalOf("tidemill.test.loseBlocks = nan\n"), "accepted");
  EXPECT_NE(refusalOf("tidemill.test.loseBlocks = 1.5\n"), "accepted");
  EXPECT_NE(refusalOf("spark.task.maxFailures = -1\n"), "accepted");
}

TEST_F(ConfFileTest, RefusesWhatIsNoTomlWithItsLine) {
  EXPECT_TRUE(refusalOf("a = 1\nb = \n").starts_with(":2: not TOML: ")) << refusalOf("a = 1\nb = \n");
  EXPECT_TRUE(refusalOf("a = \"\xff\"\n").starts_with(":1: not TOML: "));
  EXPECT_TRUE(refusalOf("a = 1\na = 2\n").starts_with(":2: not TOML: "));
}

TEST_F(ConfFileTest, RefusesOneKeyWrittenTwice) {
  EXPECT_EQ(refusalOf("\"spark.task.maxFailures\" = 1\n[spark.task]\nmaxFailures = 2\n"),
            ":3: spark.task.maxFailures is set in line 1 already");
}

TEST_F(ConfFileTest, RefusesFilesWithoutBound) {
  EXPECT_EQ(refusalOf(std::string((1 << 20) + 1, '\n')), ": above 1 MiB");
  EXPECT_EQ(refusalOf(std::string(1 << 20, '\n')), "accepted");
  EXPECT_EQ(refusalOf("\n" + std::string(5000, '#')), ":2: a line of more than 4096 bytes");
  std::string deep = "[a";
  for (int i = 0; i < 40; ++i) deep += ".a";
  EXPECT_EQ(refusalOf(deep + "]\nb = 1\n"), ":1: tables more than 32 deep");
}

TEST_F(ConfFileTest, AFileThatIsNotThereIsAnErrorOfInputAndOutput) {
  for (const std::string& path : {path_ + ".none", testing::TempDir()}) {
    try {
      Conf::fromFile(path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kIo) << error.message();
      EXPECT_NE(error.message().find(path), std::string::npos);
    }
  }
}

TEST_F(ConfFileTest, RemembersUnknownKeysWithTheirLine) {
  Conf conf = read("[spark.streaming]\nblockIntervall = \"1s\"\nui.retainedBatches = 7\n");
  const auto unknown = conf.takeUnknownKeys();
  ASSERT_EQ(unknown.size(), 2u);
  EXPECT_EQ(unknown[0].key, "spark.streaming.blockIntervall");
  EXPECT_EQ(unknown[0].nearest, "spark.streaming.blockInterval");
  EXPECT_EQ(unknown[0].origin, path_ + ":2");
  EXPECT_TRUE(unknown[1].sparkOnly);
  EXPECT_EQ(unknown[1].origin, path_ + ":3");
  EXPECT_NE(unknown[1].reason, "");
}

TEST_F(ConfFileTest, ARefusedFileChangesNothing) {
  Conf conf;
  conf.set("spark.task.maxFailures", "9");
  write("spark.task.maxFailures = 2\nspark.streaming.blockInterval = \"abc\"\n");
  EXPECT_THROW(conf.setFromFile(path_), Error);
  EXPECT_EQ(conf.getInteger("spark.task.maxFailures"), 9);
}

TEST_F(ConfFileTest, TheLaterOfFileEnvironmentAndProgramCounts) {
  write("[spark.streaming]\nblockInterval = \"1s\"\nblockQueueSize = 3\n[spark.task]\nmaxFailures = 2\n");
  Conf conf;
  conf.setFromFile(path_);
  conf.setFromEnvironment({{"TIDEMILL_CONF_SPARK_STREAMING_BLOCK_INTERVAL", "2s"},
                           {"TIDEMILL_CONF_SPARK_STREAMING_BLOCK_QUEUE_SIZE", "4"}});
  conf.set("spark.streaming.blockInterval", "3s");

  EXPECT_EQ(conf.getDuration("spark.streaming.blockInterval"), Seconds(3));
  EXPECT_EQ(conf.origin("spark.streaming.blockInterval"), "program");
  EXPECT_EQ(conf.getInteger("spark.streaming.blockQueueSize"), 4);
  EXPECT_EQ(conf.origin("spark.streaming.blockQueueSize"),
            "variable TIDEMILL_CONF_SPARK_STREAMING_BLOCK_QUEUE_SIZE");
  EXPECT_EQ(conf.getInteger("spark.task.maxFailures"), 2);
  EXPECT_EQ(conf.origin("spark.task.maxFailures"), path_ + ":5");
  EXPECT_EQ(conf.origin("tidemill.memory.budget"), "default");
}

}  // namespace
}  // namespace tidemill
