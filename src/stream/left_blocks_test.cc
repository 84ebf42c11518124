// What a process has stored and not processed, and whether its successor delivers it, with other inputs and
// settings too.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stream/test_context.h"

namespace tidemill {
namespace {

using Lines = std::vector<std::string>;

class LeftBlocksTest : public ContextFixture {
 protected:
  struct Input {
    std::string stream = "orders";
    std::string application = "app";
    StorageLevel level = StorageLevel::DISK_ONLY;
  };

  // A process whose batches come too late: what it reads is stored, and its checkpoints follow `after`.
  void leave(const std::vector<Input>& inputs, const std::string& after = "stored") {
    run(inputs, after, Seconds(60), false);
    ASSERT_EQ(delivered_, Lines());
  }
  // What the next process delivers, as "stream line", in order.
  Lines next(const std::vector<Input>& inputs, const std::string& after = "stored") {
    run(inputs, after, Seconds(1), true);
    return delivered_;
  }
  std::uint64_t events(std::string_view name) const { return node_->log().count(name); }

 private:
  void run(const std::vector<Input>& inputs, const std::string& after, Duration interval, bool graceful) {
    delivered_.clear();
    Conf conf;
    conf.set("tidemill.worker.id", "me").set("kinesis.checkpoint.after", after);
    StreamingContext context(*seams_, conf, interval);
    for (const Input& input : inputs) {
      KinesisUtils::createStream(context, input.application, input.stream, kEndpoint, "us-east-1",
                                 InitialPositionInStream::TRIM_HORIZON, Seconds(1), input.level)
          .foreachRDD([this, stream = input.stream](const RDD<std::string>& rdd) {
            for (const std::string& line : rdd.collect()) delivered_.push_back(stream + " " + line);
          });
    }
    context.start();
    world_.runFor(10s);
    context.requestStop(graceful);
    const auto end = ended(context);
    EXPECT_TRUE(end) << end.error().message();
  }

  Lines delivered_;
};

TEST_F(LeftBlocksTest, GoToWhoReadsTheirStreamWhereverThatInputStandsNow) {
  createStream(1);
  createStream(1, "returns");
  put({"a"});
  put({"b"}, "returns");
  leave({{"orders"}, {"returns"}});

  EXPECT_EQ(next({{"returns"}}), (Lines{"returns b"}));
  EXPECT_EQ(events("stored_blocks_not_delivered"), 1u);

  EXPECT_EQ(next({{"returns"}, {"orders"}}), (Lines{"orders a"}));
  EXPECT_EQ(events("stored_blocks_not_delivered"), 1u);
  EXPECT_EQ(next({{"returns"}, {"orders"}}), Lines());
}

TEST_F(LeftBlocksTest, GoToNoOtherApplication) {
  createStream(1);
  put({"a"});
  leave({{"orders", "one"}});

  EXPECT_EQ(next({{"orders", "two"}}), (Lines{"orders a"}));  // Read from the stream.
  EXPECT_EQ(events("stored_blocks_not_delivered"), 1u);
  EXPECT_EQ(next({{"orders", "one"}}), (Lines{"orders a"}));  // Out of the store.
  EXPECT_EQ(next({{"orders", "one"}}), Lines());
}

TEST_F(LeftBlocksTest, AreDeliveredOnceWhateverCheckpointsFollowNow) {
  createStream(1);
  for (const char* before : {"stored", "processed"}) {
    for (const char* now : {"stored", "processed"}) {
      SCOPED_TRACE(std::string(before) + ", then " + now);
      put({"a"});
      leave({{"orders"}}, before);
      EXPECT_EQ(next({{"orders"}}, now), (Lines{"orders a"}));
      EXPECT_EQ(next({{"orders"}}, now), Lines());
    }
  }
}

TEST_F(LeftBlocksTest, AreDeliveredOnceWhateverTheLevelIsNow) {
  createStream(1);
  for (const StorageLevel level : {StorageLevel::MEMORY_ONLY, StorageLevel::MEMORY_AND_DISK_SER_2}) {
    SCOPED_TRACE(storageLevelName(level));
    put({"a"});
    leave({{"orders"}});
    EXPECT_EQ(next({{"orders", "app", level}}, "processed"), (Lines{"orders a"}));
    EXPECT_EQ(next({{"orders", "app", level}}, "processed"), Lines());
  }
}

// As one that was stored while an earlier one had no room: delivering it first would turn the order around.
TEST_F(LeftBlocksTest, AreReadAgainInTheirPlaceWhereTheCheckpointLiesBeforeThem) {
  createStream(1);
  put({"a"});
  leave({{"orders"}});
  const lease::Checkpoint between = leases_->rows.begin()->second.checkpoint;
  put({"b"});
  leave({{"orders"}});
  put({"c"});
  leave({{"orders"}});
  ASSERT_EQ(events("blocks_read_again"), 0u);

  leases_->rows.begin()->second.checkpoint = between;
  EXPECT_EQ(next({{"orders"}}), (Lines{"orders a", "orders b", "orders c"}));
  EXPECT_EQ(events("blocks_read_again"), 1u);
  EXPECT_EQ(next({{"orders"}}), Lines());
}

// Whoever has it reads on from its checkpoint.
TEST_F(LeftBlocksTest, AreLeftToAnotherWorkerWhereTheCheckpointOfItsLeaseLiesBeforeThem) {
  createStream(1);
  put({"a"});
  leave({{"orders"}});
  auto& row = leases_->rows.begin()->second;
  row.checkpoint = lease::Checkpoint::trimHorizon();
  row.leaseOwner = "other";
  row.leaseCounter += 1;
  const auto stay = [&](int times) -> rt::Task<void> {
    for (int i = 0; i < times; ++i) {
      co_await world_.loop().sleepFor(1s);
      leases_->rows.begin()->second.leaseCounter += 1;
    }
  };
  world_.spawn(stay(20));

  EXPECT_EQ(next({{"orders"}}), Lines());
  world_.runFor(30s);
  leases_->rows.begin()->second.leaseOwner = "";
  EXPECT_EQ(next({{"orders"}}), (Lines{"orders a"}));
  EXPECT_EQ(next({{"orders"}}), Lines());
}

}  // namespace
}  // namespace tidemill
