// fake/dynamo_keys.h: whether an item has the keys that its table and its indexes want.
#pragma once

#include "fake/dynamo_table.h"
#include "fake/service_error.h"

namespace tidemill::fake {

// Of a whole item that is to be stored: its key, and the keys of the indexes where it has them.
Outcome<void> checkItemKeys(const FakeTable& table, const Item& item);
// Only the latter: what an update may have changed.
Outcome<void> checkIndexKeys(const FakeTable& table, const Item& item);
// Of the parameter Key: exactly the table's key attributes.
Outcome<void> checkKey(const TableKeys& keys, const Item& key);

// Of ExclusiveStartKey: the key attributes of the table and of the index that is read, if any. Its place.
Outcome<std::string> checkStartKey(const FakeTable& table, const FakeIndex* index, const Item& key);

// What LastEvaluatedKey says of an item.
Item pageKeyOf(const FakeTable& table, const FakeIndex* index, const Item& item);

}  // namespace tidemill::fake
