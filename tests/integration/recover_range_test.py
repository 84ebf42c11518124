"""The example that reads a range of records again, against the fake AWS."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fake_server import SHARD, fake_aws, kinesis, make_stream

PROGRAM = Path(os.environ.get("TIDEMILL_BIN", "build/release/tidemill")).parent / "bin" / "recover_range_example"


def recover(url: str, *range_: str) -> subprocess.CompletedProcess:
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    command = [PROGRAM, url, "orders", *range_]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def taken():
    """The service and the sequence numbers of ten records in one shard."""
    with fake_aws("--limits", "off") as url:
        client = kinesis(url)
        make_stream(client, "orders", 1)
        answers = [
            client.put_record(StreamName="orders", PartitionKey="key", Data=f"order {i}".encode()) for i in range(10)
        ]
        yield url, [answer["SequenceNumber"] for answer in answers]


def test_a_range_comes_back_with_both_its_ends(taken):
    url, numbers = taken
    done = recover(url, SHARD(0), numbers[2], numbers[6])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"order {i}" for i in range(2, 7)]
    assert "records: 5" in done.stderr
    assert f"SequenceNumberRange(orders,{SHARD(0)},{numbers[2]},{numbers[6]}" in done.stderr


def test_a_range_that_makes_no_sense_is_named(taken):
    url, numbers = taken
    refused = recover(url, SHARD(0), numbers[6], numbers[2])
    assert refused.returncode == 2
    assert numbers[6] in refused.stderr and "try: " in refused.stderr
