"""moto's server, with three answers of its DynamoDB mended, as of moto 5.2.1:

- It looks at the condition of a write and then writes, while other threads do the same: two workers that take a lease at
  the same moment both succeed. Here one call comes after the other.
- KCL 1.14 and later guard a checkpoint by `Expected` with both `Value` and `ComparisonOperator: NE`. AWS compares by the
  operator; moto sees only the value and compares by equality, so that those versions never checkpoint.
- KCL 2 puts the state of a prepared checkpoint as bytes through `AttributeUpdates`; moto keeps them as a string, and then
  fails to give the row away.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

import moto.dynamodb.models as models
import moto.dynamodb.models.table as table
from moto.dynamodb.comparisons import get_expected
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.responses import DynamoHandler
from moto.server import main

ONE_AT_A_TIME = threading.RLock()
ITEM_CALLS = ("get_item", "put_item", "update_item", "delete_item", "scan")
update_as_it_is = Item.update_with_attribute_updates


def by_operator(expected: dict[str, dict]):
    return get_expected({name: {"ComparisonOperator": one["ComparisonOperator"], "AttributeValueList": [one["Value"]]}
                         if "ComparisonOperator" in one and "Value" in one else one for name, one in expected.items()})


def update_with_bytes(item: Item, updates: dict[str, dict]) -> None:
    update_as_it_is(item, updates)
    for name, update in updates.items():
        if update.get("Action", "PUT") == "PUT" and "B" in update.get("Value", {}):
            item.attrs[name] = DynamoType(update["Value"])


def alone(call: Callable) -> Callable:
    @functools.wraps(call)
    def locked(*arguments, **named):
        with ONE_AT_A_TIME:
            return call(*arguments, **named)

    return locked


if __name__ == "__main__":
    models.get_expected = table.get_expected = by_operator
    Item.update_with_attribute_updates = update_with_bytes
    for name in ITEM_CALLS:
        setattr(DynamoHandler, name, alone(getattr(DynamoHandler, name)))
    main()
