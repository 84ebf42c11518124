"""The examples, as a user runs them: each in a folder of its own, against the fake AWS."""

from __future__ import annotations

import collections
import contextlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import boto3
import pytest

from fake_server import fake_aws, kinesis, make_stream
from programs import BINARY, PATIENCE, Running, environment, running, words_of

REGION = "eu-central-1"  # The one that the examples name.
HALVES = "0", str(2**127)  # Hash keys in each of two shards.
# Rows of the chapter: monitoring, 18 to 23 and 26, comes with monitoring.
ROWS = [row for row in range(1, 32) if row not in (18, 19, 20, 21, 22, 23, 26)]


def binary(name: str) -> str:
    return str(Path(BINARY).parent / "bin" / f"{name}_example")


@pytest.fixture
def url():
    """Of a fake, one for each test: the names of streams stand in the examples."""
    with fake_aws("--region", REGION) as running_fake:
        yield running_fake


def example(name: str, folder: Path, url: str, *arguments: object, **more) -> contextlib.AbstractContextManager[Running]:
    return running(*arguments, program=binary(name), folder=folder, AWS_ENDPOINT_URL=url, AWS_REGION=None, **more)


class Producer:
    """Puts lines into both shards of a stream, and knows what it has put."""

    def __init__(self, url: str, stream: str) -> None:
        self.client = kinesis(url, region=REGION, attempts=5)
        self.stream = stream
        self.lines: list[str] = []
        self.last: dict[str, str] = {}  # By shard: the last sequence number.
        make_stream(self.client, stream, 2)

    def put(self, *lines: str) -> None:
        records = [
            {"Data": line.encode(), "PartitionKey": "key", "ExplicitHashKey": HALVES[i % 2]}
            for i, line in enumerate(lines)
        ]
        answer = self.client.put_records(StreamName=self.stream, Records=records)
        assert answer["FailedRecordCount"] == 0, answer
        self.last |= {record["ShardId"]: record["SequenceNumber"] for record in answer["Records"]}
        self.lines += lines


def wait(condition, what: str, patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"no {what} within {patience} s"
        time.sleep(0.05)


def sums_of(lines: list[str]) -> dict[str, int]:
    """Python's own sums; lines that are no orders count for nothing."""
    sums: collections.Counter[str] = collections.Counter()
    for line in lines:
        if found := re.fullmatch(r"(\w+) (\d+)", line):
            sums[found[1]] += int(found[2])
    return dict(sums)


def summed(folder: Path) -> dict[str, int]:
    """What lies in the example's database."""
    file = folder / "orders.db"
    if not file.exists():
        return {}
    with contextlib.closing(sqlite3.connect(file, timeout=10)) as database:
        tables = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sums'").fetchone()
        return dict(database.execute("SELECT customer, cents FROM sums")) if tables == (1,) else {}


def orders(draw: random.Random, count: int) -> list[str]:
    return [f"{draw.choice(['ann', 'bob', 'cyd'])} {draw.randrange(1, 10_000)}" for _ in range(count)]


@pytest.mark.slow
def test_sums_are_exact_though_the_program_is_killed_again_and_again(url, tmp_path):
    producer = Producer(url, "orders")
    draw = random.Random(6)
    stop = threading.Event()

    def produce() -> None:
        while not stop.is_set():
            producer.put(*orders(draw, 20), "no order at all")
            stop.wait(0.1)

    producing = threading.Thread(target=produce)
    producing.start()
    try:
        for _ in range(3):
            before = sum(summed(tmp_path).values())
            with example("exactly_once_sqlite", tmp_path, url) as program:
                wait(lambda: sum(summed(tmp_path).values()) > before, "progress")
                assert program.end(signal.SIGKILL) == -signal.SIGKILL
    finally:
        stop.set()
        producing.join()

    with example("exactly_once_sqlite", tmp_path, url) as program:
        wait(lambda: summed(tmp_path) == sums_of(producer.lines), "exact sums")
        assert program.end(signal.SIGTERM) == 0, program.told()
    assert summed(tmp_path) == sums_of(producer.lines)


@pytest.mark.slow
def test_a_stream_that_is_read_from_the_beginning_again_adds_nothing(url, tmp_path):
    producer = Producer(url, "orders")
    producer.put(*orders(random.Random(7), 300))
    with example("exactly_once_sqlite", tmp_path, url) as program:
        wait(lambda: summed(tmp_path) == sums_of(producer.lines), "exact sums")
        program.end(signal.SIGKILL)

    # Leases and checkpoints are lost, so every record comes again, and then new ones.
    shutil.rmtree(tmp_path / "tidemill-state")
    shutil.rmtree(tmp_path / "exactly-once-checkpoints")
    producer.put("ann 1", "dan 2")

    with example("exactly_once_sqlite", tmp_path, url) as program:
        wait(lambda: "dan" in summed(tmp_path) and summed(tmp_path) == sums_of(producer.lines), "exact sums")
        assert program.end(signal.SIGTERM) == 0, program.told()
    assert summed(tmp_path) == sums_of(producer.lines)


@pytest.mark.slow
def test_sessions_end_by_their_timeout_and_survive_a_crash(url, tmp_path):
    producer = Producer(url, "clicks")
    producer.put("ann /", "bob /", "ann /help")
    with example("windowed_sessions", tmp_path, url, 4) as program:
        program.wait_line(r"page /: 2")
        program.end(signal.SIGKILL)
        assert not program.lines("session .*")
    with example("windowed_sessions", tmp_path, url, 4) as program:
        producer.put("ann /")
        program.wait_line(r"session ann: 3 clicks in \d+ ms")
        program.wait_line(r"session bob: 1 clicks in 0 ms")
        program.wait_line(r"page /: 3")
        assert program.end(signal.SIGTERM) == 0, program.told()


@pytest.mark.slow
def test_pages_leave_the_window(url, tmp_path):
    producer = Producer(url, "clicks")
    producer.put("ann /", "ann /help")
    with example("windowed_sessions", tmp_path, url, 60) as program:
        program.wait_line(r"page /: 1", 2)
        program.wait_line(r"page /help: 1", 2)
        producer.put("ann /more")
        program.wait_line(r"page /more: 1")
        assert len(program.lines(r"page /: 1")) == len(program.lines(r"page /help: 1")) == 2, program.told()


def tour(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary("seed_tour"), *arguments], env=environment(), capture_output=True, text=True,
                          timeout=4 * PATIENCE, check=False)


@pytest.mark.slow
def test_the_tour_passes_every_row_of_the_chapter():
    done = tour()
    *rows, last = done.stdout.splitlines()
    assert rows == [f"ok {row}" for row in ROWS], done.stdout
    assert last == f"{len(ROWS)} passed, 0 failed"
    assert done.returncode == 0


def test_the_tour_can_fail():
    done = tour("--plant", "drop-record", "2", "6")
    failed, passed, log, last = done.stdout.splitlines()
    assert re.fullmatch("failed 2: .+", failed) and passed == "ok 6", done.stdout
    assert last == "1 passed, 1 failed"
    assert done.returncode == 1
    shutil.rmtree(Path(log.removeprefix("log: ")).parent)


def test_the_program_of_the_readme_counts_words_and_goes_on(url, tmp_path):
    producer = Producer(url, "orders")
    producer.put("a tide", "a mill")

    def sums(program: Running) -> dict[str, int]:
        found: collections.Counter[str] = collections.Counter()
        for match in program.lines(r"(\w+): (\d+)"):
            found[match[1]] += int(match[2])
        return dict(found)

    with example("word_count", tmp_path, url, wrapper=("stdbuf", "-oL")) as program:
        program.wait_until(lambda: sums(program) == words_of(producer.lines), "counts")
    producer.put("the tide")
    with example("word_count", tmp_path, url, wrapper=("stdbuf", "-oL")) as program:
        program.wait_line("the: 1")


def test_the_consumer_for_kcl_users_checkpoints_each_shard_in_dynamodb(url, tmp_path):
    producer = Producer(url, "orders")
    producer.put("one", "two", "three")
    database = boto3.client("dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                            aws_secret_access_key="test")

    def checkpoints() -> dict[str, str]:
        try:
            items = database.scan(TableName="line-count")["Items"]
        except database.exceptions.ResourceNotFoundException:
            return {}
        return {item["leaseKey"]["S"]: item["checkpoint"]["S"] for item in items if "checkpoint" in item}

    with example("kcl_style_consumer", tmp_path, url):
        wait(lambda: producer.last.items() <= checkpoints().items(), "checkpoints behind all records")
