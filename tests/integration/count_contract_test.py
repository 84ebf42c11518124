"""The contract of `fake`, `put`, `count` and `version`: lines, exit codes, counts, and what bad input is told."""

from __future__ import annotations

import contextlib
import http.server
import json
import random
import re
import signal
import socket
import subprocess
import threading
import time
from functools import partial

import pytest

from fake_server import fake_aws, kinesis, make_stream
from programs import (BINARY, QUICK, count, counted, environment, fields, put, refused, run, running, stop, text,
                      words_of)


@pytest.fixture(scope="module")
def stream(url):
    """A stream that exists, for everything that is refused before a record is read."""
    make_stream(kinesis(url), "known", 1)
    return "known"


# What works


def test_the_first_line_of_the_fake_is_where_it_listens():
    server = subprocess.Popen([BINARY, "fake", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment())
    try:
        assert re.fullmatch(r"listening http://127\.0\.0\.1:[1-9]\d*\n", server.stdout.readline())
    finally:
        server.terminate()
        assert server.wait(timeout=10) == 0
        server.stdout.close()


def test_lines_of_standard_input_become_records(url):
    client = kinesis(url)
    make_stream(client, "lines", 1)
    sent = ["first", "", "second line", "last without an end"]
    done = run("put", "lines", "--endpoint", url, stdin="\n".join(sent).encode())
    assert (done.code, fields(done.out)["records"]) == (0, "4"), done
    iterator = client.get_shard_iterator(StreamName="lines", ShardId="shardId-000000000000",
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert [record["Data"].decode() for record in client.get_records(ShardIterator=iterator)["Records"]] == sent


def test_counts_stay_exact_through_a_kill_and_a_restart(url, tmp_path):
    """Ready, batches, SIGKILL, resumed, SIGTERM: after all of it every record is counted once."""
    make_stream(kinesis(url), "tide", 2)
    parts = [text(700, seed) for seed in range(3)]
    state = tmp_path / "state"
    command = count(url, "tide", state, *QUICK)
    put(url, "tide", parts[0])
    with running(*command) as first:
        first.wait_line("ready")
        first.wait_until(lambda: counted(state).records >= 700, "the first part in the counts")
        put(url, "tide", parts[1])
        first.wait_until(lambda: counted(state).records >= 1400, "the second part in the counts")
        assert all(int(line[2]) > 0 for line in first.wait_line(r"batch: (\d+) records: (\d+)", 2))
        put(url, "tide", parts[2])
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
        assert not first.lines("stopped: .*")

    truth = words_of(line for part in parts for line in part)
    with running(*command) as second:
        resumed = second.wait_line(r"resumed: (shardId-\d{12}) after (\d+)", 2)
        assert {line[1] for line in resumed} == {"shardId-000000000000", "shardId-000000000001"}
        second.wait_line("ready")
        second.wait_until(lambda: counted(state).records >= 2100, "every record in the counts")
        batches = second.wait_line(r"batch: (\d+) records: (\d+)")
        assert stop(second) >= sum(int(line[2]) for line in batches) > 0
    result = counted(state)
    assert (result.words, result.records) == (truth, 2100)
    assert result.batches >= 3

    with running(*command) as third:
        third.wait_line(r"resumed: (shardId-\d{12}) after (\d+)", 2)
        assert stop(third) == 0
    assert counted(state) == result


def test_what_was_counted_and_not_checkpointed_is_dropped_when_it_comes_again(url, tmp_path):
    """The lease checkpoint stays behind the counts on purpose, so the restart must be given duplicates."""
    make_stream(kinesis(url), "again", 2)
    parts = [text(300, seed) for seed in (11, 12)]
    command = count(url, "again", tmp_path, "--batch-ms", "200", "--checkpoint-ms", 3_600_000)
    put(url, "again", parts[0])
    with running(*command) as first:
        first.wait_until(lambda: counted(tmp_path).records >= 300, "the first part in the counts")
        put(url, "again", parts[1])
        first.wait_until(lambda: counted(tmp_path).records >= 600, "the second part in the counts")
        first.end(signal.SIGKILL)
    assert counted(tmp_path).duplicates == 0

    with running(*command) as second:
        second.wait_until(lambda: counted(tmp_path).duplicates >= 300, "what was counted before, once more")
        repeated = stop(second)
        assert second.lines("resumed: .*"), "the first part had its checkpoint"
    result = counted(tmp_path)
    assert result.words == words_of(line for part in parts for line in part)
    assert (result.records, result.duplicates) == (600, repeated)


def test_streams_that_share_a_state_are_counted_apart(url, tmp_path):
    """Their shards have the same names; the second stream's records have the smaller numbers."""
    lines = {"s1": text(50, 21), "s2": text(80, 22)}
    for stream in ("s1", "s2"):
        make_stream(kinesis(url), stream, 1)
        put(url, stream, lines[stream])

    def all_of(stream: str) -> bool:
        return counted(tmp_path, stream).records >= len(lines[stream])

    for stream in ("s2", "s1"):
        with running(*count(url, stream, tmp_path, *QUICK)) as program:
            program.wait_until(partial(all_of, stream), f"all of {stream}")
            assert stop(program) == len(lines[stream])
    for stream, sent in lines.items():
        result = counted(tmp_path, stream)
        assert (result.words, result.records, result.duplicates) == (words_of(sent), len(sent), 0)


def test_a_second_process_on_the_same_state_is_refused(url, stream, tmp_path):
    command = count(url, stream, tmp_path, *QUICK)
    with running(*command) as first:
        first.wait_line("ready")
        refused(run(*command), "WorkerIdInUse", 5)
        stop(first)


def test_every_line_can_be_json(url, tmp_path):
    make_stream(kinesis(url), "objects", 1)
    put(url, "objects", text(20, 4))
    with running(*count(url, "objects", tmp_path, *QUICK, "--json")) as program:
        program.wait_line('.*"event":"batch".*')
        assert program.end(signal.SIGTERM) == 0
        events = [json.loads(line) for line in program.out]
    assert {"ready", "batch", "stopped"} <= {event["event"] for event in events}
    assert events[-1] | {"received": 20, "processed": 20, "checkpointed": 20} == events[-1]


def test_version_as_json_is_an_object():
    done = run("version", "--json")
    assert done.code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", json.loads(done.out)["version"])


# Settings


def test_an_unknown_setting_is_warned_about_once(url, stream, tmp_path):
    with running(*count(url, stream, tmp_path, "--set", "spark.streaming.blockIntervall=1s")) as program:
        program.wait_line("ready")
        stop(program)
        warnings = [line for line in program.err if line.startswith("warning[")]
    assert len(warnings) == 1
    assert warnings[0].startswith("warning[UnknownKey]: spark.streaming.blockIntervall ")
    assert re.search(r"spark\.streaming\.blockInterval\b", warnings[0])


def test_a_setting_that_is_no_time_is_refused(url, stream, tmp_path):
    told = refused(run(*count(url, stream, tmp_path, "--set", "spark.streaming.blockInterval=abc")), "InvalidConfig", 2)
    assert "spark.streaming.blockInterval" in told and "abc" in told


@pytest.mark.parametrize("arguments", [["frobnicate"], [], ["count"], ["count", "--no-such-flag"], ["put"]])
def test_wrong_usage_is_refused(arguments):
    refused(run(*arguments), "Usage", 2)


# Bad input


def test_an_unknown_stream_is_named(url, tmp_path):
    assert "stream nowhere" in refused(run(*count(url, "nowhere", tmp_path)), "UnknownStream", 3)
    assert "stream nowhere" in refused(run("put", "nowhere", "--endpoint", url, stdin=b"x\n"), "UnknownStream", 3)


def test_missing_credentials_are_told(url, stream, tmp_path):
    none = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "HOME": str(tmp_path)}
    assert "AWS_ACCESS_KEY_ID" in refused(run(*count(url, stream, tmp_path / "state"), **none), "NoCredentials", 3)
    refused(run("put", stream, "--endpoint", url, stdin=b"x\n", **none), "NoCredentials", 3)


@pytest.fixture
def closed_port():
    """Bound without listening: connections are refused, and nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_an_endpoint_where_nobody_listens_is_unreachable(closed_port, tmp_path):
    began = time.monotonic()
    told = refused(run(*count(f"http://127.0.0.1:{closed_port}", "any", tmp_path)), "Unreachable", 3)
    assert time.monotonic() - began < 60
    assert f"127.0.0.1:{closed_port}" in told and "stream any" in told


@contextlib.contextmanager
def answering(status: int, kind: str, body: bytes):
    """A server that gives everybody the same answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


HTML = b"<!DOCTYPE html><html><body>Please sign in to this network</body></html>"
ANSWERS = {
    "a page": (200, "text/html", HTML),
    "a page that says no": (403, "text/html", HTML),
    "a page that says it is broken": (503, "text/html", HTML),
    "a page that claims to be JSON": (200, "application/x-amz-json-1.1", HTML),
    "half of a JSON object": (200, "application/x-amz-json-1.1", b'{"Shards":[{"ShardId":"shardId-0000'),
    "JSON of another shape": (200, "application/x-amz-json-1.1", b'{"Shards":{"ShardId":7}}'),
    "a deep nest": (200, "application/x-amz-json-1.1", b'{"Shards":' + b"[" * 100_000),
    "nothing": (200, "application/x-amz-json-1.1", b""),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_server_that_is_not_kinesis_is_told(answer, tmp_path):
    with answering(*ANSWERS[answer]) as elsewhere:
        done = run(*count(elsewhere, "tide", tmp_path))
    assert done.code == 3, done
    errors = re.findall(r"^error\[(\w+)\]: (.+)\ntry: (.+)$", done.err, re.MULTILINE)
    assert len(errors) == 1, done.err
    assert "stream tide" in errors[0][1] and elsewhere.removeprefix("http://") in errors[0][1], done.err
    assert len(done.err) < 4000, "an error quotes little of a body"


def test_a_wrong_region_is_told(url, stream, tmp_path):
    told = refused(run(*count(url, stream, tmp_path), AWS_REGION="eu-west-1"), "InvalidSignature", 3)
    assert "eu-west-1" in told
    assert "eu-west-1" in refused(run(*count(url, stream, tmp_path, "--region", "eu-west-1")), "InvalidSignature", 3)


def test_a_wrong_secret_is_told_and_not_shown(url, stream, tmp_path):
    done = run(*count(url, stream, tmp_path), AWS_SECRET_ACCESS_KEY="no-such-secret")
    refused(done, "InvalidSignature", 3)
    assert "no-such-secret" not in done.out + done.err


@pytest.mark.parametrize("below", [False, True])
def test_a_state_that_is_no_folder_is_refused(url, stream, tmp_path, below):
    file = tmp_path / "file"
    file.write_text("not a folder\n")
    state = file / "state" if below else file
    assert str(state) in refused(run(*count(url, stream, state)), "Io", 2)
    assert file.read_text() == "not a folder\n"


def test_counts_that_are_no_database_are_refused_and_left_alone(url, stream, tmp_path):
    (tmp_path / "counts.db").write_text("my own notes, not a database\n" * 100)
    done = run(*count(url, stream, tmp_path))
    assert done.code == 2, done
    assert "counts.db" in done.err and "\ntry: " in done.err
    assert (tmp_path / "counts.db").read_text() == "my own notes, not a database\n" * 100


@pytest.mark.slow
def test_a_state_that_cannot_grow_loses_nothing(url, tmp_path):
    """A limit on the size of files stands for a full disk: told, not checkpointed, and exact once there is room."""
    make_stream(kinesis(url), "full", 1)
    draw = random.Random(5)
    lines = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=200)) for _ in range(3000)]
    put(url, "full", lines)
    command = count(url, "full", tmp_path, *QUICK, "--set", "tidemill.batch.maxFailures=2")
    limited = ["bash", "-c", 'trap "" XFSZ; ulimit -f 256; exec "$@"', "limited", BINARY, *map(str, command)]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, env=environment(), check=False)
    assert done.returncode == 2, done
    found = re.findall(r"^error\[Io\]: (.+)\ntry: .+$", done.stderr, re.MULTILINE)
    assert len(found) == 1 and "counts.db" in found[0], done.stderr
    assert counted(tmp_path).records == 0
    with running(*command) as program:
        program.wait_until(lambda: counted(tmp_path).records >= len(lines), "every record in the counts")
        assert stop(program) == len(lines)
    assert (counted(tmp_path).words, counted(tmp_path).duplicates) == (words_of(lines), 0)


def test_a_server_that_goes_away_does_not_end_the_program(tmp_path):
    lines = text(100, 9)
    with contextlib.ExitStack() as open_until_the_end:
        with fake_aws() as short_lived:
            make_stream(kinesis(short_lived), "gone", 1)
            put(short_lived, "gone", lines)
            program = open_until_the_end.enter_context(running(*count(short_lived, "gone", tmp_path, *QUICK)))
            program.wait_line("ready")
            program.wait_until(lambda: counted(tmp_path).records >= len(lines), "every record in the counts")
        time.sleep(2)
        assert program.process.poll() is None, program.told()
        assert stop(program) == len(lines)
    assert counted(tmp_path).words == words_of(lines)
