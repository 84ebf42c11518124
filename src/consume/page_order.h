// consume/page_order.h: makes a page continue its shard where the one before ended.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "codec/records_page.h"
#include "tidemill/result.h"

namespace tidemill::consume {

// Drops the records of `page` that repeat what came before: those up to `last` (empty: nothing came before)
// and those with the number of the record in front of them. Gives how many were dropped. kMalformedResponse,
// with the page as it was, if the numbers go back within the page: then nobody can tell what is missing.
// Pure; one comparison for each record that the reader of the page has not compared.
Result<std::size_t> continueAfter(std::string_view last, codec::RecordsPage& page);

// True if each child names `shardId` among its parents.
bool areChildrenOf(std::string_view shardId, const std::vector<codec::ChildShard>& children);

}  // namespace tidemill::consume
