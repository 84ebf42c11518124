"""What several files of tests use; a file that needs another server has a `url` of its own."""

from __future__ import annotations

import re

import pytest

from fake_server import fake_aws, kinesis, make_stream


@pytest.fixture(scope="module")
def url():
    """Of a fake, one for each file."""
    with fake_aws() as running_fake:
        yield running_fake


@pytest.fixture
def stream(url, request) -> str:
    """A stream of one shard, one for each test."""
    name = re.sub(r"\W", "-", request.node.name)[:100]
    make_stream(kinesis(url), name, 1)
    return name
