"""The one contract of lease stores, on servers of DynamoDB that others wrote: each of its cases on an empty server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from dynamo_servers import dynamodb
from dynamodb_peers import MISSING, dynamo_server
from programs import BINARY

LEASE_TEST = Path(BINARY).parent / "bin" / "lease_test"
ONLY = "--gtest_filter=*LeaseStoreContract*outerdynamodb"


def cases(environment: dict[str, str]) -> list[str]:
    listed = subprocess.run([LEASE_TEST, "--gtest_list_tests", ONLY], env=environment, capture_output=True, text=True,
                            timeout=60, check=True).stdout
    suite, names = "", []
    for line in listed.splitlines():
        if line.endswith("."):
            suite = line.strip()
        elif line.startswith("  "):
            names.append(suite + line.split("#")[0].strip())
    return names


@pytest.mark.parametrize("kind", ["moto", "dynalite", "fake"])
@pytest.mark.slow
def test_every_case_of_the_contract_holds(kind, tmp_path):
    if MISSING.get(kind):
        pytest.skip(MISSING[kind])
    if not LEASE_TEST.exists():
        pytest.skip(f"{LEASE_TEST.name} was not built")
    failed = []
    with dynamo_server(kind, tmp_path) as url:
        environment = {**os.environ, "TIDEMILL_TEST_DYNAMODB": url}
        client = dynamodb(url)
        names = cases(environment)
        assert len(names) >= 15
        for name in names:
            ran = subprocess.run([LEASE_TEST, f"--gtest_filter={name}"], env=environment, capture_output=True,
                                 text=True, timeout=60, check=False)
            if ran.returncode != 0 or "[  PASSED  ] 1 test" not in ran.stdout:
                failed.append(f"{name}\n{ran.stdout[-3000:]}{ran.stderr[-1000:]}")
            try:
                client.delete_table(TableName="app")
                client.get_waiter("table_not_exists").wait(TableName="app", WaiterConfig={"Delay": 1})
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ResourceNotFoundException", error
    assert not failed, "\n".join(failed)
