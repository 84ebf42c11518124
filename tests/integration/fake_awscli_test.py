"""The stock AWS command line against `tidemill fake`."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fake_server import HALF, REGION, SHARD, fake_aws, kinesis, wait_active

AWS = Path(sys.executable).parent / "aws"


@pytest.fixture(scope="module")
def url():
    with fake_aws("--limits", "off") as running:
        yield running


@pytest.fixture
def aws(url, tmp_path):
    """Runs `aws kinesis …` with no configuration but the environment."""

    def run(*arguments: str, secret: str = "test") -> subprocess.CompletedProcess:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_KINESIS": url,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [sys.executable, str(AWS), "kinesis", *arguments, "--output", "json"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


def parsed(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else {}


@pytest.mark.slow
def test_the_command_line_creates_puts_splits_lists_and_reads_to_the_end(aws, url):
    assert parsed(aws("create-stream", "--stream-name", "cli", "--shard-count", "1")) == {}
    wait_active(kinesis(url), "cli")
    put = parsed(aws("put-record", "--stream-name", "cli", "--partition-key", "k", "--data", "hello"))
    assert put["ShardId"] == SHARD(0)
    parsed(aws("split-shard", "--stream-name", "cli", "--shard-to-split", SHARD(0), "--new-starting-hash-key", HALF))
    wait_active(kinesis(url), "cli")

    shards = parsed(aws("list-shards", "--stream-name", "cli"))["Shards"]
    assert [shard["ShardId"] for shard in shards] == [SHARD(0), SHARD(1), SHARD(2)]
    iterator = parsed(
        aws("get-shard-iterator", "--stream-name", "cli", "--shard-id", SHARD(0), "--shard-iterator-type",
            "TRIM_HORIZON")
    )["ShardIterator"]
    records = []
    children = None
    while iterator:
        page = parsed(aws("get-records", "--shard-iterator", iterator))
        records += page["Records"]
        iterator = page.get("NextShardIterator")
        children = page.get("ChildShards")
    assert [base64.b64decode(record["Data"]) for record in records] == [b"hello"]
    assert [child["ShardId"] for child in children] == [SHARD(1), SHARD(2)]
    parsed(
        aws("merge-shards", "--stream-name", "cli", "--shard-to-merge", SHARD(1), "--adjacent-shard-to-merge",
            SHARD(2))
    )


def test_a_wrong_secret_is_named(aws):
    done = aws("list-streams", secret="wrong")
    assert done.returncode != 0
    assert "InvalidSignatureException" in done.stderr


def test_an_unknown_stream_is_named(aws):
    done = aws("describe-stream-summary", "--stream-name", "nosuch")
    assert done.returncode != 0
    assert "Stream nosuch under account 000000000000 not found." in done.stderr
