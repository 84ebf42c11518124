"""Stock boto3 against the DynamoDB of `tidemill fake`: every operation, conditions, pages, legacy parameters, faults."""

from __future__ import annotations

import contextlib
import time
import zlib

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from dynamodb_peers import dynamodb, make_table, wait_active
from fake_server import fake_aws, kinesis, make_stream


@pytest.fixture(scope="module")
def url():
    with fake_aws("--table-delay-ms", "50") as running:
        yield running


@pytest.fixture(scope="module")
def client(url):
    return dynamodb(url)


def refused(call, **arguments) -> tuple[str, str]:
    """Name and text of the error that the call must end with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def scan_all(client, **arguments) -> list[dict]:
    return [item for page in client.get_paginator("scan").paginate(**arguments) for item in page["Items"]]


def test_a_table_lives_from_creation_to_deletion(client):
    client.create_table(TableName="life", BillingMode="PROVISIONED",
                        ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 10},
                        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                        KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                        Tags=[{"Key": "team", "Value": "sea"}])
    table = wait_active(client, "life")
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 10
    assert "BillingModeSummary" not in table
    assert table["CreationDateTime"].timestamp() == pytest.approx(time.time(), abs=60)
    assert client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "team", "Value": "sea"}]
    assert "life" in client.list_tables()["TableNames"]

    client.update_table(TableName="life", BillingMode="PAY_PER_REQUEST")
    assert wait_active(client, "life")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    client.delete_table(TableName="life")
    client.get_waiter("table_not_exists").wait(TableName="life", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert refused(client.describe_table, TableName="life") == (
        "ResourceNotFoundException", "Requested resource not found: Table: life not found")


def test_an_item_of_every_type_comes_back_as_it_was(client):
    make_table(client, "types")
    item = {"id": {"S": "a"}, "n": {"N": "-12345678901234567890.123456789012345678"}, "b": {"B": b"\x00\xff"},
            "yes": {"BOOL": True}, "none": {"NULL": True}, "empty": {"S": ""}, "m": {"M": {"x": {"L": [{"N": "1"}]}}},
            "ss": {"SS": ["a", "b"]}, "bs": {"BS": [b"1", b"2"]}, "ns": {"NS": ["1", "2.5"]}}
    client.put_item(TableName="types", Item=item)

    got = client.get_item(TableName="types", Key={"id": {"S": "a"}}, ConsistentRead=True)["Item"]

    assert {kind: sorted(value) for kind, value in got.pop("ns").items()} == {"NS": ["1", "2.5"]}
    del item["ns"]
    assert got == item
    assert client.get_item(TableName="types", Key={"id": {"S": "a"}}, ProjectionExpression="m.x[0], #n",
                           ExpressionAttributeNames={"#n": "n"})["Item"] == {
        "m": {"M": {"x": {"L": [{"N": "1"}]}}}, "n": item["n"]}
    assert "Item" not in client.get_item(TableName="types", Key={"id": {"S": "b"}})


def test_two_renewals_of_one_counter_conflict(client):
    make_table(client, "renewals")
    client.put_item(TableName="renewals", Item={"id": {"S": "s"}, "leaseCounter": {"N": "7"}},
                    ConditionExpression="attribute_not_exists(id)")
    renewal = {"TableName": "renewals", "Key": {"id": {"S": "s"}}, "UpdateExpression": "SET leaseCounter = :new",
               "ConditionExpression": "leaseCounter = :old",
               "ExpressionAttributeValues": {":old": {"N": "7"}, ":new": {"N": "8"}},
               "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

    client.update_item(**renewal)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.update_item(**renewal)

    assert caught.value.response["Item"] == {"id": {"S": "s"}, "leaseCounter": {"N": "8"}}
    assert refused(client.put_item, TableName="renewals", Item={"id": {"S": "s"}},
                   ConditionExpression="attribute_not_exists(id)")[0] == "ConditionalCheckFailedException"


def test_the_legacy_parameters_of_a_kcl_1_worker_work(client):
    make_table(client, "legacy")
    create = {"TableName": "legacy", "Item": {"id": {"S": "s"}, "leaseCounter": {"N": "0"}, "checkpoint": {"S": "LATEST"}},
              "Expected": {"id": {"Exists": False}}}
    client.put_item(**create)
    assert refused(client.put_item, **create)[0] == "ConditionalCheckFailedException"

    take = {"TableName": "legacy", "Key": {"id": {"S": "s"}},
            "AttributeUpdates": {"leaseCounter": {"Value": {"N": "1"}, "Action": "PUT"},
                                 "leaseOwner": {"Value": {"S": "w"}, "Action": "PUT"},
                                 "ownerSwitchesSinceCheckpoint": {"Value": {"N": "1"}, "Action": "ADD"}},
            "Expected": {"leaseCounter": {"Value": {"N": "0"}}}}
    client.update_item(**take)
    assert refused(client.update_item, **take)[0] == "ConditionalCheckFailedException"

    # KCL 1.14 and later give both a value and an operator: the operator compares.
    client.update_item(TableName="legacy", Key={"id": {"S": "s"}},
                       AttributeUpdates={"checkpoint": {"Value": {"S": "17"}, "Action": "PUT"},
                                         "leaseOwner": {"Action": "DELETE"}},
                       Expected={"checkpoint": {"Value": {"S": "SHARD_END"}, "ComparisonOperator": "NE"},
                                 "leaseOwner": {"ComparisonOperator": "NOT_NULL"}})
    assert client.get_item(TableName="legacy", Key={"id": {"S": "s"}}, AttributesToGet=["checkpoint", "leaseOwner"])[
        "Item"] == {"checkpoint": {"S": "17"}}
    found = client.scan(TableName="legacy", ScanFilter={"checkpoint": {"ComparisonOperator": "BEGINS_WITH",
                                                                       "AttributeValueList": [{"S": "1"}]}})
    assert found["Count"] == 1


def test_the_index_of_a_kcl_3_worker_is_added_to_a_living_table(client):
    make_table(client, "indexed")
    client.put_item(TableName="indexed", Item={"id": {"S": "owned"}, "leaseOwner": {"S": "w"}, "x": {"N": "1"}})
    client.put_item(TableName="indexed", Item={"id": {"S": "free"}})
    client.update_table(
        TableName="indexed",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"},
                              {"AttributeName": "leaseOwner", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": {
            "IndexName": "LeaseOwnerToLeaseKeyIndex", "Projection": {"ProjectionType": "KEYS_ONLY"},
            "KeySchema": [{"AttributeName": "leaseOwner", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]}}])
    wait_active(client, "indexed")

    found = client.query(TableName="indexed", IndexName="LeaseOwnerToLeaseKeyIndex",
                         KeyConditions={"leaseOwner": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "w"}]}})

    assert found["Items"] == [{"id": {"S": "owned"}, "leaseOwner": {"S": "w"}}]
    assert refused(client.query, TableName="indexed", IndexName="LeaseOwnerToLeaseKeyIndex", ConsistentRead=True,
                   KeyConditionExpression="leaseOwner = :w", ExpressionAttributeValues={":w": {"S": "w"}}) == (
        "ValidationException", "Consistent reads are not supported on global secondary indexes")


def test_pages_and_segments_reach_every_item_once(client):
    make_table(client, "pages", sort="N")
    for start in range(0, 100, 25):
        answer = client.batch_write_item(RequestItems={"pages": [
            {"PutRequest": {"Item": {"id": {"S": f"id-{i % 7}"}, "at": {"N": str(i)}}}} for i in range(start, start + 25)]})
        assert answer["UnprocessedItems"] == {}
    everything = set(range(100))

    in_pages = [int(item["at"]["N"]) for item in scan_all(client, TableName="pages", Limit=7)]
    in_segments = [int(item["at"]["N"]) for segment in range(4)
                   for item in scan_all(client, TableName="pages", Segment=segment, TotalSegments=4, Limit=3)]
    queried = [int(item["at"]["N"])
               for page in client.get_paginator("query").paginate(
                   TableName="pages", KeyConditionExpression="id = :id AND #at >= :from",
                   ExpressionAttributeNames={"#at": "at"}, ScanIndexForward=False, Limit=2,
                   ExpressionAttributeValues={":id": {"S": "id-3"}, ":from": {"N": "20"}})
               for item in page["Items"]]

    assert sorted(in_pages) == sorted(everything) and sorted(in_segments) == sorted(everything)
    assert queried == sorted((i for i in everything if i % 7 == 3 and i >= 20), reverse=True)
    got = client.batch_get_item(RequestItems={"pages": {"Keys": [
        {"id": {"S": "id-1"}, "at": {"N": "1"}}, {"id": {"S": "id-1"}, "at": {"N": "2"}}], "ConsistentRead": True}})
    assert got["Responses"]["pages"] == [{"id": {"S": "id-1"}, "at": {"N": "1"}}]
    client.delete_item(TableName="pages", Key={"id": {"S": "id-1"}, "at": {"N": "1"}})
    assert client.scan(TableName="pages", Select="COUNT")["Count"] == 99


def test_every_answer_carries_its_checksum(url, client):
    seen = []
    client.meta.events.register("after-call.dynamodb", lambda http_response, **_: seen.append(http_response))
    client.list_tables()
    refused(client.describe_table, TableName="nothing")
    for response in seen:
        assert int(response.headers["x-amz-crc32"]) == zlib.crc32(response.content)
        assert len(response.headers["x-amzn-RequestId"]) == 52
    assert [response.status_code for response in seen] == [200, 400]


def test_kinesis_and_dynamodb_share_the_port_and_each_checks_its_signature(url, client):
    make_stream(kinesis(url), "beside", 1)
    assert "beside" in kinesis(url).list_streams()["StreamNames"]
    wrong = dynamodb(url)
    wrong._request_signer._credentials.secret_key = "wrong"
    assert refused(wrong.list_tables)[0] == "InvalidSignatureException"


def test_a_lost_answer_means_a_write_that_was_applied():
    with fake_aws("--table-delay-ms", "0", "--dynamodb-lost-answers", "300", "--seed", "5") as url:
        client = dynamodb(url, attempts=1)
        steady = dynamodb(url, attempts=10)
        # The retry after a lost answer finds the table that the first try made.
        with contextlib.suppress(steady.exceptions.ResourceInUseException):
            steady.create_table(TableName="lossy", BillingMode="PAY_PER_REQUEST",
                                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
        lost = 0
        for i in range(100):
            try:
                client.update_item(TableName="lossy", Key={"id": {"S": "a"}}, UpdateExpression="ADD n :one",
                                   ExpressionAttributeValues={":one": {"N": "1"}})
            except HTTPClientError:
                lost += 1
        assert 10 <= lost <= 60
        assert steady.get_item(TableName="lossy", Key={"id": {"S": "a"}}, ConsistentRead=True)["Item"]["n"] == {"N": "100"}


def test_throttles_and_failures_are_told_apart_and_ridden_out_by_retries():
    with fake_aws("--table-delay-ms", "0", "--dynamodb-throttles", "200", "--dynamodb-failures", "200") as url:
        client = dynamodb(url)
        patient = dynamodb(url, attempts=12)
        with pytest.raises(ClientError):
            for _ in range(100):
                client.list_tables()
        patient.create_table(TableName="busy", BillingMode="PAY_PER_REQUEST",
                             AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                             KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
        codes = set()
        for i in range(100):
            try:
                client.put_item(TableName="busy", Item={"id": {"S": str(i)}})
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])
        assert codes == {"ThrottlingException", "InternalServerError"}


def test_a_stale_read_answers_from_the_past_and_a_consistent_one_never():
    with fake_aws("--table-delay-ms", "0", "--dynamodb-stale-ms", "60000") as url:
        client = dynamodb(url)
        make_table(client, "stale")
        client.put_item(TableName="stale", Item={"id": {"S": "a"}})
        eventual = [client.get_item(TableName="stale", Key={"id": {"S": "a"}}) for _ in range(20)]
        assert any("Item" not in answer for answer in eventual)
        for _ in range(20):
            assert "Item" in client.get_item(TableName="stale", Key={"id": {"S": "a"}}, ConsistentRead=True)
