"""Records packed together by an aggregator that nobody here wrote, read by `tidemill count`."""

from __future__ import annotations

import json
import signal

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator

from aggregates import aggregate, damaged, framed
from fake_server import HALF, SHARD, kinesis, make_stream
from programs import QUICK, count, counted, running, stop, words_of


def put(client, stream: str, data: bytes, hash_key: str = "0") -> str:
    """Its sequence number."""
    return client.put_record(StreamName=stream, Data=data, PartitionKey="a",
                             ExplicitHashKey=hash_key)["SequenceNumber"]


def objects(program, event: str) -> list[dict]:
    return [line for line in map(json.loads, program.out) if line["event"] == event]


def numbers(program) -> list[tuple[str, int, str]]:
    return [(line["sequenceNumber"], line["subSequenceNumber"], line["aggregation"])
            for line in objects(program, "record")]


def parts_of(number: str, parts: int, first: int = 0) -> list[tuple[str, int, str]]:
    return [(number, part, "part") for part in range(first, parts)]


def test_parts_come_with_their_sub_sequence_numbers(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "packed", 1)
    texts = [f"tide number {'x' * part}" for part in range(40)]
    first = put(client, "packed", aggregate([(f"key-{part}", text) for part, text in enumerate(texts)]))
    put(client, "packed", b"plain sea")
    second = put(client, "packed", aggregate([("one", "mill mill"), ("two", "", "17"), ("one", "end")]))
    with running(*count(url, "packed", tmp_path, *QUICK, "--json")) as program:
        program.wait_until(lambda: counted(tmp_path).records >= 44, "all records")
        program.wait_until(lambda: sum(line["records"] for line in objects(program, "batch")) >= 44, "all batches")
        assert numbers(program) == parts_of(first, 40) + parts_of(second, 3)
        lines = objects(program, "record")
        assert {line["shard"] for line in lines} == {SHARD(0)}
        assert [line["bytes"] for line in lines[:40]] == [len(text) for text in texts]
        batches = objects(program, "batch")
        assert sum(line["subRecords"] for line in batches) == 43
        assert sum(line["damagedAggregates"] for line in batches) == 0
        assert f"{first}:0" in batches[0]["ranges"] or f"{first}," in batches[0]["ranges"]
        assert program.end(signal.SIGTERM) == 0
        told = "\n".join([*program.out, *program.err])
        assert "key-7" not in told and "mill mill" not in told
    assert counted(tmp_path).words == words_of([*texts, "plain sea", "mill mill", "end"])
    assert counted(tmp_path).records == 44


def test_every_record_has_a_line_if_asked_for(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "lines", 1)
    plain = put(client, "lines", b"four")
    packed = put(client, "lines", aggregate([("k", "a"), ("k", "b")]))
    with running(*count(url, "lines", tmp_path, *QUICK, "--records")) as program:
        assert program.wait_line(f"record: {SHARD(0)} {plain}/0 none bytes: 4")
        assert program.wait_line(f"record: {SHARD(0)} {packed}/[01] part bytes: 1", 2)
        assert stop(program) == 3


def test_damaged_ones_come_whole_and_marked_and_everything_else_as_ever(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "damaged", 1)
    bad = damaged(aggregate([("k", "one"), ("k", "two")]))
    wanted = [(put(client, "damaged", data), 0, "damaged") for data in bad.values()]
    wanted += parts_of(put(client, "damaged", aggregate([("k", "good"), ("k", "good")])), 2)
    put(client, "damaged", b"")
    with running(*count(url, "damaged", tmp_path, *QUICK, "--json")) as program:
        program.wait_until(lambda: counted(tmp_path).records >= len(wanted) + 1, "all records")
        program.wait_until(lambda: len(numbers(program)) >= len(wanted), "all lines")
        assert numbers(program) == wanted
        assert [line["bytes"] for line in objects(program, "record")[:len(bad)]] == [len(data) for data in bad.values()]
        assert program.end(signal.SIGTERM) == 0
        events = [line for line in program.err if "event=aggregate_damaged" in line]
        assert events and all("stream=damaged" in line and f"shard={SHARD(0)}" in line for line in events)
        assert f"sequenceNumber={wanted[0][0]} reason=checksum" in events[0]
        assert sum(line["damagedAggregates"] for line in objects(program, "batch")) == len(bad)
    assert counted(tmp_path).words["good"] == 2


def test_what_only_looks_like_an_aggregate_is_data(url, tmp_path):
    """Aggregates inside of parts are not taken apart, as in KCL; less than the magic bytes is a plain record."""
    client = kinesis(url)
    make_stream(client, "lookalikes", 1)
    inner = aggregate([("k", "one"), ("k", "two")])
    outer = RecordAggregator()
    for data in (inner, inner[:-1], inner[:4]):
        assert outer.add_user_record("k", data) is None
    nested = put(client, "lookalikes", bytes(outer.clear_and_get().get_contents()[2]))
    cut = put(client, "lookalikes", inner[:3])
    empty = put(client, "lookalikes", b"")
    hollow = put(client, "lookalikes", framed(b"\x0a\x01k"))  # No parts.
    last = put(client, "lookalikes", b"end")
    with running(*count(url, "lookalikes", tmp_path, *QUICK, "--json", "--records")) as program:
        program.wait_until(lambda: len(numbers(program)) >= 6, "all lines")
        assert numbers(program) == parts_of(nested, 3) + [(number, 0, "none") for number in (cut, empty, last)]
        assert [line["bytes"] for line in objects(program, "record")] == [len(inner), len(inner) - 1, 4, 3, 0, 3]
        assert sum(line["damagedAggregates"] for line in objects(program, "batch")) == 0
        assert program.end(signal.SIGTERM) == 0
        assert not any(hollow in line for line in program.out)
    assert counted(tmp_path).records == 6


@pytest.mark.parametrize("policy, kept", [("drop_aggregate", False), ("keep", True), ("keep_and_count", True)])
def test_parts_of_another_shard_follow_the_policy(url, tmp_path, policy, kept):
    """As after a reshard: an aggregate in the lower shard with one part of the upper one."""
    client = kinesis(url)
    stream = f"range-{policy.replace('_', '-')}"
    make_stream(client, stream, 2)
    strayed = put(client, stream, aggregate([("k", "in", "5"), ("k", "out", HALF), ("k", "in", "6")]))
    inside = put(client, stream, aggregate([("k", "in", "0"), ("k", "in", str(int(HALF) - 1))]))
    wanted = (parts_of(strayed, 3) if kept else []) + parts_of(inside, 2)
    with running(*count(url, stream, tmp_path, *QUICK, "--json", "--set", f"tidemill.kpl.outOfRange={policy}")) as program:
        program.wait_until(lambda: counted(tmp_path).records >= len(wanted), "all records")
        program.wait_until(lambda: len(numbers(program)) >= len(wanted), "all lines")
        assert numbers(program) == wanted
        assert program.end(signal.SIGTERM) == 0
        names = {"drop_aggregate": "aggregate_dropped", "keep_and_count": "aggregate_out_of_range"}
        told = [line for line in program.err if "event=aggregate_" in line]
        assert len(told) == (policy in names)
        assert all(f"event={names[policy]}" in line and f"sequenceNumber={strayed}" in line for line in told)
    assert counted(tmp_path).words == ({"in": 4, "out": 1} if kept else {"in": 2})


def test_aggregates_stay_whole_if_told_to(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "whole", 1)
    number = put(client, "whole", aggregate([("k", "a"), ("k", "b")]))
    with running(*count(url, "whole", tmp_path, *QUICK, "--json", "--records", "--set",
                        "tidemill.kpl.deaggregate=false")) as program:
        program.wait_until(lambda: counted(tmp_path).records >= 1, "the record")
        program.wait_until(lambda: numbers(program) != [], "its line")
        assert numbers(program) == [(number, 0, "none")]
        assert program.end(signal.SIGTERM) == 0


def test_each_part_is_counted_once_over_restarts_and_a_kill(url, tmp_path):
    """The counts and the checkpoint tell the parts of one record apart."""
    client = kinesis(url)
    make_stream(client, "again", 1)
    sent = []
    for round_number in range(3):
        texts = [f"round {chr(97 + round_number)} part" for _ in range(30)]
        sent += texts
        put(client, "again", aggregate([("k", text) for text in texts]))
        with running(*count(url, "again", tmp_path, "--batch-ms", "200", "--checkpoint-ms", "0", "--json")) as program:
            program.wait_until(lambda: counted(tmp_path).records >= len(sent), "all parts")
            program.end(signal.SIGKILL if round_number == 1 else signal.SIGTERM)
    result = counted(tmp_path)
    assert (result.words, result.records) == (words_of(sent), 90)
