"""`tidemill leases`, `count` and `demo` with leases in DynamoDB: a table that a Java fleet owns is read, and left whole."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import uuid

import pytest

from dynamo_servers import dynamodb, make_lease_table, moto, rows
from fake_server import SHARD, kinesis, make_stream
from programs import QUICK, count, counted, fields, put, refused, run, running, stop, text

AT_ONCE = ("--observe-ms", "0")
SOON = ("--observe-ms", "1500")
HALVES = [("0", str(2**127 - 1)), (str(2**127), str(2**128 - 1))]


@pytest.fixture(scope="module", params=["moto", "fake"])
def tables(url, request):
    """Where DynamoDB is: in a server that others wrote, and beside the fake's Kinesis."""
    if request.param == "fake":
        yield url
        return
    with moto() as running_moto:
        yield running_moto


@pytest.fixture
def application():
    return "app-" + uuid.uuid4().hex


def java_row(number: int, owner: str | None = "java-7", **more: dict) -> dict:
    """As KCL 2 writes it, with an attribute that nobody knows."""
    row = {"leaseKey": {"S": SHARD(number)}, "leaseCounter": {"N": "41"}, "checkpoint": {"S": "TRIM_HORIZON"},
           "checkpointSubSequenceNumber": {"N": "0"}, "ownerSwitchesSinceCheckpoint": {"N": "2"},
           "startingHashKey": {"S": HALVES[number % 2][0]}, "endingHashKey": {"S": HALVES[number % 2][1]},
           "zzz": {"M": {"a": {"SS": ["x", "y"]}, "n": {"N": "7"}}}}
    if owner is not None:
        row["leaseOwner"] = {"S": owner}
    return row | more


@pytest.fixture
def java_table(tables, application):
    client = dynamodb(tables)
    make_lease_table(client, application)
    for row in (java_row(0), java_row(1, parentShardId={"SS": [SHARD(7), SHARD(8)]})):
        client.put_item(TableName=application, Item=row)
    return client


def leases(application: str, tables: str, *more: object) -> tuple[object, ...]:
    return ("leases", application, "--leases", "dynamodb", "--dynamodb-endpoint", tables, *more)


@contextlib.contextmanager
def owner(client, table: str, key: str):
    """A worker that renews one lease and does nothing else."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(0.2):
            client.update_item(TableName=table, Key={"leaseKey": {"S": key}},
                               UpdateExpression="SET leaseCounter = leaseCounter + :one",
                               ExpressionAttributeValues={":one": {"N": "1"}})

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_rows_of_a_java_fleet_are_listed_and_left_alone(java_table, tables, application):
    before = rows(java_table, application)
    done = run(*leases(application, tables, *AT_ONCE, "--json"))
    assert done.code == 0, done
    first, second = json.loads(done.out)["leases"]
    expected = {"key": SHARD(0), "owner": "java-7", "counter": 41, "checkpoint": "TRIM_HORIZON",
                "subSequenceNumber": 0, "parents": [], "unknownAttributes": ["zzz"], "ownerSwitches": 2}
    assert first | expected == first
    assert (second["key"], second["parents"]) == (SHARD(1), [SHARD(7), SHARD(8)])
    assert run(*leases(application, tables, *AT_ONCE)).out.count("java-7") == 2
    assert rows(java_table, application) == before


def test_rows_that_are_no_leases_are_named(java_table, tables, application):
    java_table.put_item(TableName=application, Item={"leaseKey": {"S": "broken"}, "leaseCounter": {"S": "many"},
                                                     "checkpoint": {"S": "LATEST"}})
    java_table.put_item(TableName=application, Item={"leaseKey": {"S": "worker-1"}, "lut": {"N": "1"},
                                                     "entityType": {"S": "WORKER_METRIC_STATS"}})
    document = json.loads(run(*leases(application, tables, *AT_ONCE, "--json")).out)
    assert [lease["key"] for lease in document["leases"]] == [SHARD(0), SHARD(1)]
    assert [row["key"] for row in document["unreadable"]] == ["broken"]
    assert document["otherRows"] == ["worker-1"]


def test_a_table_that_is_not_there_is_not_made(tables, application):
    for command in ((), ("release", SHARD(0)), ("rewind", "--to", "TRIM_HORIZON"), ("export",)):
        assert application in refused(run(*leases(application, tables, *AT_ONCE, *command)), "UnknownTable", 3)
    assert application not in dynamodb(tables).list_tables()["TableNames"]


def test_a_table_with_another_key_is_foreign(tables, application):
    make_lease_table(dynamodb(tables), application, key="id")
    assert application in refused(run(*leases(application, tables)), "ForeignTable", 2)


@pytest.mark.slow
def test_a_dynamodb_that_nobody_reaches_is_told_soon(application):
    with socket.socket() as held:  # Bound without listening: connections are refused.
        held.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{held.getsockname()[1]}"
        assert application in refused(run(*leases(application, nobody), timeout=90), "Unreachable", 3)


@pytest.mark.slow
def test_a_living_java_worker_keeps_its_lease(java_table, tables, application):
    with owner(java_table, application, SHARD(0)):
        rewind = leases(application, tables, *SOON, "rewind", "--to", "TRIM_HORIZON")
        assert run(*rewind).code == 0
        assert "java-7" in refused(run(*rewind, "--yes"), "LeaseInUse", 5)
        refused(run(*leases(application, tables, *SOON, "release", SHARD(0))), "LeaseInUse", 5)
    done = run(*leases(application, tables, *SOON, "release", SHARD(0)))
    assert (done.code, fields(done.out)["released"]) == (0, "yes"), done
    row = rows(java_table, application)[SHARD(0)]
    assert "leaseOwner" not in row and row["zzz"] == java_row(0)["zzz"]


@pytest.mark.slow
def test_count_adopts_the_rows_and_keeps_what_it_does_not_know(url, java_table, tables, application, tmp_path):
    make_stream(kinesis(url), application, 2)
    put(url, application, text(200, 1))
    command = ("count", "--app", application, "--stream", application, "--endpoint", url, "--state", tmp_path,
               "--leases", "dynamodb", "--dynamodb-endpoint", tables, *QUICK)
    with running(*command) as program:
        program.wait_until(lambda: counted(tmp_path).records >= 200, "every record in the counts")
        stop(program)
    after = rows(java_table, application)
    assert list(sorted(after)) == [SHARD(0), SHARD(1)]
    for row in after.values():
        assert row["zzz"] == java_row(0)["zzz"]
        assert row["checkpoint"]["S"].isdecimal()
    listed = json.loads(run(*leases(application, tables, *AT_ONCE, "--endpoint", url, "--json")).out)
    assert (listed["stream"], [lease["lagMs"] for lease in listed["leases"]]) == (application, [0, 0])

    done = run(*leases(application, tables, *SOON, "rewind", "--to", "TRIM_HORIZON", "--yes", "--stream", application,
                       "--endpoint", url))
    assert (done.code, fields(done.out)["records"], fields(done.out)["rewound"]) == (0, "200", "2"), done
    for row in rows(java_table, application).values():
        assert (row["checkpoint"]["S"], row["zzz"]) == ("TRIM_HORIZON", java_row(0)["zzz"])
    # The table is that stream's now.
    make_stream(kinesis(url), application + "-2", 1)
    other = [application + "-2" if word == application and command[i - 1] == "--stream" else word
             for i, word in enumerate(command)]
    refused(run(*other), "ForeignTable", 2)


def test_an_export_moves_a_table(java_table, tables, application, tmp_path):
    file = tmp_path / "leases.jsonl"
    assert run(*leases(application, tables, "export", "--output", file)).code == 0
    done = run(*leases(application + "-2", tables, "import", file))
    assert (done.code, fields(done.out)["created"]) == (0, "2"), done
    told = refused(run("leases", application, "--state", tmp_path / "state", "--stream", "s", "import", file),
                   "InvalidConfig", 2)
    assert "zzz" in told and not (tmp_path / "state").exists()
    ours = re.compile("xTidemill")
    copied = {key: {name: value for name, value in row.items() if not ours.match(name)}
              for key, row in rows(java_table, application + "-2").items()}
    before = rows(java_table, application)
    for row in [*copied.values(), *before.values()]:
        for value in row.values():
            for strings in (value, *value.get("M", {}).values()):
                if "SS" in strings:
                    strings["SS"].sort()
    assert copied == before


@pytest.mark.slow
def test_the_demo_is_exact_with_leases_in_dynamodb(url, tables, tmp_path):
    source = tmp_path / "text"
    source.write_text("the sea and the tide\n" * 3000)
    elsewhere = () if tables == url else ("--dynamodb-endpoint", tables)  # Else in the demo's own fake.
    done = run("demo", "--text", source, "--leases", "dynamodb", *elsewhere, timeout=300)
    assert (done.code, fields(done.out)["exact"]) == (0, "yes"), done
