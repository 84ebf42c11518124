"""Blocks in the demo: lost at every storage level and read again, and a store that has no room."""

from __future__ import annotations

import os
import re
import time

import pytest

from mounts import namespace
from programs import fields, run, running

LEVELS = ["NONE", "DISK_ONLY", "DISK_ONLY_2", "DISK_ONLY_3", "MEMORY_ONLY", "MEMORY_ONLY_2", "MEMORY_ONLY_SER",
          "MEMORY_ONLY_SER_2", "MEMORY_AND_DISK", "MEMORY_AND_DISK_2", "MEMORY_AND_DISK_SER", "MEMORY_AND_DISK_SER_2",
          "OFF_HEAP"]
QUICK_LEVELS = {"NONE", "DISK_ONLY_2"}


@pytest.mark.parametrize(
    "level", [level if level in QUICK_LEVELS else pytest.param(level, marks=pytest.mark.slow) for level in LEVELS])
def test_the_demo_is_exact_while_it_loses_blocks(level, tmp_path):
    done = run("demo", "--storage-level", level, "--lose-blocks", "30%", timeout=300, TMPDIR=str(tmp_path))
    assert done.code == 0, done
    result = fields(done.out)
    assert result["exact"] == "yes"
    assert int(result["blocks lost"]) > 0
    assert result["rebuilt"] == result["blocks lost"]
    assert "event=storage_level_reduced" not in done.err or level == "NONE", done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_demo_sees_a_lost_record_beside_lost_blocks(tmp_path):
    done = run("demo", "--plant", "drop-record", timeout=300, TMPDIR=str(tmp_path))
    assert done.code == 1, done
    assert fields(done.out)["exact"] == "no"


# A store of 8 MiB that others have filled. It lies in a mount namespace of the program's own, which ends with it.

ROOM = 8 << 20
LEFT = 64 << 10  # Enough to open a store, not for the blocks of a second.
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && head -c "$3" /dev/zero > "$2/filler" && shift 3 && exec "$@"'


def test_a_full_store_pauses_reading_until_there_is_room(tmp_path):
    folder = tmp_path / "blocks"
    folder.mkdir()
    full = [*namespace(), "sh", "-c", MOUNT, "sh", str(ROOM), str(folder), str(ROOM - LEFT)]
    with running("demo", "--storage-level", "DISK_ONLY", "--set", f"tidemill.block.directory={folder}", "--set",
                 "tidemill.memory.budget=1m", wrapper=full) as demo:
        demo.wait_until(lambda: any("event=store_full" in line for line in demo.err), "event=store_full")
        assert any(re.search(r"event=store_full .*block=input-0-\d+ .*bytes=\d+", line) for line in demo.err)
        time.sleep(3)  # Whatever was stored before is processed.
        before = len([line for line in demo.err if " delivered in batches" in line])
        time.sleep(4)
        later = [line for line in demo.err if " delivered in batches" in line][before:]
        assert len({re.search(r"(\d+) delivered in batches", line)[1] for line in later}) == 1, demo.told()

        os.remove(f"/proc/{demo.process.pid}/root{folder}/filler")

        demo.wait_until(lambda: any("event=store_resumed" in line for line in demo.err), "event=store_resumed")
        demo.wait_line("exact: yes")
        assert demo.process.wait(timeout=60) == 0, demo.told()
        assert int(fields("\n".join(demo.out))["blocks lost"]) > 0
