"""The contract of a checkpoint directory from outside: fence, damage, foreign and unwritable places."""

from __future__ import annotations

import re
import signal

import pytest

from checkpoint_places import Folder, Prefix, WebHdfs, spoil_newest_metadata
from fake_server import fake_aws, kinesis, make_stream
from mounts import read_only
from programs import QUICK, count, counted, put, refused, run, running, stop, text, words_of

FAST = (*QUICK, "--set", "tidemill.checkpoint.interval=200ms")


@pytest.fixture(scope="module")
def url():
    """Of a fake that serves stores, too."""
    with fake_aws("--bucket", "checkpoints", "--hdfs") as running_fake:
        yield running_fake


def place_in(scheme, url, folder, name):
    """A place of that kind for a checkpoint directory."""
    places = {"file": lambda: Folder(folder / "checkpoints" / name), "s3": lambda: Prefix(url, "checkpoints", name),
              "hdfs": lambda: WebHdfs(url.removeprefix("http://"), f"/checkpoints/{name}")}
    return places[scheme]()


def directory(place):
    """The options that put the checkpoint directory there."""
    return ("--checkpoint-dir", place.url, *place.options, "--set", "tidemill.checkpoint.heartbeat=200ms")


def await_counted(consumer, state, records):
    consumer.wait_until(lambda: counted(state).records >= records, f"{records} records were counted")
    assert counted(state).records == records


@pytest.mark.parametrize("scheme", ["file", "s3", "hdfs"])
def test_a_second_process_is_fenced_and_the_first_goes_on(scheme, url, tmp_path):
    name = f"fenced-{scheme}"
    make_stream(kinesis(url), name, 1)
    lines = text(200, 1)
    place = directory(place_in(scheme, url, tmp_path, "fenced"))
    first = count(url, name, tmp_path / "one", *FAST, *place, "--worker-id", "one")
    with running(*first) as consumer:
        consumer.wait_line("ready")
        second = run(*count(url, name, tmp_path / "two", *FAST, *place, "--worker-id", "two"))
        message = refused(second, "Fenced", 5)
        assert "checkpoints" in message and "worker one" in message
        put(url, name, lines)
        await_counted(consumer, tmp_path / "one", len(lines))
        stop(consumer)
    assert counted(tmp_path / "one").words == words_of(lines)


@pytest.mark.parametrize("scheme", ["file", "s3", "hdfs"])
def test_damaged_metadata_is_told_and_the_counts_stay_exact(scheme, url, tmp_path):
    name = f"damaged-{scheme}"
    make_stream(kinesis(url), name, 2)
    parts = [text(300, seed) for seed in (2, 3)]
    place = place_in(scheme, url, tmp_path, "damaged")
    command = count(url, name, tmp_path / "state", *FAST, *directory(place))
    with running(*command) as consumer:
        consumer.wait_line("ready")
        put(url, name, parts[0])
        await_counted(consumer, tmp_path / "state", len(parts[0]))
        consumer.end(signal.SIGKILL)
    damaged = spoil_newest_metadata(place)
    with running(*command) as consumer:
        consumer.wait_line("ready")
        put(url, name, parts[1])
        await_counted(consumer, tmp_path / "state", sum(map(len, parts)))
        stop(consumer)
    warning = re.search(r"^warning\[CheckpointUnreadable\]: (.+)$", "\n".join(consumer.err), re.MULTILINE)
    assert warning and damaged in warning[1] and "in its place:" in warning[1], consumer.told()
    assert counted(tmp_path / "state").words == words_of(parts[0] + parts[1])


def test_a_store_that_ignores_conditions_is_refused(tmp_path):
    with fake_aws("--bucket", "checkpoints", "--s3-conditions", "off") as unsafe:
        make_stream(kinesis(unsafe), "unsafe", 1)
        done = run(*count(unsafe, "unsafe", tmp_path, *FAST, *directory(place_in("s3", unsafe, tmp_path, "unsafe"))))
    assert "s3://checkpoints/unsafe" in refused(done, "UnsafeStore", 2)


@pytest.mark.parametrize("scheme", ["s3", "hdfs"])
def test_stores_that_fail_now_and_then_lose_nothing(scheme, tmp_path):
    lines = text(600, 6)
    with fake_aws("--bucket", "checkpoints", "--hdfs", "--store-faults", "100") as unsteady:
        make_stream(kinesis(unsteady), "unsteady", 1)
        command = count(unsteady, "unsteady", tmp_path / "state", *FAST, *directory(place_in(scheme, unsteady, tmp_path, "unsteady")))
        for half in (lines[:300], lines[300:]):
            before = counted(tmp_path / "state").records
            with running(*command) as consumer:
                consumer.wait_line("ready")
                put(unsteady, "unsteady", half)
                await_counted(consumer, tmp_path / "state", before + len(half))
                consumer.end(signal.SIGKILL)
        with running(*command) as consumer:
            consumer.wait_line("ready")
            stop(consumer)
    result = counted(tmp_path / "state")
    assert (result.records, result.words) == (600, words_of(lines))


@pytest.mark.parametrize("scheme", ["file", "s3", "hdfs"])
def test_a_place_of_another_program_is_refused_and_left_as_it_is(scheme, url, tmp_path):
    foreign = place_in(scheme, url, tmp_path, "spark")
    foreign.write("checkpoint-1700000000000", b"of another program")
    done = run(*count(url, "never-read", tmp_path / "state", *FAST, *directory(foreign)))
    told = refused(done, "ForeignDirectory", 2)
    assert foreign.url in told and "checkpoint-1700000000000" in told
    assert foreign.names() == ["checkpoint-1700000000000"]


def test_places_that_cannot_be_written_are_refused_by_name(url, tmp_path):

    def refusal(place, code, *options):
        done = run(*count(url, "never-read", tmp_path / "state", *FAST, "--checkpoint-dir", place, *options))
        return refused(done, code, 2)

    file = tmp_path / "file"
    file.write_text("no folder")
    assert str(file) in refusal(f"file:{file}", "Io")
    refusal("ftp://host/a", "InvalidConfig")
    no_bucket = Prefix(url, "nothing-there", "a")
    told = refusal(no_bucket.url, "InvalidConfig", *no_bucket.options)
    assert no_bucket.url in told and "NoSuchBucket" in told
    hdfs = place_in("hdfs", url, tmp_path, "of-files")
    hdfs.write("file", b"no folder")
    assert "/checkpoints/of-files/file" in refusal(f"{hdfs.url}/file/a", "Io")


def test_a_read_only_mount_is_told_at_the_start(url, tmp_path):
    place = tmp_path / "checkpoints"
    place.mkdir()
    done = run(*count(url, "never-read", tmp_path / "state", *FAST, "--checkpoint-dir", f"file:{place}"),
               wrapper=read_only(place))
    told = refused(done, "Io", 2)
    assert str(place) in told and "Read-only file system" in told


def test_a_log_with_a_gap_is_refused_by_name_and_nothing_is_counted_twice_without_it(url, tmp_path):
    make_stream(kinesis(url), "gap", 1)
    lines = text(300, 4)
    place = tmp_path / "checkpoints"
    slow = (*QUICK, "--set", "tidemill.checkpoint.interval=1h")
    command = count(url, "gap", tmp_path / "state", *slow, "--checkpoint-dir", f"file:{place}")
    with running(*command) as consumer:
        consumer.wait_line("ready")
        put(url, "gap", lines)
        await_counted(consumer, tmp_path / "state", len(lines))
        consumer.end(signal.SIGKILL)
    chunks = sorted(path for path in (place / "log").iterdir() if not path.name.startswith("."))
    chunks[-2].unlink()
    assert chunks[-2].name in refused(run(*command), "CheckpointUnreadable", 1)
    # A new directory: reading goes on from the lease checkpoints.
    fresh = count(url, "gap", tmp_path / "state", *slow, "--checkpoint-dir", f"file:{tmp_path}/new")
    with running(*fresh) as consumer:
        consumer.wait_line("ready")
        put(url, "gap", lines)
        await_counted(consumer, tmp_path / "state", 2 * len(lines))
        stop(consumer)
    assert counted(tmp_path / "state").words == words_of(lines + lines)
