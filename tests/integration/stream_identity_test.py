"""Whose lease rows these are: a stream made again under its name, and a lease table that is not ours."""

from __future__ import annotations

import sqlite3
import time

import pytest

from fake_server import kinesis, make_stream
from programs import QUICK, count, put, refused, run, running, stop


def make_again(client, stream: str) -> None:
    """Deletes the stream and creates another one of that name."""
    client.delete_stream(StreamName=stream)
    deadline = time.monotonic() + 20
    while True:
        try:
            client.describe_stream_summary(StreamName=stream)
        except client.exceptions.ResourceNotFoundException:
            break
        assert time.monotonic() < deadline, "the stream does not go away"
        time.sleep(0.1)
    make_stream(client, stream, 1)


@pytest.mark.slow
def test_a_stream_made_again_is_not_read_with_the_rows_of_the_old_one(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "phoenix", 1)
    put(url, "phoenix", ["old"] * 5)
    command = count(url, "phoenix", tmp_path / "state", *QUICK)
    with running(*command) as first:
        first.wait_line(r"batch: .* records: [1-9]\d*")
        assert stop(first) == 5
    created = client.describe_stream_summary(StreamName="phoenix")["StreamDescriptionSummary"]
    make_again(client, "phoenix")
    put(url, "phoenix", ["new"] * 3)

    said = refused(run(*command), "InvalidConfig", 2)
    assert "application words, stream phoenix: " in said
    then = created["StreamCreationTimestamp"].astimezone(tz=None).timestamp()
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(then)) in said
    assert "deleted and made again" in said and "another application name" in said

    # The remedy works.
    other = [{"words": "words-2"}.get(argument, argument) for argument in command]
    with running(*other) as second:
        second.wait_line(r"batch: .* records: [1-9]\d*")
        assert stop(second) == 3


def test_a_lease_table_of_another_program_is_refused(url, tmp_path):
    make_stream(kinesis(url), "flat", 1)
    state = tmp_path / "state"
    state.mkdir()
    with sqlite3.connect(state / "leases.db") as database:
        database.execute("CREATE TABLE leases (flat TEXT, rent INTEGER)")
    database.close()
    said = refused(run(*count(url, "flat", state)), "InvalidConfig", 2)
    assert "not tidemill's" in said and "leases.db" in said
