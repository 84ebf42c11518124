"""Folders of blocks that cannot be written, and replicas that are gone or hold other bytes."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from checkpoint_places import WebHdfs
from dynamo_servers import moto
from fake_server import fake_aws
from left_blocks import WORKER, Left, flip, go_on, leave
from mounts import read_only
from programs import QUICK, count, counted, put, refused, run, running, stop, text, words_of


def events(log: list[str], event: str) -> list[str]:
    return [line for line in log if f"event={event} " in line]


def test_a_folder_that_cannot_be_written_is_told_at_the_start(url, stream, tmp_path):
    folder = tmp_path / "blocks"
    folder.mkdir()
    put(url, stream, ["tide"])
    done = run(*count(url, stream, tmp_path / "state", *QUICK, "--storage-level", "DISK_ONLY", "--set",
                      f"tidemill.block.directory={folder}"), wrapper=read_only(folder))
    told = refused(done, "Io", 2)
    assert f"{folder}/{WORKER}: Read-only file system" in told and "remount" in told
    assert counted(tmp_path / "state").records == 0


def unreachable(tmp_path: Path) -> tuple[str, ...]:
    """A replica whose mount point is a file."""
    (tmp_path / "mount").write_text("no folder")
    return ("--storage-level", "DISK_ONLY_2", "--set", f"tidemill.block.replicas=dir:{tmp_path}/mount/r")


def test_a_replica_that_is_unreachable_is_done_without_and_told_once(url, stream, tmp_path):
    with running(*count(url, stream, tmp_path, *QUICK, *unreachable(tmp_path))) as program:
        lines = []
        for seed in (1, 2, 3):
            lines += text(10, seed)
            put(url, stream, text(10, seed))
            program.wait_until(lambda: counted(tmp_path).records >= len(lines), "the records")
        assert stop(program) == len(lines)
        (reduced,) = events(program.err, "storage_level_reduced")
        assert 'requested=DISK_ONLY_2 achieved="disk, 1 copy"' in reduced and f"dir:{tmp_path}/mount/r" in reduced
    assert counted(tmp_path).words == words_of(lines)


def test_a_required_replica_that_is_unreachable_ends_the_run_and_nothing_is_lost(url, stream, tmp_path):
    lines = text(10, 4)
    put(url, stream, lines)
    options = unreachable(tmp_path)
    with running(*count(url, stream, tmp_path, *QUICK, *options, "--set", "tidemill.block.replication=require")) as first:
        assert first.process.wait(timeout=30) == 2
        first.close()
        (error,) = [line for line in first.err if line.startswith("error[")]
        for part in ("error[Io]: block input-0-", f"of stream {stream}", "DISK_ONLY_2", "were not checkpointed"):
            assert part in error
    assert counted(tmp_path).records == 0
    with running(*count(url, stream, tmp_path, *QUICK, *options)) as second:
        second.wait_until(lambda: counted(tmp_path).records >= len(lines), "the records")
        assert stop(second) == len(lines)
    assert counted(tmp_path).words == words_of(lines)


@pytest.fixture
def replicated(url, stream, tmp_path) -> tuple[Left, Path]:
    """Two blocks, and the folder of their second copies."""
    replica = tmp_path / "replica"
    left = leave(url, stream, tmp_path / "state", [[b"tide mill"] * 5, [b"sea"] * 5],
                 ("--storage-level", "DISK_ONLY_2", "--set", f"tidemill.block.replicas=dir:{replica}"))
    return left, replica / WORKER


def damage(folder: Path) -> None:
    (segment,) = folder.glob("segment-*")
    for at in range(100, segment.stat().st_size, 200):
        flip(segment, at)


def test_damage_in_one_place_is_read_from_the_replica(replicated):
    left, _ = replicated
    damage(left.folder)
    log = go_on(left, 10)
    assert len(events(log, "block_copy_damaged")) == 2 and not events(log, "block_lost")


@pytest.mark.parametrize("how", ["other bytes", "blocks of others", "nothing"])
def test_a_replica_that_gives_other_bytes_is_not_believed(replicated, how):
    left, replica = replicated
    damage(left.folder)
    (segment,) = replica.glob("segment-*")
    if how == "other bytes":
        damage(replica)
    elif how == "blocks of others":
        first, second = left.blocks()
        data = segment.read_bytes()
        segment.write_bytes(data[second.offset:] + data[:second.offset])
    else:
        shutil.rmtree(replica)
    log = go_on(left, 10)
    assert len(events(log, "block_lost")) == 2 and len(events(log, "block_recovered")) == 2
    for line in events(log, "block_lost"):
        assert f"stream={left.stream}" in line and "ranges=" in line and "reason=" in line


@pytest.fixture
def s3():
    """moto with one bucket called `bucket`: its URL, and a client."""
    if not importlib.util.find_spec("moto"):
        pytest.skip("no moto (tests/requirements.txt)")
    with moto() as url:
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x",
                              aws_secret_access_key="x")
        client.create_bucket(Bucket="bucket")
        yield url, client


def copies_outlive_the_disk(url: str, stream: str, state: Path, options: tuple[str, ...], names: Callable[[], list[str]]) -> None:
    """Blocks whose second copies lie behind a network, called `names()`, are delivered when the folder of the first is gone."""
    left = leave(url, stream, state, [[b"tide mill"] * 5, [b"sea"] * 5], ("--storage-level", "DISK_ONLY_2", *options))
    assert len(names()) == 2 and all(name.startswith("input-0-") for name in names())
    shutil.rmtree(left.folder)
    log = go_on(left, 10)
    assert len(events(log, "block_fetched")) == 2 and not events(log, "block_lost")
    assert not names()


def test_a_copy_in_a_bucket_outlives_the_disk(url, stream, tmp_path, s3):
    endpoint, client = s3
    folder = f"copies/{WORKER}/"

    def names() -> list[str]:
        keys = [one["Key"] for one in client.list_objects_v2(Bucket="bucket").get("Contents", [])]
        assert all(key.startswith(folder) for key in keys), keys
        return [key.removeprefix(folder) for key in keys]

    copies_outlive_the_disk(
        url, stream, tmp_path / "state",
        ("--set", "tidemill.block.replicas=s3://bucket/copies", "--set", f"tidemill.s3.endpoint={endpoint}",
         "--set", "tidemill.s3.region=us-east-1"), names)


def test_a_copy_on_hdfs_outlives_the_disk(url, stream, tmp_path):
    with fake_aws("--hdfs") as hdfs:
        place = WebHdfs(hdfs.removeprefix("http://"), "/copies")
        copies_outlive_the_disk(
            url, stream, tmp_path / "state",
            ("--set", f"tidemill.block.replicas={place.url}", *place.options), lambda: place.names(WORKER))
