"""Checkpoint stores on real servers, from outside: their contract on a folder, moto, s3rver and Hadoop's HDFS, and a driver killed on them."""

from __future__ import annotations

import importlib.util
import re
import signal
import threading
import time

import boto3
import pytest

from checkpoint_places import Prefix, WebHdfs, spoil_newest_metadata
from dynamo_servers import moto
from fake_server import fake_aws, kinesis, make_stream
from load import Load, expect_exact
from object_stores import CannotRun, HdfsCluster, probe, s3rver, start_probe
from programs import QUICK, count, counted, running, stop

WRITERS = 4
NAMES = 60


def raced(url: str, endpoint: str = "") -> None:
    """Several processes put the same names: each name has one winner, and all of them agree on the rest."""
    racers = [start_probe(url, "race", f"writer-{i}", str(NAMES), endpoint=endpoint) for i in range(WRITERS)]
    won: list[int] = []
    for racer in racers:
        out, error = racer.communicate(timeout=240)
        assert racer.returncode == 0, out + error
        won += [int(word) for word in out.strip().rsplit("won:", 1)[1].split()]
    assert sorted(won) == list(range(NAMES))


def test_a_folder_keeps_the_contract(tmp_path):
    done = probe(f"file:{tmp_path}/checkpoints", "contract")
    assert (done.returncode, done.stdout.strip()) == (0, "contract: kept"), done.stdout + done.stderr


@pytest.fixture(scope="module")
def s3():
    if not importlib.util.find_spec("moto"):
        pytest.skip("no moto (tests/requirements.txt)")
    with moto() as url:
        boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x",
                     aws_secret_access_key="x").create_bucket(Bucket="bucket")
        yield url


def test_moto_keeps_the_contract(s3):
    done = probe("s3://bucket/contract", "contract", endpoint=s3)
    assert (done.returncode, done.stdout.strip()) == (0, "contract: kept"), done.stdout + done.stderr


def test_of_processes_that_write_to_moto_one_wins_each_name(s3):
    raced("s3://bucket/race", s3)


@pytest.mark.slow
def test_a_driver_killed_on_moto_counts_each_record_once(s3, tmp_path):
    killed(Prefix(s3, "bucket", "driver"), tmp_path)


def test_a_missing_bucket_is_named(s3):
    done = probe("s3://nothing-there/a", "open", endpoint=s3)
    assert done.returncode == 2
    assert "error[InvalidConfig]: checkpoint directory s3://nothing-there/a/.probe-" in done.stdout
    assert "NoSuchBucket" in done.stdout


def test_a_store_that_ignores_conditions_is_refused(tmp_path):
    try:
        with s3rver(tmp_path) as url:
            done = probe("s3://bucket/a", "open", endpoint=url)
            assert done.returncode == 2
            assert "error[UnsafeStore]: checkpoint directory s3://bucket/a" in done.stdout
            assert "tidemill.checkpoint.unsafeSingleWriter" in done.stdout

            done = probe("s3://bucket/a", "open", "--unsafe", endpoint=url)
            assert (done.returncode, done.stdout.strip()) == (0, "opened"), done.stdout + done.stderr
            assert "checkpoint_store_unsafe" in done.stderr
    except CannotRun as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory):
    """One namenode."""
    yield from cluster(tmp_path_factory.mktemp("hdfs"), 1)


@pytest.fixture(scope="module")
def two_namenodes(tmp_path_factory):
    yield from cluster(tmp_path_factory.mktemp("hdfs"), 2)


def cluster(folder, name_nodes):
    try:
        running = HdfsCluster(folder, name_nodes)
    except CannotRun as missing:
        pytest.skip(str(missing))
    yield running
    running.close()


@pytest.mark.slow
def test_hdfs_keeps_the_contract(hdfs):
    done = probe(hdfs.url("/open/contract"), "contract")
    assert (done.returncode, done.stdout.strip()) == (0, "contract: kept"), done.stdout + done.stderr


@pytest.mark.slow
def test_of_processes_that_write_to_hdfs_one_wins_each_name(hdfs):
    raced(hdfs.url("/open/race"))


@pytest.mark.slow
def test_a_driver_killed_on_hdfs_counts_each_record_once(hdfs, tmp_path):
    killed(WebHdfs(hdfs.authority, "/open/driver"), tmp_path)


@pytest.mark.slow
def test_a_folder_of_another_user_is_named(hdfs):
    done = probe(hdfs.url("/closed/a"), "open")
    assert done.returncode == 2
    assert "error[AccessDenied]" in done.stdout and "user=ada" in done.stdout


@pytest.mark.slow
def test_safe_mode_is_waited_for_and_told(hdfs):
    hdfs.tell("safemode-enter")
    try:
        done = probe(hdfs.url("/open/safe"), "open", "--safe-mode-wait-ms", "3000")
        assert done.returncode == 2
        assert "safe mode" in done.stdout and "tidemill.hdfs.safeModeWait" in done.stdout
        assert "hdfs_safe_mode" in done.stderr

        waiting = start_probe(hdfs.url("/open/safe"), "open")
        time.sleep(1)
        assert waiting.poll() is None
    finally:
        hdfs.tell("safemode-leave")
    out, error = waiting.communicate(timeout=120)
    assert (waiting.returncode, out.strip()) == (0, "opened"), out + error


@pytest.mark.slow
def test_a_restarted_namenode_loses_nothing(hdfs):
    filled(hdfs, "/open/restart", lambda: hdfs.tell("restart 0"))


@pytest.mark.slow
def test_two_namenodes_keep_the_contract_and_a_failover_loses_nothing(two_namenodes):
    done = probe(two_namenodes.url("/open/contract"), "contract")
    assert (done.returncode, done.stdout.strip()) == (0, "contract: kept"), done.stdout + done.stderr

    def fail_over():
        two_namenodes.tell("standby 0")
        two_namenodes.tell("active 1")

    filled(two_namenodes, "/open/failover", fail_over)


def filled(running, path, disturb) -> None:
    """One process writes and reads back numbered names, while the cluster is disturbed after some of them."""
    writer = start_probe(running.url(path), "fill", "ada", "100")
    watchdog = threading.Timer(300, writer.kill)
    watchdog.start()
    try:
        for line in writer.stdout:
            if line.strip() == "wrote 20":
                break
        disturb()
        out, error = writer.communicate(timeout=240)
    finally:
        watchdog.cancel()
        writer.kill()
    assert writer.returncode == 0, out + error
    assert "filled: 100" in out


def killed(place, folder) -> None:
    """A consumer is killed twice under load, its newest metadata is spoiled, and the next life counts what is left."""
    state = folder / "state"
    with fake_aws() as url:
        make_stream(kinesis(url), "killed", 2)
        command = count(url, "killed", state, *QUICK, "--leases", "dynamodb", "--checkpoint-dir", place.url, *place.options,
                        "--set", "tidemill.checkpoint.interval=200ms", "--set", "tidemill.checkpoint.heartbeat=200ms")
        load = Load(url, "killed", 0.05)
        for _ in range(2):
            wanted = counted(state).records + 200
            with running(*command) as driver:
                driver.wait_until(lambda: counted(state).records >= wanted, f"{wanted} records")
                driver.end(signal.SIGKILL)
        spoiled = spoil_newest_metadata(place)
        lines = load.end()
        with running(*command) as driver:
            driver.wait_until(lambda: counted(state).records >= len(lines), f"{len(lines)} records")
            driver.wait_line("ready")
            stop(driver)
    warning = re.search(r"^warning\[CheckpointUnreadable\]: (.+)$", "\n".join(driver.err), re.MULTILINE)
    assert warning and spoiled in warning[1], driver.told()
    expect_exact(state, lines, duplicates=None)
