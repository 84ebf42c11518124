"""The edges of the program: signals, standard input that is odd, standard output that is gone, children."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from fake_server import SHARD, fake_aws, kinesis, make_stream
from programs import (BINARY, PATIENCE, QUICK, count, counted, environment, fields, put, refused, run, running, text)


@pytest.fixture(scope="module")
def url():
    with fake_aws("--limits", "off") as running_fake:
        yield running_fake


def records_of(client, stream: str) -> list[bytes]:
    iterator = client.get_shard_iterator(StreamName=stream, ShardId=SHARD(0),
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return [record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]]


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s"
        time.sleep(0.02)


# Standard input


@contextlib.contextmanager
def putting(url: str, stream: str):
    """A `tidemill put` whose standard input is the test."""
    program = subprocess.Popen([BINARY, "put", stream, "--endpoint", url], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    try:
        yield program
    finally:
        program.kill()
        program.communicate(timeout=10)


def test_put_sends_a_line_before_the_input_ends(url):
    client = kinesis(url)
    make_stream(client, "slow", 1)
    with putting(url, "slow") as program:
        for number, line in enumerate([b"first", b"second"], start=1):
            program.stdin.write(line + b"\n")
            program.stdin.flush()
            wait_until(lambda want=number: len(records_of(client, "slow")) == want, f"record {number}")
        out, _ = program.communicate(timeout=PATIENCE)
    assert (program.returncode, fields(out.decode())["records"]) == (0, "2")


def test_put_refuses_a_line_that_no_record_holds_before_its_end(url):
    make_stream(kinesis(url), "long", 1)
    with putting(url, "long") as program:
        with contextlib.suppress(BrokenPipeError):  # It need not read more than the limit.
            program.stdin.write(b"short\n" + b"x" * (11 << 20))
            program.stdin.flush()
        wait_until(lambda: program.poll() is not None, "end, though the input goes on")
        err = program.stderr.read().decode()
    assert program.returncode == 2, err
    assert re.match(r"error\[Usage\]: 1 records put, then: line 2 has more than 10485760 bytes.*\ntry: .+", err), err


def test_put_tells_input_that_cannot_be_read_from_its_end(url):
    make_stream(kinesis(url), "unread", 1)
    command = [BINARY, "put", "unread", "--endpoint", url]
    folder = os.open("/", os.O_RDONLY)
    done = subprocess.run(command, stdin=folder, capture_output=True, text=True, timeout=PATIENCE, env=environment(),
                          check=False)
    os.close(folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error[Io]: 0 records put, then: cannot read line 1: Is a directory" in done.stderr
    closed = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True,
                            timeout=PATIENCE, env=environment(), check=False)
    assert closed.returncode == 2 and "error[Io]" in closed.stderr, closed


def test_put_of_nothing_still_needs_the_stream(url):
    make_stream(kinesis(url), "nothing", 1)
    done = run("put", "nothing", "--endpoint", url)
    assert (done.code, done.out) == (0, "stream: nothing\nrecords: 0\nbytes: 0\nretried: 0\n")
    refused(run("put", "nowhere", "--endpoint", url), "UnknownStream", 3)


def test_put_over_plain_http_needs_a_word(url):
    told = refused(run("put", "any", "--endpoint", "http://192.0.2.1:9", stdin=b"x\n"), "InvalidConfig", 2)
    assert "--allow-plain-http" in told
    done = run("put", "nowhere", "--endpoint", url, "--allow-plain-http", stdin=b"x\n")
    refused(done, "UnknownStream", 3)


# Standard output


@pytest.mark.parametrize("arguments", [["version"], ["version", "--json"], ["--help"], ["put", "--help"]])
def test_results_that_cannot_be_written_are_an_error(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE,
                              env=environment(), check=False)
    assert done.returncode == 2
    assert re.match(r"error\[Io\]: standard output: No space left on device\ntry: .+", done.stderr), done.stderr


def test_a_closed_standard_output_is_an_error():
    done = subprocess.run(["sh", "-c", 'exec "$1" version >&-', "sh", BINARY], stderr=subprocess.PIPE, text=True,
                          timeout=PATIENCE, env=environment(), check=False)
    assert done.returncode == 2 and "error[Io]: standard output" in done.stderr, done


def test_count_stops_in_order_when_nobody_reads_its_lines(url, tmp_path):
    make_stream(kinesis(url), "unheard", 1)
    program = subprocess.Popen([BINARY, *map(str, count(url, "unheard", tmp_path, *QUICK))], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=environment())
    try:
        assert "ready\n" in iter(program.stdout.readline, "")  # Reads no further.
        program.stdout.close()
        put(url, "unheard", text(20, 1))
        _, err = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
    assert program.returncode == 2, err
    assert "error[Io]: standard output: Broken pipe" in err
    assert counted(tmp_path).records == 20
    with running(*count(url, "unheard", tmp_path, *QUICK)) as again:
        again.wait_line("ready")
        assert again.end(signal.SIGTERM) == 0
        assert again.out[-1] == "stopped: received=0 processed=0 checkpointed=0 unallocated=0 leases=released"


# Signals


def test_two_signals_at_once_are_one_request(url, tmp_path):
    """As coreutils' timeout sends them: to the process and to its group."""
    make_stream(kinesis(url), "twice", 1)
    put(url, "twice", text(20, 2))
    with running(*count(url, "twice", tmp_path, *QUICK)) as program:
        program.wait_line("batch: .*")
        program.process.send_signal(signal.SIGTERM)
        program.process.send_signal(signal.SIGINT)
        assert program.end(signal.SIGTERM) == 0, program.told()
        assert program.out[-1] == ("stopped: received=20 processed=20 checkpointed=20 "
                                   "unallocated=0 leases=released")


@pytest.mark.slow
def test_count_begins_where_a_time_says(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "timed", 1)
    put(url, "timed", ["before"])
    time.sleep(1.1)
    moment = int(time.time() * 1000)
    time.sleep(0.1)
    put(url, "timed", ["after it"])
    written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment / 1000)) + f".{moment % 1000:03}Z"
    for name, given in (("number", str(moment)), ("text", written)):
        with running(*count(url, "timed", tmp_path / name, *QUICK, "--initial-position", f"AT_TIMESTAMP={given}")) as one:
            one.wait_line("started: shardId-000000000000 at AT_TIMESTAMP")
            one.wait_line("batch: .*")
            assert one.end(signal.SIGTERM) == 0
        assert counted(tmp_path / name).words == {"after": 1, "it": 1}


@pytest.mark.parametrize("option", [["--initial-position", "YESTERDAY"], ["--checkpoint-ms", "86400001"],
                                    ["--checkpoint-ms", "-1"], ["--initial-position", "AT_TIMESTAMP=soon"]])
def test_count_refuses_what_it_cannot_mean(option, url, tmp_path):
    told = refused(run(*count(url, "any", tmp_path, *option)), "Usage", 2)
    assert option[0] in told


def test_a_negative_seed_is_refused():
    assert "--seed" in refused(run("fake", "--seed", "-1"), "Usage", 2)
    assert "--seed" in refused(run("demo", "--seed", "-1"), "Usage", 2)


def test_a_failed_seed_is_repeated_by_pasting_its_line():
    done = run("sim", "word_count", "--seeds", "1..4", "--plant", "checkpoint-before-output")
    assert done.code == 1, done
    again = re.search(r"^repeat: (.+)$", done.out, re.MULTILINE)[1]
    pasted = subprocess.run(again, shell=True, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert pasted.returncode == 1 and "FAILED seed=" in pasted.stdout, pasted
    assert json.loads(run(*again.split()[1:], "--json").out.splitlines()[0])["repeat"] == again


# The demo's children


def children_of(pid: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ProcessLookupError):
            after_name = stat.read_text().rpartition(")")[2].split()
            if int(after_name[1]) == pid:
                found.add(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextlib.contextmanager
def demo_at_work(folder: Path):
    """A demo with its fake and its consumer, and what these are."""
    with running("demo", TMPDIR=str(folder)) as program:
        wait_until(lambda: any(line.startswith("put ") for line in program.err), "progress")
        children = children_of(program.process.pid)
        assert len(children) == 2, program.told()
        yield program, children


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_demo_with_all_it_made(how, tmp_path):
    with demo_at_work(tmp_path) as (program, children):
        assert program.end(how) == 128 + how, program.told()
        assert not [pid for pid in children if alive(pid)]
        assert not list(tmp_path.iterdir())
        assert program.out == []
        assert any(line.startswith("consumer: stopped: ") for line in program.err), "it ends as after a SIGTERM"


def test_a_killed_demo_leaves_no_process(tmp_path):
    with demo_at_work(tmp_path) as (program, children):
        program.end(signal.SIGKILL)
        wait_until(lambda: not [pid for pid in children if alive(pid)], "end of the children")


@pytest.mark.slow
def test_the_shortest_text_is_counted_through_every_shard(tmp_path):
    short = tmp_path / "short"
    short.write_text("one line, no end")
    done = run("demo", "--text", short, "--json", TMPDIR=str(tmp_path))
    assert done.code == 0, done
    result = json.loads(done.out)
    assert result.pop("duplicatesDropped") in (0, 1)  # Whether its lease checkpoint was faster than the kill.
    assert result.pop("blocksLost") == result.pop("rebuilt")  # The only block is drawn, or not.
    assert result == {"records": 1, "batches": 1, "shardsSeen": 7, "kills": 1,
                      "word": dict.fromkeys(["end", "line", "no", "one"], 1), "exact": "yes"}
    assert list(tmp_path.iterdir()) == [short]


@pytest.mark.parametrize("arguments", [["--set", "nothing"], ["--text", "/nonexistent"], ["--text", "/"],
                                       ["--set", "spark.streaming.blockInterval=abc"],
                                       ["--storage-level", "MEMORY"], ["--lose-blocks", "many"]])
def test_a_demo_that_cannot_begin_leaves_nothing(arguments, tmp_path):
    done = run("demo", *arguments, TMPDIR=str(tmp_path))
    assert done.code == 2 and "error[" in done.err and "kept" not in done.err, done
    assert not list(tmp_path.iterdir())


def test_a_text_with_a_line_that_no_record_holds_is_refused_at_once(tmp_path):
    long = tmp_path / "long"
    long.write_bytes(b"fine\n" + b"x" * (1 << 20) + b"\n")
    told = refused(run("demo", "--text", long, TMPDIR=str(tmp_path)), "Usage", 2)
    assert "line 2" in told and str(long) in told
    assert list(tmp_path.iterdir()) == [long]
