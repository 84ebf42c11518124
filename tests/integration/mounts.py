"""Mounts that only one program sees: its mount namespace ends with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'


def namespace() -> list[str]:
    """What makes a namespace in which this user may mount; skips the test if nothing does."""
    for way in (["unshare", "-m"], ["unshare", "-Urm"]):
        tried = subprocess.run([*way, "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False)
        if tried.returncode == 0:
            return way
    pytest.skip("neither root nor a user namespace may mount here: " + tried.stderr.decode().strip())


def read_only(folder: Path) -> list[str]:
    """A wrapper in which nobody may write to the folder."""
    return [*namespace(), "sh", "-c", READ_ONLY, "sh", str(folder)]
