"""The contract of a checkpoint directory from outside: fence, damage, foreign and unwritable places."""

from __future__ import annotations

import re
import signal

from fake_server import kinesis, make_stream
from programs import QUICK, count, counted, put, refused, run, running, stop, text, words_of

FAST = (*QUICK, "--set", "tidemill.checkpoint.interval=200ms")


def await_counted(consumer, state, records):
    consumer.wait_until(lambda: counted(state).records >= records, f"{records} records were counted")
    assert counted(state).records == records


def newest(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))[-1]


def test_a_second_process_is_fenced_and_the_first_goes_on(url, tmp_path):
    make_stream(kinesis(url), "fenced", 1)
    lines = text(200, 1)
    directory = ("--checkpoint-dir", f"file:{tmp_path}/checkpoints")
    first = count(url, "fenced", tmp_path / "one", *FAST, *directory, "--worker-id", "one")
    with running(*first) as consumer:
        consumer.wait_line("ready")
        second = run(*count(url, "fenced", tmp_path / "two", *FAST, *directory, "--worker-id", "two"))
        message = refused(second, "Fenced", 5)
        assert "checkpoints" in message and "worker one" in message
        put(url, "fenced", lines)
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
