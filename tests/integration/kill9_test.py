"""`scripts/kill9`, shortened: a real consumer killed at random moments, with every kind of checkpoint directory."""

from __future__ import annotations

import subprocess

import pytest

from programs import BINARY, environment, fields

RUNS = 2
PATIENCE = 300
PLACES = {"none": (), **{scheme: ("--checkpoint-dir", f"{scheme}:") for scheme in ("file", "s3", "hdfs")}}


@pytest.fixture(scope="module")
def started():
    """All at once: most of their time they wait."""
    runs = {
        place: subprocess.Popen([BINARY, "kill9", "--runs", str(RUNS), "--seed", str(seed), *options],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        for seed, (place, options) in enumerate(PLACES.items(), 1)
    }
    yield runs
    for run in runs.values():
        run.kill()
        run.communicate(timeout=10)


@pytest.mark.parametrize("place", PLACES)
def test_the_counts_are_exact_whenever_the_consumer_is_killed(place, started):
    out, error = started[place].communicate(timeout=PATIENCE)
    assert started[place].returncode == 0, out + error
    result = fields(out)
    assert result["exact"] == f"{RUNS}/{RUNS}"
    assert int(result["kills"]) >= RUNS and int(result["records"]) > 0
