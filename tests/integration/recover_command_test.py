"""`tidemill recover`: ranges of records are read again, and what is gone is told."""

from __future__ import annotations

import json
import re
import time

import pytest

from aggregates import aggregate
from fake_server import SHARD, fake_aws, kinesis, make_stream, wait_active
from programs import refused, run

FIRST = SHARD(0)
RESULT = re.compile(r"records: (\d+) hash: ([0-9a-f]{32})\n")


def put(url: str, stream: str, payloads: list[str]) -> list[str]:
    """The sequence numbers, in order."""
    client = kinesis(url, attempts=5)
    return [
        client.put_record(StreamName=stream, Data=payload, PartitionKey=f"key-{payload}")["SequenceNumber"]
        for payload in payloads
    ]


def recover(url: str, *ranges: str, settings: list[str] = [], **changes: str | None):
    named = [word for one in ranges for word in ("--range", one)]
    named += [word for one in settings for word in ("--set", one)]
    return run("recover", *named, "--timeout-ms", 30000, "--endpoint", url, **changes)


def recovered(url: str, *ranges: str) -> tuple[int, str]:
    """Count and hash of ranges that are whole."""
    done = recover(url, *ranges)
    assert done.code == 0, done
    result = RESULT.fullmatch(done.out)
    assert result, done.out
    return int(result[1]), result[2]


def test_takes_aggregates_apart_as_the_program_did(url, stream):
    packed = aggregate([("one", "tide mill"), ("two", "sea"), ("one", "weir")])
    number = kinesis(url, attempts=5).put_record(StreamName=stream, Data=packed, PartitionKey="one")["SequenceNumber"]
    assert recovered(url, f"{stream}/{FIRST}:{number}:{number}")[0] == 3
    assert recovered(url, f"{stream}/{FIRST}:{number}.1:{number}.2")[0] == 2
    whole = recover(url, f"{stream}/{FIRST}:{number}:{number}", settings=["tidemill.kpl.deaggregate=false"])
    assert whole.out.startswith("records: 1 hash: "), whole
    refused(recover(url, f"{stream}/{FIRST}:{number}:{number}", settings=["tidemill.kpl.outOfRange=all"]),
            "InvalidConfig", 2)


def test_prints_the_same_count_and_hash_each_time(url, stream):
    numbers = put(url, stream, [f"p{i}" for i in range(20)])
    whole = f"{stream}/{FIRST}:{numbers[3]}:{numbers[11]}"
    first = recovered(url, whole)
    assert first[0] == 9
    assert recovered(url, whole) == first
    assert recovered(url, f"{stream}/{FIRST}:{numbers[3]}:{numbers[10]}")[1] != first[1]


def test_one_record_is_a_range(url, stream):
    numbers = put(url, stream, ["a", "b", "c"])
    assert recovered(url, f"{stream}/{FIRST}:{numbers[1]}:{numbers[1]}")[0] == 1


def test_several_ranges_are_read_at_once(url, stream):
    numbers = put(url, stream, [f"p{i}" for i in range(12)])
    ranges = [f"{stream}/{FIRST}:{numbers[i]}:{numbers[i + 2]}" for i in (0, 3, 9)]
    records, together = recovered(url, *ranges)
    assert records == 9
    assert together == recovered(url, *ranges)[1]
    assert together != recovered(url, *reversed(ranges))[1]


def test_json_has_the_same_values(url, stream):
    numbers = put(url, stream, ["a", "b"])
    whole = f"{stream}/{FIRST}:{numbers[0]}:{numbers[1]}"
    records, digest = recovered(url, whole)
    done = run("recover", "--range", whole, "--endpoint", url, "--json")
    assert json.loads(done.out) == {"records": records, "hash": digest}


def test_reads_a_shard_that_was_split_meanwhile(url, stream):
    client = kinesis(url)
    numbers = put(url, stream, ["a", "b", "c"])
    whole = f"{stream}/{FIRST}:{numbers[0]}:{numbers[2]}"
    before = recovered(url, whole)
    client.split_shard(StreamName=stream, ShardToSplit=FIRST, NewStartingHashKey=str(2**127))
    wait_active(client, stream)
    put(url, stream, ["d", "e"])
    assert recovered(url, whole) == before


def test_needs_region_and_endpoint_like_every_command(url, stream):
    numbers = put(url, stream, ["a"])
    whole = f"{stream}/{FIRST}:{numbers[0]}:{numbers[0]}"
    done = run("recover", "--range", whole, "--endpoint", url, "--region", "us-east-1", AWS_REGION=None)
    assert RESULT.fullmatch(done.out), done


def test_a_trimmed_range_is_a_loss():
    with fake_aws("--retention-ms", "3000") as url:
        stream = "short"
        make_stream(kinesis(url), stream, 1)
        gone = put(url, stream, ["a", "b"])
        time.sleep(3.5)
        left = put(url, stream, ["c", "d"])

        told = refused(recover(url, f"{stream}/{FIRST}:{gone[0]}:{gone[1]}"), "DataLoss", 4)
        for part in (FIRST, stream, gone[0], gone[1], "no record is left"):
            assert part in told
        told = refused(recover(url, f"{stream}/{FIRST}:{gone[1]}:{left[1]}"), "DataLoss", 4)
        assert f"2 records are left, from {left[0]} to {left[1]}" in told
        assert recovered(url, f"{stream}/{FIRST}:{left[0]}:{left[1]}")[0] == 2


def test_a_shard_that_was_trimmed_as_a_whole_is_a_loss():
    with fake_aws("--retention-ms", "3000") as url:
        client = kinesis(url)
        make_stream(client, "short", 1)
        gone = put(url, "short", ["a", "b"])
        client.split_shard(StreamName="short", ShardToSplit=FIRST, NewStartingHashKey=str(2**127))
        wait_active(client, "short")
        time.sleep(4)
        told = refused(recover(url, f"short/{FIRST}:{gone[0]}:{gone[1]}"), "DataLoss", 4)
        assert "the stream no longer has the shard" in told
        assert gone[0] in told


def test_a_range_that_ends_behind_the_last_record_is_a_loss(url, stream):
    numbers = put(url, stream, ["a"])
    later = str(int(numbers[0]) + 1)
    told = refused(recover(url, f"{stream}/{FIRST}:{numbers[0]}:{later}"), "DataLoss", 4)
    assert "the shard holds no later record" in told


def test_numbers_of_a_stream_of_the_same_name_are_a_loss(url, stream):
    client = kinesis(url)
    numbers = put(url, stream, ["a", "b"])
    client.delete_stream(StreamName=stream)
    time.sleep(2)
    make_stream(client, stream, 1)
    put(url, stream, ["c"])
    told = refused(recover(url, f"{stream}/{FIRST}:{numbers[0]}:{numbers[1]}"), "DataLoss", 4)
    assert numbers[0] in told


def test_numbers_of_another_stream_are_a_loss(url, stream):
    make_stream(kinesis(url), "another", 1)
    elsewhere = put(url, "another", ["a", "b"])
    put(url, stream, ["c", "d"])
    told = refused(recover(url, f"{stream}/{FIRST}:{elsewhere[0]}:{elsewhere[1]}"), "DataLoss", 4)
    for part in (f"of stream {stream}", FIRST, *elsewhere):
        assert part in told
    refused(recover(url, f"{stream}/{SHARD(7)}:{elsewhere[0]}:{elsewhere[1]}"), "DataLoss", 4)


def test_a_stream_that_is_not_there_is_no_loss(url):
    refused(recover(url, f"nowhere/{FIRST}:1:2"), "UnknownStream", 3)


@pytest.mark.parametrize(
    "text",
    ["orders", f"orders/{FIRST}:1", f"orders/{FIRST}:2:1", f"orders/{FIRST}:a:b", f"{FIRST}:1:2", f"orders/{FIRST}:1.x:2"],
)
def test_refuses_what_is_no_range(url, text):
    refused(recover(url, text), "Usage", 2)


def test_rides_out_faults_of_the_service():
    with fake_aws("--faults", "150", "--seed", "7") as url:
        client = kinesis(url, attempts=10)
        make_stream(client, "shaky", 1)
        numbers = []
        for i in range(30):
            numbers.append(client.put_record(StreamName="shaky", Data=f"p{i}", PartitionKey="k")["SequenceNumber"])
        whole = f"shaky/{FIRST}:{numbers[0]}:{numbers[-1]}"
        assert recovered(url, whole) == recovered(url, whole)
