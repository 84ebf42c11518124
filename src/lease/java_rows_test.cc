// Rows that real workers of KCL wrote (tests/golden/leases): we read each of them, and write none
// differently.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "dynamo/attribute_json.h"
#include "lease/lease_row.h"

namespace tidemill::lease {
namespace {

using Ids = std::set<std::string>;

// What a version writes beside what all do.
struct Version {
  std::string name;
  bool hashRanges = true;
  bool childIds = true;
  bool pendingState = false;
  friend std::ostream& operator<<(std::ostream& out, const Version& version) { return out << version.name; }
};

class JavaRows : public testing::TestWithParam<Version> {
 protected:
  void SetUp() override {
    std::ifstream file(TIDEMILL_SOURCE_DIR "/tests/golden/leases/kcl-" + GetParam().name + ".json");
    ASSERT_TRUE(file) << "no rows of KCL " << GetParam().name;
    std::ostringstream text;
    text << file.rdbuf();
    rows_ = boost::json::parse(text.str()).as_object();
  }

  dynamo::Item item(std::string_view name) const {
    auto item = dynamo::readItem(rows_.at(name));
    EXPECT_TRUE(item) << name << ": " << item.error().message();
    return item.value_or(dynamo::Item{});
  }

  Lease lease(std::string_view name) const {
    const dynamo::Item read = item(name);
    EXPECT_EQ(purposeOf(read), RowPurpose::kLease) << name;
    auto row = readLeaseRow(read);
    EXPECT_TRUE(row) << name << ": " << row.error().message();
    return row ? row->lease : Lease{};
  }

  boost::json::object rows_;
};

TEST_P(JavaRows, AreWrittenAsTheyWereRead) {
  ASSERT_EQ(rows_.size(), 6U);
  for (const auto& [name, value] : rows_) {
    const dynamo::Item read = item(name);
    const auto row = readLeaseRow(read);
    ASSERT_TRUE(row) << name << ": " << row.error().message();
    EXPECT_TRUE(row->lease.unknownAttributes.empty()) << name;
    const auto written = itemOf(*row);
    ASSERT_TRUE(written) << name << ": " << written.error().message();
    EXPECT_EQ(dynamo::formatItem(*written), dynamo::formatItem(read)) << name;
  }
}

TEST_P(JavaRows, TellTheOwnerAndHowFarItIs) {
  const Lease owned = lease("owned");

  EXPECT_EQ(owned.leaseKey, "shardId-000000000000");
  EXPECT_EQ(owned.leaseOwner, "host-1:reader");
  EXPECT_GT(owned.leaseCounter, 0);
  EXPECT_TRUE(owned.checkpoint.isSequenceNumber());
  EXPECT_TRUE(owned.parentShardIds.empty());
  EXPECT_TRUE(owned.childShardIds.empty());
  EXPECT_FALSE(owned.pendingCheckpoint);
  EXPECT_EQ(owned.startingHashKey, GetParam().hashRanges ? "0" : "");
  EXPECT_EQ(owned.endingHashKey.empty(), !GetParam().hashRanges);
  EXPECT_EQ(owned.entityType, "");
  EXPECT_FALSE(ownerHandsOver(owned));
}

TEST_P(JavaRows, OfAFreshShardHaveNoOwnerAndNoCount) {
  const Lease unowned = lease("unowned");

  EXPECT_EQ(unowned.leaseKey, "shardId-000000000002");
  EXPECT_EQ(unowned.leaseOwner, "");
  EXPECT_EQ(unowned.leaseCounter, 0);
  EXPECT_EQ(unowned.checkpoint, Checkpoint::trimHorizon());
  EXPECT_EQ(unowned.parentShardIds, Ids{"shardId-000000000000"});
}

TEST_P(JavaRows, OfAFinishedShardNameItsChildrenWhereTheVersionDoes) {
  const Lease finished = lease("finished");

  EXPECT_TRUE(finished.checkpoint.isShardEnd());
  EXPECT_EQ(finished.leaseOwner, "host-1:reader");
  EXPECT_EQ(finished.childShardIds,
            GetParam().childIds ? (Ids{"shardId-000000000002", "shardId-000000000003"}) : Ids{});
}

TEST_P(JavaRows, OfChildrenNameTheirParents) {
  EXPECT_EQ(lease("child").parentShardIds, Ids{"shardId-000000000000"});
  EXPECT_EQ(lease("child").checkpoint, Checkpoint::trimHorizon());
  EXPECT_EQ(lease("merged").leaseKey, "shardId-000000000004");
  EXPECT_EQ(lease("merged").parentShardIds, (Ids{"shardId-000000000001", "shardId-000000000003"}));
}

TEST_P(JavaRows, KeepAPreparedCheckpointBesideTheCommittedOne) {
  const Lease pending = lease("pending");

  EXPECT_EQ(pending.leaseOwner, "host-2:preparer");
  EXPECT_EQ(pending.checkpoint, Checkpoint::trimHorizon());
  ASSERT_TRUE(pending.pendingCheckpoint);
  EXPECT_TRUE(pending.pendingCheckpoint->isSequenceNumber());
  EXPECT_GT(*pending.pendingCheckpoint, pending.checkpoint);
  const auto state = GetParam().pendingState ? std::optional(std::string("\0\1\2\xff", 4)) : std::nullopt;
  EXPECT_EQ(pending.pendingCheckpointState, state);
}

INSTANTIATE_TEST_SUITE_P(Kcl, JavaRows,
                         testing::Values(Version{.name = "2.7.2", .pendingState = true},
                                         Version{.name = "1.15.3"},
                                         Version{.name = "1.12.0", .hashRanges = false, .childIds = false}),
                         [](const auto& chosen) {
                           std::string name = chosen.param.name;
                           for (char& c : name) {
                             if (c == '.') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace tidemill::lease
