"""What the tests of the fake AWS share: a server process of one's own, and clients for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator

import boto3
from botocore.config import Config

REGION = "us-east-1"
SHARD = "shardId-{:012d}".format
HALF = str(2**127)
QUARTER = str(2**126)


@contextlib.contextmanager
def fake_aws(*options: str) -> Iterator[str]:
    """Runs `tidemill fake` on a free port and gives its URL; it must end cleanly on SIGTERM."""
    binary = os.environ.get("TIDEMILL_BIN", "build/release/tidemill")
    server = subprocess.Popen([binary, "fake", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    try:
        words = server.stdout.readline().split()
        assert words[:1] == ["listening"] and words[1].startswith("http://127.0.0.1:"), words
        yield words[1]
        assert server.poll() is None, "the server ended by itself"
    finally:
        server.terminate()
        ended = server.wait(timeout=10)
        server.stdout.close()
    assert ended == 0, f"exit code {ended} after SIGTERM"


def kinesis(url: str, key: str = "test", secret: str = "test", region: str = REGION, attempts: int = 1):
    """A stock boto3 client; without retries unless asked, so that a test sees each refusal."""
    return boto3.client(
        "kinesis",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


def wait_active(client, stream: str) -> dict:
    """The summary of the stream once it is ACTIVE."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        summary = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return summary
        time.sleep(0.1)
    raise AssertionError(f"stream {stream} did not become ACTIVE")


def make_stream(client, stream: str, shards: int) -> None:
    client.create_stream(StreamName=stream, ShardCount=shards)
    wait_active(client, stream)


def read_to_end(client, stream: str, shard: str, limit: int = 10000) -> tuple[list[dict], list[dict]]:
    """All records of a closed shard, and its children as the last page names them."""
    iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    records: list[dict] = []
    for _ in range(1000):
        page = client.get_records(ShardIterator=iterator, Limit=limit)
        records += page["Records"]
        iterator = page.get("NextShardIterator")
        if iterator is None:
            return records, page["ChildShards"]
        assert "ChildShards" not in page
    raise AssertionError(f"shard {shard} did not end")
