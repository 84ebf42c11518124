"""The contract of a checkpoint directory from outside: fence, damage, foreign and unwritable places."""

from __future__ import annotations

import re
import signal

import boto3
import pytest

from fake_server import REGION, fake_aws, kinesis, make_stream
from programs import QUICK, count, counted, put, refused, run, running, stop, text, words_of

FAST = (*QUICK, "--set", "tidemill.checkpoint.interval=200ms")


@pytest.fixture(scope="module")
def url():
    """Of a fake that serves stores, too."""
    with fake_aws("--bucket", "checkpoints", "--hdfs") as running_fake:
        yield running_fake


def place_in(scheme, url, folder, name):
    """The options that put a checkpoint directory there."""
    endpoint = ("--set", f"tidemill.s3.endpoint={url}", "--set", "tidemill.checkpoint.heartbeat=200ms")
    host = url.removeprefix("http://")
    urls = {"file": f"file:{folder}/checkpoints/{name}", "s3": f"s3://checkpoints/{name}", "hdfs": f"hdfs://{host}/checkpoints/{name}"}
    return ("--checkpoint-dir", urls[scheme], *endpoint)


def objects(url):
    return boto3.client("s3", endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


def await_counted(consumer, state, records):
    consumer.wait_until(lambda: counted(state).records >= records, f"{records} records were counted")
    assert counted(state).records == records


def newest(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))[-1]


@pytest.mark.parametrize("scheme", ["file", "s3", "hdfs"])
def test_a_second_process_is_fenced_and_the_first_goes_on(scheme, url, tmp_path):
    name = f"fenced-{scheme}"
    make_stream(kinesis(url), name, 1)
    lines = text(200, 1)
    directory = place_in(scheme, url, tmp_path, "fenced")
    first = count(url, name, tmp_path / "one", *FAST, *directory, "--worker-id", "one")
    with running(*first) as consumer:
        consumer.wait_line("ready")
        second = run(*count(url, name, tmp_path / "two", *FAST, *directory, "--worker-id", "two"))
        message = refused(second, "Fenced", 5)
        assert "checkpoints" in message and "worker one" in message
        put(url, name, lines)
        await_counted(consumer, tmp_path / "one", len(lines))
        stop(consumer)
    assert counted(tmp_path / "one").words == words_of(lines)


def test_damaged_metadata_is_told_and_the_counts_stay_exact(url, tmp_path):
    make_stream(kinesis(url), "damaged", 2)
    parts = [text(300, seed) for seed in (2, 3)]
    place = tmp_path / "checkpoints"
    command = count(url, "damaged", tmp_path / "state", *FAST, "--checkpoint-dir", f"file:{place}")
    with running(*command) as consumer:
        consumer.wait_line("ready")
        put(url, "damaged", parts[0])
        await_counted(consumer, tmp_path / "state", len(parts[0]))
        consumer.end(signal.SIGKILL)
    damaged = newest(place / "metadata")
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"123456789")
    with running(*command) as consumer:
        consumer.wait_line("ready")
        put(url, "damaged", parts[1])
        await_counted(consumer, tmp_path / "state", sum(map(len, parts)))
        stop(consumer)
    warning = re.search(r"^warning\[CheckpointUnreadable\]: (.+)$", "\n".join(consumer.err), re.MULTILINE)
    assert warning and damaged.name in warning[1] and "in its place:" in warning[1], consumer.told()
    assert counted(tmp_path / "state").words == words_of(parts[0] + parts[1])


def test_damaged_metadata_on_s3_is_told_and_the_counts_stay_exact(url, tmp_path):
    make_stream(kinesis(url), "damaged-s3", 1)
    lines = text(300, 5)
    command = count(url, "damaged-s3", tmp_path / "state", *FAST, *place_in("s3", url, tmp_path, "damaged"))
    with running(*command) as consumer:
        consumer.wait_line("ready")
        put(url, "damaged-s3", lines)
        await_counted(consumer, tmp_path / "state", len(lines))
        consumer.end(signal.SIGKILL)
    listed = objects(url).list_objects_v2(Bucket="checkpoints", Prefix="damaged/metadata/")["Contents"]
    newest_key = sorted(entry["Key"] for entry in listed)[-1]
    objects(url).put_object(Bucket="checkpoints", Key=newest_key, Body=b"of nobody")
    with running(*command) as consumer:
        consumer.wait_line("ready")
        stop(consumer)
    warning = re.search(r"^warning\[CheckpointUnreadable\]: (.+)$", "\n".join(consumer.err), re.MULTILINE)
    assert warning and newest_key.rsplit("/", 1)[1] in warning[1], consumer.told()
    assert counted(tmp_path / "state").words == words_of(lines)


def test_a_store_that_ignores_conditions_is_refused(tmp_path):
    with fake_aws("--bucket", "checkpoints", "--s3-conditions", "off") as unsafe:
        make_stream(kinesis(unsafe), "unsafe", 1)
        done = run(*count(unsafe, "unsafe", tmp_path, *FAST, *place_in("s3", unsafe, tmp_path, "unsafe")))
    assert "s3://checkpoints/unsafe" in refused(done, "UnsafeStore", 2)


@pytest.mark.parametrize("scheme", ["s3", "hdfs"])
def test_stores_that_fail_now_and_then_lose_nothing(scheme, tmp_path):
    lines = text(600, 6)
    with fake_aws("--bucket", "checkpoints", "--hdfs", "--store-faults", "100") as unsteady:
        make_stream(kinesis(unsteady), "unsteady", 1)
        command = count(unsteady, "unsteady", tmp_path / "state", *FAST, *place_in(scheme, unsteady, tmp_path, "unsteady"))
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


def test_places_that_are_no_checkpoint_directory_are_refused(url, tmp_path):
    make_stream(kinesis(url), "refused", 1)
    foreign = tmp_path / "spark"
    foreign.mkdir()
    (foreign / "checkpoint-1700000000000").write_text("of another program")

    def refusal(place, code):
        return refused(run(*count(url, "refused", tmp_path / "state", *FAST, "--checkpoint-dir", place)), code, 2)

    assert "checkpoint-1700000000000" in refusal(f"file:{foreign}", "ForeignDirectory")
    file = tmp_path / "file"
    file.write_text("no folder")
    assert str(file) in refusal(f"file:{file}", "Io")
    refusal("ftp://host/a", "InvalidConfig")
    assert sorted(path.name for path in foreign.iterdir() if not path.name.startswith(".")) == ["checkpoint-1700000000000"]


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
