"""moto's server, with one answer mended: KCL 1.14 and later guard a checkpoint by `Expected` with both `Value` and
`ComparisonOperator: NE`. AWS compares by the operator; moto 5.2.1 sees only the value and compares by equality, so that
those versions never checkpoint."""

from __future__ import annotations

import moto.dynamodb.models as models
import moto.dynamodb.models.table as table
from moto.dynamodb.comparisons import get_expected
from moto.server import main


def by_operator(expected: dict[str, dict]):
    return get_expected({name: {"ComparisonOperator": one["ComparisonOperator"], "AttributeValueList": [one["Value"]]}
                         if "ComparisonOperator" in one and "Value" in one else one for name, one in expected.items()})


if __name__ == "__main__":
    models.get_expected = table.get_expected = by_operator
    main()
