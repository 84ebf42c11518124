"""Servers with DynamoDB for tests: moto in a process of its own, and clients for any of them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import boto3
from botocore.config import Config

from fake_server import REGION


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@contextlib.contextmanager
def moto() -> Iterator[str]:
    """Runs moto on a free port and gives its URL."""
    url = f"http://127.0.0.1:{_free_port()}"
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", url.rsplit(":", 1)[1]],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            assert server.poll() is None and time.monotonic() < deadline, "moto does not answer"
            time.sleep(0.1)
        yield url
    finally:
        server.kill()
        server.wait(timeout=10)


def dynamodb(url: str):
    """A stock boto3 client."""
    return boto3.client("dynamodb", endpoint_url=url, region_name=REGION, aws_access_key_id="test",
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 3}))


def make_lease_table(client, table: str, key: str = "leaseKey") -> None:
    client.create_table(TableName=table, KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                        BillingMode="PAY_PER_REQUEST")
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def rows(client, table: str) -> dict[str, dict]:
    """Every item of a lease table, whole, by its key."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {item["leaseKey"]["S"]: item for page in pages for item in page["Items"]}
