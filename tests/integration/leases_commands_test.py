"""`tidemill leases`: shows, releases, rewinds, exports and imports the leases of an application."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from fake_server import SHARD, kinesis, make_stream, wait_active
from programs import QUICK, count, counted, fields, put, refused, run, running, stop, text, words_of

AT_ONCE = ("--observe-ms", "0")
SOON = ("--observe-ms", "1500")


def consume(url: str, stream: str, state: Path, records: int) -> None:
    """Counts until that many records are in, and stops in order."""
    with running(*count(url, stream, state, *QUICK)) as program:
        program.wait_until(lambda: counted(state, stream).records >= records, f"{records} records in the counts")
        stop(program)


@pytest.fixture
def counted_stream(url, request, tmp_path):
    """A stream of two shards, counted to its end, and nobody at work."""
    stream = re.sub(r"\W", "-", request.node.name)[:100]
    make_stream(kinesis(url), stream, 2)
    put(url, stream, text(200, 1))
    consume(url, stream, tmp_path, 200)
    return stream


def leases(state: Path, *more: object) -> tuple[object, ...]:
    return ("leases", "words", "--state", state, *more)


def listed(state: Path, *more: object) -> dict[str, dict]:
    """The leases by key."""
    done = run(*leases(state, *AT_ONCE, "--json", *more))
    assert done.code == 0, done
    return {lease["key"]: lease for lease in json.loads(done.out)["leases"]}


def change(state: Path, statement: str, *values: object) -> None:
    """Somebody else writes the table."""
    with contextlib.closing(sqlite3.connect(state / "leases.db", timeout=10)) as database, database:
        database.execute(statement, values)


@contextlib.contextmanager
def owner(state: Path, key: str):
    """A worker that renews one lease and does nothing else."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(0.2):
            change(state, "UPDATE leases SET leaseCounter = leaseCounter + 1 WHERE leaseKey = ?", key)

    change(state, "UPDATE leases SET leaseOwner = 'java-7' WHERE leaseKey = ?", key)
    thread = threading.Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# Looking


def test_every_lease_is_listed(url, counted_stream, tmp_path):
    rows = listed(tmp_path)
    assert list(rows) == [SHARD(0), SHARD(1)]
    first = rows[SHARD(0)]
    assert first["checkpoint"].isdecimal() and first["subSequenceNumber"] == 0
    assert (first["parents"], first["children"], first["unknownAttributes"]) == ([], [], [])
    assert (first["startingHashKey"], first["endingHashKey"]) == ("0", str(2**127 - 1))
    assert "owner" not in first and "lagMs" not in first, "it was released, and Kinesis was not asked"

    done = run(*leases(tmp_path, *AT_ONCE))
    lines = done.out.splitlines()
    assert (done.code, lines[0].split()) == (0, ["SHARD", "PARENTS", "OWNER", "COUNTER", "CHECKPOINT", "AGE", "LAG"])
    assert lines[1].split() == [SHARD(0), "-", "-", str(first["counter"]), first["checkpoint"], "-", "-"]


def test_the_parents_of_children_are_listed(url, counted_stream, tmp_path):
    client = kinesis(url)
    client.split_shard(StreamName=counted_stream, ShardToSplit=SHARD(0), NewStartingHashKey=str(2**126))
    wait_active(client, counted_stream)
    put(url, counted_stream, text(100, 2))
    consume(url, counted_stream, tmp_path, 300)
    rows = listed(tmp_path)
    assert rows[SHARD(2)]["parents"] == rows[SHARD(3)]["parents"] == [SHARD(0)]
    if SHARD(0) in rows:
        assert rows[SHARD(0)]["checkpoint"] == "SHARD_END"


def test_the_lag_is_that_of_the_oldest_record_that_waits(url, counted_stream, tmp_path):
    assert {row["lagMs"] for row in listed(tmp_path, "--endpoint", url).values()} == {0}
    put(url, counted_stream, text(100, 3))
    time.sleep(2.5)  # What Kinesis' clock has passed for certain is up to a second or two behind it.
    for row in listed(tmp_path, "--endpoint", url, "--stream", counted_stream).values():
        assert 300 <= row["lagMs"] < 60_000


def test_a_kinesis_that_is_away_does_not_keep_the_table_from_being_seen(counted_stream, tmp_path):
    done = run(*leases(tmp_path, *AT_ONCE, "--stream", counted_stream), AWS_ACCESS_KEY_ID=None)
    assert done.code == 0 and len(done.out.splitlines()) == 3, done
    assert re.search(r"^warning\[NoCredentials\]: .*the lag is not known$", done.err, re.MULTILINE), done.err


@pytest.mark.slow
def test_an_owner_that_renews_is_told_from_a_dead_one(counted_stream, tmp_path):
    change(tmp_path, "UPDATE leases SET leaseOwner = 'gone' WHERE leaseKey = ?", SHARD(1))
    with owner(tmp_path, SHARD(0)):
        done = run(*leases(tmp_path, *SOON, "--json"))
        rows = json.loads(done.out)["leases"]
        assert [(row["owner"], row["alive"]) for row in rows] == [("java-7", True), ("gone", False)]
        assert rows[1]["unchangedMs"] >= 1500
        told = run(*leases(tmp_path, *SOON)).out.splitlines()
    assert told[1].split()[-2] == "alive" and re.fullmatch(r">=\d+\.\ds", told[2].split()[-2]), told


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_shown(counted_stream, tmp_path):
    change(tmp_path, "UPDATE leases SET checkpoint = 'half way' WHERE leaseKey = ?", SHARD(0))
    done = run(*leases(tmp_path, *AT_ONCE, "--json"))
    document = json.loads(done.out)
    assert [lease["key"] for lease in document["leases"]] == [SHARD(1)]
    assert [row["key"] for row in document["unreadable"]] == [SHARD(0)]
    assert f"unreadable: {SHARD(0)}: " in run(*leases(tmp_path, *AT_ONCE)).out


def test_control_characters_in_a_row_stay_in_its_line(counted_stream, tmp_path):
    change(tmp_path, "UPDATE leases SET leaseOwner = ? WHERE leaseKey = ?", "a\nb\x1b[2J", SHARD(0))
    done = run(*leases(tmp_path, *AT_ONCE))
    assert len(done.out.splitlines()) == 3 and r"a\nb\x1b[2J" in done.out, done


def test_what_is_not_there_is_told(url, counted_stream, tmp_path):
    told = refused(run("leases", "nobody", "--state", tmp_path), "UnknownTable", 3)
    assert "nobody" in told and "--state" in told
    nowhere = tmp_path / "nowhere"
    assert str(nowhere) in refused(run("leases", "words", "--state", nowhere), "UnknownTable", 3)
    assert not nowhere.exists()
    told = refused(run(*leases(tmp_path, "--stream", "other")), "UnknownTable", 3)
    assert "other" in told and counted_stream in told


def test_one_of_several_streams_must_be_named(url, tmp_path):
    for stream in ("one", "two"):
        make_stream(kinesis(url), stream, 1)
        put(url, stream, text(10, 4))
        consume(url, stream, tmp_path, 10)
    told = refused(run(*leases(tmp_path)), "Usage", 2)
    assert "one, two" in told and "--stream" in told
    assert json.loads(run(*leases(tmp_path, *AT_ONCE, "--stream", "two", "--json")).out)["stream"] == "two"


@pytest.mark.parametrize("arguments", [["leases"], ["leases", "words", "release"], ["leases", "words", "rewind"],
                                       ["leases", "words", "import"], ["leases", "words", "rewind", "--to", "LATEST"],
                                       ["leases", "words", "rewind", "--to", "12345678901234567890"],
                                       ["leases", "words", "--leases", "oracle"]])
def test_wrong_usage_is_refused(arguments):
    refused(run(*arguments), "Usage", 2)


# Releasing


def test_a_dead_owner_loses_its_lease_and_a_living_one_does_not(counted_stream, tmp_path):
    before = listed(tmp_path)[SHARD(0)]
    with owner(tmp_path, SHARD(0)):
        assert "java-7" in refused(run(*leases(tmp_path, "release", SHARD(0), *SOON)), "LeaseInUse", 5)
        assert listed(tmp_path)[SHARD(0)]["owner"] == "java-7"
    counter = listed(tmp_path)[SHARD(0)]["counter"]
    done = run(*leases(tmp_path, "release", SHARD(0), *SOON))
    assert (done.code, fields(done.out)) == (0, {"lease": SHARD(0), "released": "yes"}), done
    assert "event=lease_released" in done.err and "from=java-7" in done.err
    after = listed(tmp_path)[SHARD(0)]
    assert "owner" not in after and after["counter"] == counter + 1
    assert after["checkpoint"] == before["checkpoint"]
    done = run(*leases(tmp_path, "release", SHARD(0), *SOON))
    assert (done.code, fields(done.out)["released"]) == (0, "no owner"), done
    assert listed(tmp_path)[SHARD(0)]["counter"] == counter + 1


def test_a_lease_that_is_not_there_cannot_be_released(counted_stream, tmp_path):
    assert "shardId-9" in refused(run(*leases(tmp_path, "release", "shardId-9", *SOON)), "Usage", 2)


# Rewinding


def test_a_rewind_is_a_plan_until_it_is_confirmed(url, counted_stream, tmp_path):
    before = listed(tmp_path)
    done = run(*leases(tmp_path, "rewind", "--to", "TRIM_HORIZON", "--endpoint", url))
    assert done.code == 0 and "nothing was written" in done.err, done
    result = fields(done.out)
    assert (result["leases"], result["records"], result["rewound"]) == ("2", "200", "0")
    assert int(result["bytes"]) > 200
    assert len(re.findall(rf"^rewind: {SHARD(0)} from \d+ to TRIM_HORIZON repeats records=\d+ bytes=\d+$", done.out,
                          re.MULTILINE)) == 1
    assert listed(tmp_path) == before

    done = run(*leases(tmp_path, "rewind", "--to", "TRIM_HORIZON", "--yes", *SOON, "--json"))
    document = json.loads(done.out)
    assert (done.code, document["rewound"], "records" in document) == (0, 2, False), done
    assert done.err.count("event=lease_rewound") == 2
    assert {row["checkpoint"] for row in listed(tmp_path).values()} == {"TRIM_HORIZON"}

    with running(*count(url, counted_stream, tmp_path, *QUICK)) as program:
        program.wait_until(lambda: counted(tmp_path).duplicates == 200, "every record once more")
        stop(program)
    assert counted(tmp_path).words == words_of(text(200, 1))


def test_a_rewind_is_refused_while_an_owner_lives(counted_stream, tmp_path):
    before = listed(tmp_path)
    with owner(tmp_path, SHARD(1)):
        rewind = leases(tmp_path, "rewind", "--to", "TRIM_HORIZON", *SOON)
        assert run(*rewind).code == 0, "the plan may be seen at any time"
        assert "java-7" in refused(run(*rewind, "--yes"), "LeaseInUse", 5)
        done = run(*rewind, "--yes", "--shard", SHARD(0))
        assert done.code == 0, done
    after = listed(tmp_path)
    assert after[SHARD(0)]["checkpoint"] == "TRIM_HORIZON"
    assert after[SHARD(1)]["checkpoint"] == before[SHARD(1)]["checkpoint"]


def sequence_numbers(url: str, stream: str, shard: str) -> list[str]:
    client = kinesis(url)
    iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    page = client.get_records(ShardIterator=iterator["ShardIterator"])
    return [record["SequenceNumber"] for record in page["Records"]]


def test_a_rewind_to_a_sequence_number_goes_on_behind_it(url, counted_stream, tmp_path):
    numbers = sequence_numbers(url, counted_stream, SHARD(0))
    rewind = leases(tmp_path, "rewind", "--endpoint", url, *SOON, "--shard", SHARD(0), "--to")
    assert fields(run(*rewind, numbers[2]).out)["records"] == str(len(numbers) - 3)
    done = run(*rewind, numbers[2], "--yes")
    assert (done.code, listed(tmp_path)[SHARD(0)]["checkpoint"]) == (0, numbers[2]), done
    told = refused(run(*rewind, numbers[5], "--yes"), "Usage", 2)
    assert "would skip records" in told
    # A number of the other shard.
    other = sequence_numbers(url, counted_stream, SHARD(1))[0]
    done = run(*rewind, other, "--yes")
    assert done.code != 0 and "error[" in done.err, done
    assert listed(tmp_path)[SHARD(0)]["checkpoint"] == numbers[2]


@pytest.mark.slow
def test_a_rewind_to_a_time_repeats_what_came_since(url, counted_stream, tmp_path):
    time.sleep(1.2)
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time())) + "Z"
    time.sleep(1.2)
    put(url, counted_stream, text(60, 5))
    consume(url, counted_stream, tmp_path, 260)
    done = run(*leases(tmp_path, "rewind", "--to", since, "--yes", "--endpoint", url, *SOON))
    result = fields(done.out)
    assert (done.code, result["records"], result["leases"], result["rewound"]) == (0, "60", "2", "2"), done
    assert all(row["checkpoint"].isdecimal() for row in listed(tmp_path).values())
    with running(*count(url, counted_stream, tmp_path, *QUICK)) as program:
        program.wait_until(lambda: counted(tmp_path).duplicates == 60, "what came since, once more")
        assert stop(program) == 60


@pytest.mark.slow
def test_a_rewind_never_goes_forwards(url, counted_stream, tmp_path):
    before = listed(tmp_path)
    rewind = leases(tmp_path, "rewind", "--yes", "--endpoint", url, *SOON, "--to")
    time.sleep(1.2)  # The text has whole seconds, and the last record must be before it.
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time())) + "Z"
    done = run(*rewind, now)
    assert (done.code, fields(done.out)["rewound"], done.out.count("stays: ")) == (0, "0", 2), done
    assert "a time to come" in refused(run(*rewind, "2199-01-01T00:00:00Z"), "Usage", 2)
    assert listed(tmp_path) == before


@pytest.mark.slow
def test_a_finished_shard_is_read_again_and_one_without_a_lease_is_named(url, counted_stream, tmp_path):
    client = kinesis(url)
    client.merge_shards(StreamName=counted_stream, ShardToMerge=SHARD(0), AdjacentShardToMerge=SHARD(1))
    wait_active(client, counted_stream)
    put(url, counted_stream, text(50, 6))
    consume(url, counted_stream, tmp_path, 250)
    change(tmp_path, "DELETE FROM leases WHERE leaseKey = ?", SHARD(0))
    done = run(*leases(tmp_path, "rewind", "--to", "TRIM_HORIZON", "--endpoint", url, "--json"))
    document = json.loads(done.out)
    assert document["withoutLease"] == [SHARD(0)], done
    assert {SHARD(2): "TRIM_HORIZON"}.items() <= {row["key"]: row["to"] for row in document["leases"]}.items()
    assert document["complete"] is True


# Export and import


def test_an_export_comes_back_as_it_was(url, counted_stream, tmp_path):
    file = tmp_path / "leases.jsonl"
    done = run(*leases(tmp_path, "export", "--output", file))
    assert (done.code, fields(done.out)["leases"]) == (0, "2"), done
    lines = file.read_text().splitlines()
    head = json.loads(lines[0])
    assert (head["format"], head["version"], head["stream"], head["leases"]) == ("tidemill-leases", 1,
                                                                               counted_stream, 2)
    assert run(*leases(tmp_path, "export")).out == file.read_text()
    refused(run(*leases(tmp_path, "export", "--output", file)), "Io", 2)

    other = tmp_path / "other"
    done = run("leases", "words", "--state", other, "import", file)
    assert (done.code, fields(done.out)) == (0, {"created": "2", "equal": "0"}), done
    assert listed(other) == listed(tmp_path)
    done = run("leases", "words", "--state", other, "import", "-", stdin=file.read_bytes())
    assert (done.code, fields(done.out)) == (0, {"created": "0", "equal": "2"}), done


def test_an_import_never_overwrites(counted_stream, tmp_path):
    file = tmp_path / "leases.jsonl"
    assert run(*leases(tmp_path, "export", "--output", file)).code == 0
    change(tmp_path, "UPDATE leases SET checkpoint = 'TRIM_HORIZON' WHERE leaseKey = ?", SHARD(1))
    change(tmp_path, "DELETE FROM leases WHERE leaseKey = ?", SHARD(0))
    told = refused(run(*leases(tmp_path, "import", file)), "Conflict", 5)
    assert SHARD(1) in told and "nothing was written" in told
    assert list(listed(tmp_path)) == [SHARD(1)]
    told = refused(run(*leases(tmp_path, "import", file, "--stream", "other")), "ForeignTable", 2)
    assert "other" in told


@pytest.mark.parametrize("content", [b"", b"no json\n", b'{"format":"other","version":1,"leases":0}\n',
                                     b'{"format":"tidemill-leases","version":2,"application":"a","leases":0}\n',
                                     b'{"format":"tidemill-leases","version":1,"stream":"s","leases":1}\n',
                                     b'{"format":"tidemill-leases","version":1,"stream":"s","leases":1}\n'
                                     b'{"leaseKey":"k","leaseCounter":1,"checkpoint":"half way"}\n'])
def test_a_file_that_is_no_export_is_refused(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    refused(run("leases", "words", "--state", tmp_path / "state", "import", tmp_path / "file"), "InvalidConfig", 2)
    assert not (tmp_path / "state").exists()
