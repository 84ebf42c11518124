"""The judge must be able to say no."""

from __future__ import annotations

import records
from deliveries import Delivery, JavaLedger
from table_watch import Watch, malformed, position

FAILOVER = 3.0


def row(owner: str | None = "j1", counter: int = 1, checkpoint: str = "100", sub: int = 0, key: str = "s") -> dict:
    item = {"leaseKey": {"S": key}, "leaseCounter": {"N": str(counter)}, "checkpoint": {"S": checkpoint},
            "checkpointSubSequenceNumber": {"N": str(sub)}, "ownerSwitchesSinceCheckpoint": {"N": "0"}}
    return item | ({"leaseOwner": {"S": owner}} if owner else {})


def watch(*scans: tuple[float, list[dict]]) -> Watch:
    found = Watch()
    for ended, items in scans:
        found.scan(ended, items)
    return found


def at(worker: str, shard: str, when: float, *numbers: int) -> Delivery:
    return Delivery(worker, shard, when, when, frozenset(numbers))


def test_checkpoints_are_in_the_order_of_the_library():
    ordered = [("AT_TIMESTAMP", 0), ("TRIM_HORIZON", 0), ("LATEST", 0), ("9", 0), ("9", 1), ("10", 0), ("SHARD_END", 0)]

    assert sorted(ordered, key=lambda one: position(*one)) == ordered


def test_a_checkpoint_or_counter_that_falls_is_a_regression():
    assert watch((0, [row(checkpoint="10")]), (1, [row(checkpoint="10", sub=1)]), (2, [row(checkpoint="11")]),
                 (3, [row(checkpoint="SHARD_END")])).regressions == []

    assert len(watch((0, [row(checkpoint="10")]), (1, [row(checkpoint="9")])).regressions) == 1
    assert len(watch((0, [row(checkpoint="10", sub=1)]), (1, [row(checkpoint="10")])).regressions) == 1
    assert len(watch((0, [row(checkpoint="SHARD_END")]), (1, [row(checkpoint="10")])).regressions) == 1
    assert len(watch((0, [row(counter=2)]), (1, [row(counter=1)])).regressions) == 1


def test_a_row_that_was_away_must_not_come_back_earlier():
    assert len(watch((0, [row(checkpoint="10")]), (1, []), (2, [row(checkpoint="TRIM_HORIZON")])).regressions) == 1


def test_a_row_that_others_cannot_read_is_named():
    assert malformed(row()) == []

    without = row()
    del without["leaseCounter"]
    assert malformed(without) == ["leaseCounter is missing"]
    assert malformed(row() | {"checkpoint": {"N": "1"}}) == ["checkpoint is N, not S"]
    assert malformed(row() | {"parentShardId": {"SS": []}}) == ["parentShardId is empty"]
    assert malformed(row() | {"checkpointOwner": {"S": "x"}}) == ["checkpointOwner is not of KCL 1.x or 2.x"]
    assert malformed(row() | {"startingHashKey": {"S": "0"}}) == ["half of a hash range"]


def test_a_delivery_by_the_owner_is_no_overlap():
    seen = watch((10, [row("j1")]), (20, [row("c1")]))

    assert not seen.overlaps(at("j1", "s", 10.5), FAILOVER)
    assert not seen.overlaps(at("c1", "s", 20.5), FAILOVER)


def test_the_old_owner_has_the_failover_time_to_notice_a_take():
    seen = watch((10, [row("j1")]), (20, [row("c1")]), (21, [row("c1")]), (22, [row("c1")]), (23, [row("c1")]))

    assert not seen.overlaps(at("j1", "s", 20 + FAILOVER - 0.1), FAILOVER)
    assert seen.overlaps(at("j1", "s", 20 + FAILOVER + 0.1), FAILOVER)


def test_a_take_between_two_scans_counts_from_the_start():
    seen = watch((10, [row("j1")]), (10.1, [row("c1")]))

    assert not seen.overlaps(at("c1", "s", 10.05), FAILOVER)


def test_a_delivery_at_an_unknown_time_may_have_been_the_owners():
    seen = watch((10, [row(None)]), (10.1, [row(None)]), (10.3, [row("c1")]), (10.4, [row("c1")]))

    assert not seen.overlaps(Delivery("c1", "s", 10.05, 10.25), FAILOVER)
    assert seen.overlaps(Delivery("c1", "s", 10.02, 10.08), FAILOVER)


def test_a_delivery_without_any_ownership_is_an_overlap():
    seen = watch((10, [row("j1")]), (20, [row(None)]), (30, [row(None)]))

    assert seen.overlaps(at("c1", "s", 10.5), FAILOVER)
    assert seen.overlaps(at("j1", "s", 29), FAILOVER)
    assert seen.overlaps(at("j1", "unknown", 10.5), FAILOVER)


def test_each_number_has_a_word_of_its_own():
    words = [records.word(one) for one in range(20_000)]

    assert len(set(words)) == len(words)
    assert [records.number(one) for one in words] == list(range(20_000))
    assert all(one.isascii() and one.isalpha() for one in words)


def test_a_ledger_is_read_line_by_line(tmp_path):
    path = tmp_path / "j1.ledger"
    ledger = JavaLedger(path)
    assert ledger.read() == []

    path.write_text(f"j1 s 100 0 1500 {records.word(7)}\nj1 s 101 0 15")
    assert ledger.read() == [at("j1", "s", 1.5, 7)]

    path.write_text(f"j1 s 100 0 1500 {records.word(7)}\nj1 s 101 0 1600 {records.word(8)}\n")
    assert [one.numbers for one in ledger.read()] == [frozenset([7]), frozenset([8])]
    assert JavaLedger(path).read() == []  # A worker started again did not deliver what is there.
