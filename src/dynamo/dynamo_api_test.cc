#include "dynamo/dynamo_api.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/check.h"
#include "sim/sim_loop.h"

namespace tidemill::dynamo {
namespace {

Item keyOf(std::string text) {
  return {{"leaseKey", AttributeValue::string(std::move(text))}};
}

// Gives prepared pages and keeps where each was asked to start; knows no other operation.
class PagedApi final : public DynamoApi {
 public:
  rt::Task<Result<ScanPage>> scanPage(const ScanRequest& request) override {
    starts.push_back(request.startKey);
    if (pages.empty()) co_return fail(Code::kUnreachable, "no more pages");
    ScanPage page = std::move(pages.front());
    pages.pop_front();
    co_return std::move(page);
  }
  rt::Task<Result<TableDescription>> createTable(const CreateTableRequest&) override { return none(); }
  rt::Task<Result<TableDescription>> describeTable(const std::string&) override { return none(); }
  rt::Task<Result<std::optional<Item>>> getItem(const GetItemRequest&) override { return noItem(); }
  rt::Task<Result<WriteOutcome>> putNewItem(const PutNewItemRequest&) override { return noWrite(); }
  rt::Task<Result<WriteOutcome>> updateItem(const UpdateItemRequest&) override { return noWrite(); }
  rt::Task<Result<WriteOutcome>> deleteItem(const DeleteItemRequest&) override { return noWrite(); }

  std::deque<ScanPage> pages;
  std::vector<std::optional<Item>> starts;

 private:
  static Error unused() { return Error(Code::kUnknownOperation, "scans only"); }
  rt::Task<Result<TableDescription>> none() { co_return fail(unused()); }
  rt::Task<Result<std::optional<Item>>> noItem() { co_return fail(unused()); }
  rt::Task<Result<WriteOutcome>> noWrite() { co_return fail(unused()); }
};

TEST(ScanAll, FollowsThePagesThroughEmptyOnes) {
  sim::SimLoop loop(1);
  PagedApi api;
  api.pages = {{{keyOf("a")}, keyOf("a")}, {{}, keyOf("b")}, {{keyOf("c")}, std::nullopt}};

  const auto items = loop.run(scanAll(api, {.table = "app"}));

  ASSERT_TRUE(items);
  EXPECT_EQ(*items, (std::vector<Item>{keyOf("a"), keyOf("c")}));
  EXPECT_EQ(api.starts, (std::vector<std::optional<Item>>{std::nullopt, keyOf("a"), keyOf("b")}));
}

TEST(ScanAll, EndsWhenAPageEndsWhereItBegan) {
  sim::SimLoop loop(1);
  PagedApi api;
  api.pages = {{{}, keyOf("a")}, {{}, keyOf("a")}, {{}, std::nullopt}};

  const auto items = loop.run(scanAll(api, {.table = "app"}));

  ASSERT_FALSE(items);
  EXPECT_EQ(items.error().code(), Code::kMalformedResponse);
}

TEST(ScanAll, RefusesMoreItemsOrPagesThanItsBounds) {
  sim::SimLoop loop(1);
  PagedApi api;
  const ScanPage three{{keyOf("a"), keyOf("b"), keyOf("c")}, std::nullopt};
  api.pages = {three, three, {{}, keyOf("a")}, {{}, keyOf("b")}};

  EXPECT_TRUE(loop.run(scanAll(api, {.table = "app"}, {.itemsMax = 3})));
  EXPECT_EQ(loop.run(scanAll(api, {.table = "app"}, {.itemsMax = 2})).error().code(), Code::kLimitExceeded);
  EXPECT_EQ(loop.run(scanAll(api, {.table = "app"}, {.pagesMax = 2})).error().code(), Code::kLimitExceeded);
}

TEST(ScanAll, GivesTheFailureOfAPage) {
  sim::SimLoop loop(1);
  PagedApi api;
  api.pages = {{{keyOf("a")}, keyOf("a")}};
  EXPECT_EQ(loop.run(scanAll(api, {.table = "app"})).error().code(), Code::kUnreachable);
}

TEST(MayHaveBeenApplied, IsTrueWhereNoAnswerSaidNo) {
  for (const Code code : {Code::kTimeout, Code::kUnreachable, Code::kServiceError, Code::kMalformedResponse,
                          Code::kTlsFailed, Code::kResponseTooLarge}) {
    EXPECT_TRUE(mayHaveBeenApplied(Error(code, ""))) << codeName(code);
  }
  for (const Code code : {Code::kThrottled, Code::kUnknownTable, Code::kInvalidArgument, Code::kAccessDenied,
                          Code::kInvalidSignature, Code::kExpiredToken}) {
    EXPECT_FALSE(mayHaveBeenApplied(Error(code, ""))) << codeName(code);
  }
}

TEST(ItemContext, NamesTableAndKeyOnOneLine) {
  EXPECT_EQ(itemContext("app", keyOf("shardId-000000000000")), "table app, leaseKey shardId-000000000000");
  EXPECT_EQ(itemContext("app", {{"k", AttributeValue::number(7)}}), "table app, k 7");
  EXPECT_EQ(itemContext("app", keyOf("a\nb")), R"(table app, leaseKey "a\nb")");
  EXPECT_EQ(itemContext("app", {{"k", AttributeValue::binary("ab")}}), "table app, k 0x6162");
}

}  // namespace
}  // namespace tidemill::dynamo
