"""Three servers of DynamoDB's protocol, each on a free port of loopback: ours, moto and dynalite; and a client for them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from dynamo_servers import moto
from fake_server import REGION, fake_aws

PEERS = Path(os.environ.get("TIDEMILL_PEERS", "build/peers/node_modules")).resolve()
DYNALITE = PEERS / "dynalite" / "cli.js"
LOOPBACK_ONLY = Path(__file__).with_name("loopback_only.cjs").resolve()
PATIENCE = 60.0

# Why a peer cannot run here; empty if it can.
MISSING = {
    "moto": "" if importlib.util.find_spec("moto") else "no moto (tests/requirements.txt)",
    "dynalite": "" if shutil.which("node") and DYNALITE.exists() else "no node, or no dynalite (tests/package.json)",
}


@contextlib.contextmanager
def _running(command: list[str], listening: str, log: Path) -> Iterator[str]:
    """Runs a server until it says where it listens, gives that URL, and ends it by its process id."""
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(listening, log.read_text(errors="replace"))):
            told = log.read_text(errors="replace")[-2000:]
            assert server.poll() is None and time.monotonic() < deadline, f"{command[0]} does not listen: {told}"
            time.sleep(0.05)
        yield found[1]
    finally:
        server.kill()
        server.wait(timeout=10)


@contextlib.contextmanager
def dynamo_server(kind: str, folder: Path) -> Iterator[str]:
    """`fake`, `moto` or `dynalite`; none of them verifies signatures of the others' clients."""
    if kind == "fake":
        with fake_aws("--table-delay-ms", "0") as url:
            yield url
    elif kind == "moto":
        with moto() as url:
            yield url
    else:
        # It takes port 0 for its default; one that is free now will do.
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = str(one.getsockname()[1])
        command = ["node", "--require", str(LOOPBACK_ONLY), str(DYNALITE), "--host", "127.0.0.1", "--port", port,
                   "--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0"]
        with _running(command, r"listening at: (http://127\.0\.0\.1:\d+)", folder / "dynalite.log") as url:
            yield url


def dynamodb(url: str, attempts: int = 1, **settings):
    """A stock boto3 client; without retries unless asked, so that a test sees each refusal. It sends what it is told,
    also what the service must refuse."""
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}, parameter_validation=False,
                      **settings),
    )


def make_table(client, name: str, sort: str = "", **more) -> None:
    """A table on demand with the partition key `id` and, if `sort` names its type, the sort key `at`."""
    definitions = [{"AttributeName": "id", "AttributeType": "S"}]
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    if sort:
        definitions.append({"AttributeName": "at", "AttributeType": sort})
        keys.append({"AttributeName": "at", "KeyType": "RANGE"})
    client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=definitions + more.pop("AttributeDefinitions", []), KeySchema=keys, **more)
    wait_active(client, name)


def wait_active(client, name: str) -> dict:
    """The description of the table once it and its indexes are ACTIVE."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):
            table = client.describe_table(TableName=name)["Table"]
            states = [table["TableStatus"], *(index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", []))]
            if set(states) == {"ACTIVE"}:
                return table
        time.sleep(0.05)
    raise AssertionError(f"table {name} did not become ACTIVE")


def told(call, **arguments) -> dict:
    """What a call came back with, an error too, without what differs from call to call."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        answer = {"Error": error.response["Error"]["Code"]}
        if "Item" in error.response:
            answer["Item"] = error.response["Item"]
        return answer
    answer.pop("ResponseMetadata")
    return answer
