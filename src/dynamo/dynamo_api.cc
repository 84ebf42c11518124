#include "dynamo/dynamo_api.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/text.h"

namespace tidemill::dynamo {
namespace {

std::string shownKeyPart(const AttributeValue& value) {
  if (value.asString() != nullptr) return base::quoteIfNeeded(*value.asString());
  if (value.asNumber() != nullptr) return base::quoteIfNeeded(*value.asNumber());
  if (value.asBinary() != nullptr) return "0x" + base::toHex(value.asBinary()->substr(0, 64));
  return fmt::format("(of type {})", typeName(value.type()));
}

Error endlessScan(const std::string& table, const ScanBounds& bounds) {
  return Error(Code::kLimitExceeded,
               fmt::format("{}: a scan goes on beyond {} items or {} pages", tableContext(table),
                           bounds.itemsMax, bounds.pagesMax),
               "check that the table holds nothing but leases");
}

}  // namespace

bool mayHaveBeenApplied(const Error& failure) {
  switch (failure.code()) {
    case Code::kThrottled:
    case Code::kUnknownTable:
    case Code::kInvalidArgument:
    case Code::kResourceInUse:
    case Code::kLimitExceeded:
    case Code::kAccessDenied:
    case Code::kInvalidSignature:
    case Code::kExpiredToken:
    case Code::kUnknownOperation:
      return false;
    default:
      return true;
  }
}

std::string tableContext(const std::string& table) {
  return fmt::format("table {}", base::quoteIfNeeded(table));
}

std::string itemContext(const std::string& table, const Item& key) {
  std::string context = tableContext(table);
  for (const auto& [name, value] : key) {
    context += fmt::format(", {} {}", base::quoteIfNeeded(name), shownKeyPart(value));
  }
  return context;
}

rt::Task<Result<std::vector<Item>>> scanAll(DynamoApi& api, ScanRequest request, ScanBounds bounds) {
  std::vector<Item> items;
  for (std::size_t pages = 0; pages < bounds.pagesMax; ++pages) {
    Result<ScanPage> page = co_await api.scanPage(request);
    if (!page) co_return fail(page.error());
    if (page->items.size() > bounds.itemsMax - items.size()) break;
    items.insert(items.end(), std::make_move_iterator(page->items.begin()),
                 std::make_move_iterator(page->items.end()));
    if (!page->lastEvaluatedKey) co_return std::move(items);
    if (request.startKey == page->lastEvaluatedKey) {
      co_return fail(Code::kMalformedResponse,
                     fmt::format("{}: a page of the scan ends where it began", tableContext(request.table)),
                     "check that the endpoint is DynamoDB");
    }
    request.startKey = std::move(page->lastEvaluatedKey);
  }
  co_return fail(endlessScan(request.table, bounds));
}

}  // namespace tidemill::dynamo
