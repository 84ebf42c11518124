"""Aggregated records by an aggregator that nobody here wrote, and ones that are broken."""

from __future__ import annotations

import hashlib

from aws_kinesis_agg.aggregator import RecordAggregator

MAGIC = b"\xf3\x89\x9a\xc2"


def aggregate(parts: list[tuple[str, str] | tuple[str, str, str]]) -> bytes:
    """(partition key, text[, explicit hash key]), packed."""
    aggregator = RecordAggregator()
    for key, text, *hash_key in parts:
        assert aggregator.add_user_record(key, text.encode(), *hash_key) is None, "it fits one record"
    return bytes(aggregator.clear_and_get().get_contents()[2])


def framed(message: bytes) -> bytes:
    """The record around a protobuf message, whatever that holds."""
    return MAGIC + message + hashlib.md5(message).digest()


def damaged(data: bytes) -> dict[str, bytes]:
    """What begins as an aggregated record and is none, by name."""
    return {
        "wrong MD5": data[:-1] + bytes([data[-1] ^ 1]),
        "MD5 of magic and message": data[:-16] + hashlib.md5(data[:-16]).digest(),
        "magic alone": MAGIC,
        "magic and half an MD5": MAGIC + data[-8:],
        "truncated message": framed(data[4:-17]),
        "index out of range": framed(b"\x0a\x01k\x1a\x05\x08\x07\x1a\x01x"),
        "index of 64 bits": framed(b"\x0a\x01k\x1a\x0e\x08" + b"\xff" * 9 + b"\x01\x1a\x01x"),
        "hash key out of range": framed(b"\x0a\x01k\x1a\x07\x08\x00\x10\x03\x1a\x01x"),
        "no data": framed(b"\x0a\x01k\x1a\x02\x08\x00"),
        "hash key no number": framed(b"\x0a\x01k\x12\x01?\x1a\x07\x08\x00\x10\x00\x1a\x01x"),
        "endless number": framed(b"\x40" + b"\xff" * 20),
        "no message": framed(b"\xff"),
        "partition key no text": framed(b"\x0a\x02\xff\xfe\x1a\x05\x08\x00\x1a\x01x"),
        "group": framed(b"\x4b\x4c"),
        "length beyond the end": framed(b"\x0a\xff\xff\xff\xff\x07k"),
        "length of 64 bits": framed(b"\x0a" + b"\xff" * 9 + b"\x01k"),
    }
