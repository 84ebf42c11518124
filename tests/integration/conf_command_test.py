"""`tidemill conf`, and where the settings of a program come from."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

PROGRAM = os.environ.get("TIDEMILL_BIN", "build/release/tidemill")


def conf(*arguments, **environment):
    return subprocess.run([PROGRAM, "conf", *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          env={**os.environ, **environment})


@pytest.fixture
def toml(tmp_path):
    path = tmp_path / "orders.toml"
    path.write_text('[spark.streaming]\nblockInterval = "1s"\nblockQueueSize = 3\nui.retainedBatches = 7\n'
                    'blockIntervall = "2s"\n')
    return path


def test_options_come_before_variables_and_those_before_the_file(toml):
    ran = conf("--conf", toml, "--set", "spark.streaming.blockInterval=3s", "--json",
               TIDEMILL_CONF_SPARK_STREAMING_BLOCK_INTERVAL="2s", TIDEMILL_CONF_SPARK_STREAMING_BLOCK_QUEUE_SIZE="4")
    assert ran.returncode == 0, ran.stderr
    keys = {key["key"]: key for key in json.loads(ran.stdout)["keys"]}

    def told(key):
        return keys[key]["value"], keys[key]["origin"]

    assert told("spark.streaming.blockInterval") == ("3s", "--set")
    assert told("spark.streaming.blockQueueSize") == ("4", "variable TIDEMILL_CONF_SPARK_STREAMING_BLOCK_QUEUE_SIZE")
    assert told("spark.streaming.ui.retainedBatches") == ("7", f"{toml}:4")
    assert told("tidemill.worker.id") == ("tidemill-worker", "default")
    assert ran.stderr.splitlines()[0].startswith(f"warning[KeyWithoutEffect]: {toml}:4: spark.streaming.ui.retainedBatches: Nothing")
    assert ran.stderr.splitlines()[1] == (f"warning[UnknownKey]: {toml}:5: spark.streaming.blockIntervall is not a setting of "
                                          "tidemill and has no effect; nearest: spark.streaming.blockInterval")


def test_settings_that_contradict_each_other_are_refused():
    ran = conf("--set", "spark.streaming.dynamicAllocation.minExecutors=9", "--set", "spark.streaming.dynamicAllocation.maxExecutors=2")
    assert ran.returncode == 2, ran.stdout
    assert ran.stderr.splitlines()[-2].startswith("error[InvalidConfig]: "), ran.stderr
    assert ran.stdout == ""


def test_explains_one_key():
    ran = conf("--explain", "spark.streaming.blockInterval")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[:5] == ["spark.streaming.blockInterval: 200ms", "  from: default", "  default: 200ms",
                                           "  values: duration [ms]: 1ms to 1h", "  variable: TIDEMILL_CONF_SPARK_STREAMING_BLOCK_INTERVAL"]


def test_a_value_that_does_not_fit_is_named_with_its_line(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("[spark.streaming]\nblockInterval = true\n")
    ran = conf("--conf", path)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[0] == (f"error[InvalidConfig]: {path}:2: spark.streaming.blockInterval is a duration, not a "
                                          "boolean")
    assert ran.stdout == ""


def test_a_key_that_nobody_knows_is_refused_by_name():
    ran = conf("spark.streaming.blockIntervall")
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == ["error[Usage]: spark.streaming.blockIntervall is not a setting of tidemill",
                                       "try: nearest: spark.streaming.blockInterval"]


def test_count_reads_the_file_too(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("spark.task.maxFailures = 0\n")
    ran = subprocess.run([PROGRAM, "count", "--app", "a", "--stream", "s", "--state", str(tmp_path / "state"), "--conf", str(path)],
                         capture_output=True, text=True, timeout=30)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"error[InvalidConfig]: {path}:1: spark.task.maxFailures=0 is not between 1 and 1000")
