"""The word count against kinesis-local with boto3 as the producer: a server and a producer nobody here wrote."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fake_server import REGION, make_stream
from programs import counted, environment, run, running, stop, words_of

PEERS = Path(os.environ.get("TIDEMILL_PEERS", "build/peers/node_modules")).resolve()
FOLDER = PEERS / "kinesis-local"
LOOPBACK_ONLY = Path(__file__).with_name("loopback_only.cjs").resolve()
RECORDS = 2000

pytestmark = pytest.mark.skipif(shutil.which("node") is None or not (FOLDER / "main.js").exists(),
                                reason="no node, or no kinesis-local in build/peers (tests/package.json)")


def free_ports(number: int) -> list[int]:
    """Ports that nobody has now; all are held until the last is known, so they differ."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def listening_addresses(ports: set[int]) -> set[str]:
    """The local addresses, as the kernel writes them, on which somebody listens at one of the ports."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for row in table.read_text().splitlines()[1:] if table.exists() else []:
            _, local, _, state, *_ = row.split()
            address, port = local.split(":")
            if state == "0A" and int(port, 16) in ports:
                found.add(address)
    return found


def client_of(url: str):
    return boto3.client("kinesis", endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=60))


def wait_answering(url: str, server: subprocess.Popen, log: Path) -> None:
    """Node loads 16 MB of script first, which takes some seconds."""
    client = client_of(url)
    deadline = time.monotonic() + 120
    while True:
        try:
            client.list_streams()
            return
        except (BotoCoreError, ClientError) as error:
            told = f"{error}\n{log.read_text(errors='replace')[-2000:]}"
            assert server.poll() is None, f"kinesis-local ended with {server.returncode}: {told}"
            assert time.monotonic() < deadline, f"kinesis-local does not answer: {told}"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    """kinesis-local on loopback: it has no option for its address, so the preloaded script sees to that."""
    plain, tls = free_ports(2)
    log = tmp_path_factory.mktemp("kinesis-local") / "log"
    variables = environment(KINESIS_MOCK_PLAIN_PORT=str(plain), KINESIS_MOCK_TLS_PORT=str(tls), LOG_LEVEL="ERROR")
    with log.open("w") as out:
        server = subprocess.Popen(["node", "--require", str(LOOPBACK_ONLY), "main.js"], cwd=FOLDER, env=variables,
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        here = f"http://127.0.0.1:{plain}"
        wait_answering(here, server, log)
        assert listening_addresses({plain, tls}) == {"0100007F"}, "it must listen on loopback and nowhere else"
        yield here
        assert server.poll() is None, "kinesis-local ended by itself"
    finally:
        server.kill()
        server.wait(timeout=30)


def lines_of(seed: int) -> list[str]:
    draw = random.Random(seed)
    words = ["water", "Wheel", "wheel", "grain", "miller's", "7", "caf\u00e9", "--", "stone", "flood"]
    return [f"line{number} " + " ".join(draw.choices(words, k=draw.randrange(1, 15))) for number in range(RECORDS)]


def produce(client, stream: str, lines: list[str]) -> None:
    """boto3 in batches; what the server refuses for the moment is sent again."""
    waiting = [{"Data": line.encode(), "PartitionKey": str(number)} for number, line in enumerate(lines)]
    while waiting:
        batch, waiting = waiting[:250], waiting[250:]
        answer = client.put_records(StreamName=stream, Records=batch)
        waiting += [sent for sent, got in zip(batch, answer["Records"], strict=True) if got.get("ErrorCode")]


def test_words_are_exact_over_two_shards_and_a_restart(url, tmp_path):
    client = client_of(url)
    make_stream(client, "mill", 2)
    lines = lines_of(7)
    command = ("count", "--app", "mill", "--stream", "mill", "--endpoint", url, "--state", tmp_path)
    produce(client, "mill", lines[: RECORDS // 2])
    with running(*command) as first:
        first.wait_line("ready")
        first.wait_until(lambda: counted(tmp_path).records >= RECORDS // 2, "the first half in the counts")
        assert stop(first) == RECORDS // 2
    assert counted(tmp_path).words == words_of(lines[: RECORDS // 2])

    produce(client, "mill", lines[RECORDS // 2 :])
    with running(*command) as second:
        second.wait_line(r"resumed: shardId-\d{12} after \d+", 2)
        second.wait_until(lambda: counted(tmp_path).records >= RECORDS, "the second half in the counts")
        assert stop(second) == RECORDS - RECORDS // 2
    result = counted(tmp_path)
    assert result.words == words_of(lines)
    assert (result.records, result.duplicates) == (RECORDS, 0)


def test_put_reaches_every_shard(url):
    client = client_of(url)
    make_stream(client, "put", 2)
    lines = lines_of(8)[:200]
    done = run("put", "put", "--endpoint", url, stdin="".join(line + "\n" for line in lines).encode())
    assert done.code == 0, done
    shards = []
    for shard in client.list_shards(StreamName="put")["Shards"]:
        iterator = client.get_shard_iterator(StreamName="put", ShardId=shard["ShardId"],
                                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        shards.append([record["Data"].decode() for record in client.get_records(ShardIterator=iterator)["Records"]])
    assert len(shards) == 2 and all(shards)
    assert sorted(shards[0] + shards[1]) == sorted(lines)


def test_an_unknown_stream_is_named(url, tmp_path):
    done = run("count", "--app", "mill", "--stream", "nowhere", "--endpoint", url, "--state", tmp_path)
    assert done.code == 3, done
    assert "error[UnknownStream]: stream nowhere" in done.err
