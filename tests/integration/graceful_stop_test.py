"""How real processes end: a second signal, a stop that takes too long, and consumers that are slower than the stream."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_server import kinesis, make_stream
from load import Load, expect_exact
from programs import QUICK, Running, count, counted, running, stop


@contextlib.contextmanager
def locked(state: Path) -> Iterator[None]:
    """While it lasts, the sink cannot write: outputs wait, fail and are tried again."""
    with contextlib.closing(sqlite3.connect(state / "counts.db", timeout=30, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def drain(url: str, stream: str, state: Path, records: int) -> Running:
    """Counts until there are that many records, and stops in order."""
    with running(*count(url, stream, state, *QUICK)) as program:
        program.wait_until(lambda: counted(state).records >= records, f"{records} records")
        stop(program)
    return program


def test_a_second_signal_ends_the_process_within_a_second_and_a_restart_loses_nothing(url, tmp_path):
    make_stream(kinesis(url), "second", 2)
    load = Load(url, "second", 0.05)
    with running(*count(url, "second", tmp_path, *QUICK)) as program:
        program.wait_line("batch: .*", 2)
        with locked(tmp_path):
            time.sleep(0.5)
            program.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert program.process.poll() is None, program.told()
            before = time.monotonic()
            assert program.end(signal.SIGTERM) == 1, program.told()
            assert time.monotonic() - before < 1
    assert not program.lines("stopped: .*")
    assert any(line.startswith("error[Cancelled]: a second signal") for line in program.err), program.told()
    lines = load.end()
    drain(url, "second", tmp_path, len(lines))
    expect_exact(tmp_path, lines, duplicates=None)


def test_a_stop_that_takes_too_long_says_so_and_loses_nothing(url, tmp_path):
    make_stream(kinesis(url), "late", 1)
    load = Load(url, "late", 0.05)
    more = ("--set", "spark.streaming.gracefulStopTimeout=2s", "--set", "tidemill.batch.maxFailures=1000")
    with running(*count(url, "late", tmp_path, *QUICK, *more)) as program:
        program.wait_line("batch: .*", 2)
        with locked(tmp_path):
            time.sleep(1)  # Something is received that cannot be processed.
            assert program.end(signal.SIGTERM) == 3, program.told()
    errors = [line for line in program.err if line.startswith("error[")]
    assert len(errors) == 1 and errors[0].startswith("error[Timeout]: the graceful stop took more than 2 s"), program.told()
    lines = load.end()
    drain(url, "late", tmp_path, len(lines))
    expect_exact(tmp_path, lines, duplicates=None)


def test_a_slow_receiver_is_drained(url, tmp_path):
    """As in Spark's suite, where a receiver gives a record in each second."""
    make_stream(kinesis(url), "slow", 2)
    load = Load(url, "slow", 0.02)
    time.sleep(1)
    lines = load.end()
    limit = ("--set", "spark.streaming.receiver.maxRate=100")
    with running(*count(url, "slow", tmp_path, *QUICK, *limit)) as program:
        program.wait_line("batch: .*", 4)
        received = stop(program)
    most = max(int(found[1]) for found in program.lines(r"batch: \d+ records: (\d+)"))
    assert most <= 120, "more than a second's worth in one batch"
    assert 0 < received < len(lines)
    drain(url, "slow", tmp_path, len(lines))
    expect_exact(tmp_path, lines)


def resident(pid: int) -> int:
    """MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    raise AssertionError("no VmRSS")


@pytest.mark.parametrize("backpressure", ["false", "true"])
def test_a_slow_consumer_does_not_grow_memory(backpressure, url, tmp_path):
    """Eighty MiB wait in the stream while nothing is processed, and pass through a budget of eight."""
    stream = f"heavy-{backpressure}"
    client = kinesis(url, attempts=5)
    make_stream(client, stream, 4)
    record = b"tide " * 10_000
    left = [{"Data": record, "PartitionKey": str(number)} for number in range(1600)]
    while left:  # A shard takes a mebibyte in a second; what it refuses is put again.
        entries, left = left[:40], left[40:]
        done = client.put_records(StreamName=stream, Records=entries)["Records"]
        left += [entry for entry, result in zip(entries, done) if "ErrorCode" in result]
    more = ("--set", "tidemill.memory.budget=8m", "--set", "spark.executor.memory=8m", "--set",
            "tidemill.batch.maxFailures=1000", "--set", f"spark.streaming.backpressure.enabled={backpressure}", "--set",
            "tidemill.kinesis.readBytesPerSecond=0", "--storage-level", "MEMORY_ONLY")
    with running(*count(url, stream, tmp_path, *QUICK, *more)) as program:
        program.wait_line("ready")
        base = resident(program.process.pid)
        most = base
        with locked(tmp_path):
            for _ in range(50):
                time.sleep(0.1)
                most = max(most, resident(program.process.pid))
        while counted(tmp_path).records < 1600:
            most = max(most, resident(program.process.pid))
            assert program.process.poll() is None, program.told()
            time.sleep(0.05)
        stop(program)
    result = counted(tmp_path)
    assert (result.records, result.words) == (1600, {"tide": 16_000_000})
    # The budget, one answer for each shard above it, and what compiled counters need.
    assert most - base < 60, f"{base} MiB at the start, {most} MiB at most"
