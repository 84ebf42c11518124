"""Stock boto3 against `tidemill fake`: a client that nobody here wrote accepts what the fake answers."""

from __future__ import annotations

import datetime
import hashlib
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from fake_server import QUARTER, REGION, SHARD, fake_aws, kinesis, make_stream, read_to_end, wait_active


@pytest.fixture(scope="module")
def url():
    with fake_aws("--limits", "off") as running:
        yield running


@pytest.fixture(scope="module")
def client(url):
    return kinesis(url)


def refused(call, **arguments) -> tuple[str, str]:
    """Name and text of the error that the call must end with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_stream_is_created_described_listed_and_deleted(client):
    client.create_stream(StreamName="life", ShardCount=3)
    assert client.describe_stream(StreamName="life")["StreamDescription"]["StreamStatus"] == "CREATING"
    summary = wait_active(client, "life")
    assert summary["OpenShardCount"] == 3
    assert summary["RetentionPeriodHours"] == 24
    age = datetime.datetime.now(datetime.timezone.utc) - summary["StreamCreationTimestamp"]
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=1)
    assert "life" in client.list_streams()["StreamNames"]

    client.delete_stream(StreamName="life")
    client.get_waiter("stream_not_exists").wait(StreamName="life", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert refused(client.describe_stream, StreamName="life") == (
        "ResourceNotFoundException",
        "Stream life under account 000000000000 not found.",
    )


def test_records_go_where_md5_sends_them_and_come_back_whole(client):
    make_stream(client, "routes", 4)
    sent = {f"key-{i}": bytes([i % 256]) * i for i in range(300)}
    answer = client.put_records(
        StreamName="routes", Records=[{"PartitionKey": key, "Data": data} for key, data in sent.items()]
    )
    assert answer["FailedRecordCount"] == 0

    received = {}
    for shard in client.list_shards(StreamName="routes")["Shards"]:
        low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        iterator = client.get_shard_iterator(
            StreamName="routes", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        numbers = []
        for record in client.get_records(ShardIterator=iterator)["Records"]:
            key = record["PartitionKey"]
            assert low <= int.from_bytes(hashlib.md5(key.encode()).digest(), "big") <= high
            numbers.append(int(record["SequenceNumber"]))
            received[key] = record["Data"]
        assert numbers == sorted(set(numbers))
    assert received == sent


def test_a_split_and_a_merge_end_shards_and_name_their_children(client):
    make_stream(client, "reshard", 2)
    first = client.put_record(StreamName="reshard", PartitionKey="k", ExplicitHashKey="0", Data=b"one")
    assert first["ShardId"] == SHARD(0)
    client.split_shard(StreamName="reshard", ShardToSplit=SHARD(0), NewStartingHashKey=QUARTER)
    assert refused(client.split_shard, StreamName="reshard", ShardToSplit=SHARD(1), NewStartingHashKey=str(3 * 2**126))[
        0
    ] == "ResourceInUseException"
    wait_active(client, "reshard")
    second = client.put_record(StreamName="reshard", PartitionKey="k", ExplicitHashKey="0", Data=b"two")
    assert second["ShardId"] == SHARD(2)
    assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])

    records, children = read_to_end(client, "reshard", SHARD(0))
    assert [record["Data"] for record in records] == [b"one"]
    assert [(child["ShardId"], child["ParentShards"]) for child in children] == [
        (SHARD(2), [SHARD(0)]),
        (SHARD(3), [SHARD(0)]),
    ]

    client.merge_shards(StreamName="reshard", ShardToMerge=SHARD(3), AdjacentShardToMerge=SHARD(1))
    wait_active(client, "reshard")
    shards = {shard["ShardId"]: shard for shard in client.list_shards(StreamName="reshard")["Shards"]}
    assert shards[SHARD(4)]["ParentShardId"] == SHARD(3)
    assert shards[SHARD(4)]["AdjacentParentShardId"] == SHARD(1)
    for parent in (SHARD(1), SHARD(3)):
        assert "EndingSequenceNumber" in shards[parent]["SequenceNumberRange"]
        _, children = read_to_end(client, "reshard", parent)
        assert [(child["ShardId"], child["ParentShards"]) for child in children] == [(SHARD(4), [SHARD(3), SHARD(1)])]
    assert client.describe_stream_summary(StreamName="reshard")["StreamDescriptionSummary"]["OpenShardCount"] == 2


def test_list_shards_pages_and_filters(client):
    make_stream(client, "pages", 5)
    # By hand: botocore's paginator sends the name along with the token, which the service refuses.
    page = client.list_shards(StreamName="pages", MaxResults=2)
    sizes = [len(page["Shards"])]
    while "NextToken" in page:
        page = client.list_shards(NextToken=page["NextToken"], MaxResults=2)
        sizes.append(len(page["Shards"]))
    assert sizes == [2, 2, 1]
    assert refused(client.list_shards, StreamName="pages", NextToken="x") == (
        "InvalidArgumentException",
        "NextToken and StreamName cannot be provided together.",
    )

    def ids(**filters):
        return [shard["ShardId"] for shard in client.list_shards(StreamName="pages", ShardFilter=filters)["Shards"]]

    assert len(ids(Type="AT_LATEST")) == 5
    assert len(ids(Type="AT_TRIM_HORIZON")) == 5
    assert len(ids(Type="FROM_TRIM_HORIZON")) == 5
    assert ids(Type="AFTER_SHARD_ID", ShardId=SHARD(3)) == [SHARD(4)]
    assert len(ids(Type="FROM_TIMESTAMP", Timestamp=0)) == 5
    assert len(ids(Type="AT_TIMESTAMP", Timestamp=0)) == 5
    assert refused(client.list_shards) == (
        "InvalidArgumentException",
        "Either NextToken or StreamName should be provided.",
    )


def test_every_kind_of_iterator_starts_where_it_says(client):
    make_stream(client, "starts", 1)
    numbers = [
        client.put_record(StreamName="starts", PartitionKey="k", Data=str(i).encode())["SequenceNumber"]
        for i in range(4)
    ]

    def read(kind, **more):
        iterator = client.get_shard_iterator(
            StreamName="starts", ShardId=SHARD(0), ShardIteratorType=kind, **more
        )["ShardIterator"]
        return [record["Data"] for record in client.get_records(ShardIterator=iterator)["Records"]]

    assert read("TRIM_HORIZON") == [b"0", b"1", b"2", b"3"]
    assert read("LATEST") == []
    assert read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]) == [b"2", b"3"]
    assert read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]) == [b"3"]
    assert read("AT_TIMESTAMP", Timestamp=0) == [b"0", b"1", b"2", b"3"]


def test_refusals_carry_the_services_names_and_texts(client):
    make_stream(client, "refusals", 1)
    assert refused(client.create_stream, StreamName="refusals", ShardCount=1)[0] == "ResourceInUseException"
    assert refused(client.get_records, ShardIterator="AAAAAAAAAAE=") == (
        "InvalidArgumentException",
        "Invalid ShardIterator.",
    )
    assert refused(
        client.get_shard_iterator, StreamName="refusals", ShardId="shardId-9", ShardIteratorType="LATEST"
    ) == (
        "ResourceNotFoundException",
        "Shard shardId-000000000009 in stream refusals under account 000000000000 does not exist",
    )
    assert refused(
        client.merge_shards, StreamName="refusals", ShardToMerge=SHARD(0), AdjacentShardToMerge=SHARD(0)
    )[0] == "InvalidArgumentException"
    assert refused(client.split_shard, StreamName="refusals", ShardToSplit=SHARD(0), NewStartingHashKey="1")[0] == (
        "InvalidArgumentException"
    )
    code, message = refused(client.get_records, ShardIterator="x", Limit=10001)
    assert code == "ValidationException"
    assert "'limit' failed to satisfy constraint: Member must have value less than or equal to 10000" in message


def test_a_stream_can_be_named_by_its_arn(client):
    make_stream(client, "arn", 1)
    arn = f"arn:aws:kinesis:{REGION}:000000000000:stream/arn"
    client.put_record(StreamARN=arn, PartitionKey="k", Data=b"x")
    iterator = client.get_shard_iterator(StreamARN=arn, ShardId=SHARD(0), ShardIteratorType="TRIM_HORIZON")
    page = client.get_records(StreamARN=arn, ShardIterator=iterator["ShardIterator"])
    assert [record["Data"] for record in page["Records"]] == [b"x"]
    assert refused(client.describe_stream, StreamARN=arn + "-not")[1] == (
        "Stream arn-not under account 000000000000 not found."
    )


def test_signatures_are_checked(url):
    assert refused(kinesis(url, secret="wrong").list_streams)[0] == "InvalidSignatureException"
    assert refused(kinesis(url, key="nobody").list_streams)[0] == "UnrecognizedClientException"
    code, message = refused(kinesis(url, region="eu-west-1").list_streams)
    assert code == "InvalidSignatureException" and "eu-west-1" in message


def test_another_key_pair_can_be_chosen():
    with fake_aws("--access-key", "AKIDOTHER", "--secret-key", "s3/cr+t") as url:
        assert kinesis(url, key="AKIDOTHER", secret="s3/cr+t").list_streams()["StreamNames"] == []
        assert refused(kinesis(url).list_streams)[0] == "UnrecognizedClientException"


def test_a_shard_takes_a_thousand_records_a_second():
    with fake_aws() as url:
        client = kinesis(url)
        make_stream(client, "limits", 1)
        entries = [{"PartitionKey": "k", "Data": b"x"}] * 500
        answers = [client.put_records(StreamName="limits", Records=entries) for _ in range(4)]
        failed = [record for answer in answers for record in answer["Records"] if "ErrorCode" in record]
        assert sum(answer["FailedRecordCount"] for answer in answers) == len(failed) > 0
        assert {(record["ErrorCode"], record["ErrorMessage"]) for record in failed} == {
            (
                "ProvisionedThroughputExceededException",
                f"Rate exceeded for shard {SHARD(0)} in stream limits under account 000000000000.",
            )
        }


def test_a_shard_answers_five_reads_a_second():
    with fake_aws() as url:
        client = kinesis(url)
        make_stream(client, "reads", 1)
        iterator = client.get_shard_iterator(StreamName="reads", ShardId=SHARD(0), ShardIteratorType="LATEST")
        refusals = []
        for _ in range(12):
            try:
                client.get_records(ShardIterator=iterator["ShardIterator"])
            except ClientError as error:
                refusals.append(error.response["Error"]["Code"])
        assert refusals and set(refusals) == {"ProvisionedThroughputExceededException"}


def test_retries_carry_a_client_through_faults():
    with fake_aws("--limits", "off", "--faults", "100", "--seed", "7") as url:
        client = kinesis(url, attempts=10)
        client.create_stream(StreamName="storm", ShardCount=1)
        wait_active(client, "storm")
        for i in range(60):
            client.put_record(StreamName="storm", PartitionKey="k", Data=str(i).encode())
        iterator = client.get_shard_iterator(StreamName="storm", ShardId=SHARD(0), ShardIteratorType="TRIM_HORIZON")
        iterator = iterator["ShardIterator"]
        seen = []
        while len(set(seen)) < 60:
            try:
                page = client.get_records(ShardIterator=iterator)
            except client.exceptions.ExpiredIteratorException:
                seen = []
                iterator = client.get_shard_iterator(
                    StreamName="storm", ShardId=SHARD(0), ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
                continue
            seen += [int(record["Data"]) for record in page["Records"]]
            iterator = page["NextShardIterator"]
        # A lost answer makes botocore put a record twice, but never out of order.
        assert seen == sorted(seen)


def test_only_posts_are_operations(url):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=10)
    assert caught.value.code == 403
    assert b"AccessDeniedException" in caught.value.read()
