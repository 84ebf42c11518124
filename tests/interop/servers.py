"""The services of one fleet: our fake Kinesis, moto's DynamoDB, and a client for each."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config

from fake_server import REGION

PATIENCE = 60.0


@contextlib.contextmanager
def moto(folder: Path) -> Iterator[str]:
    """Runs moto on a free port and gives its URL."""
    log = folder / "moto.log"
    with log.open("wb") as out:
        server = subprocess.Popen([sys.executable, "-B", Path(__file__).with_name("moto_server.py"), "-H", "127.0.0.1",
                                   "-p", "0"], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield _listening(server, log)
    finally:
        server.kill()
        server.wait(timeout=10)


def _listening(server: subprocess.Popen, log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"moto does not listen\n{log.read_text(errors='replace')}")


def dynamodb(url: str):
    """A stock client that retries: moto is slow, not wrong."""
    return boto3.client("dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test",
                        config=Config(retries={"mode": "standard", "total_max_attempts": 5}))
