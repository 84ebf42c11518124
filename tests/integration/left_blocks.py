"""A folder of blocks that a `tidemill count` left behind when it was killed, and ways to damage it."""

from __future__ import annotations

import json
import shutil
import signal
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fake_server import SHARD, kinesis
from programs import QUICK, Ended, count, counted, run, running, words_of

WORKER = "tidemill-worker"
HEADER = struct.Struct("<4sHHQQQQIIIQI")  # Of a frame, as src/block/frame.h has it.
TRAILER_BYTES = 8


@dataclass(frozen=True)
class Frame:
    """Where one frame lies in its file."""

    file: Path
    offset: int
    head_bytes: int
    body_bytes: int

    @property
    def head(self) -> int:
        return self.offset + HEADER.size

    @property
    def body(self) -> int:
        return self.head + self.head_bytes

    @property
    def end(self) -> int:
        return self.body + self.body_bytes + TRAILER_BYTES


def frames(file: Path) -> Iterator[Frame]:
    data = file.read_bytes()
    at = 0
    while at < len(data):
        magic, *_, head_bytes, body_bytes, _, _, _ = HEADER.unpack_from(data, at)
        assert magic == b"TMf\xa7", f"no frame at byte {at} of {file}"
        frame = Frame(file, at, head_bytes, body_bytes)
        yield frame
        at = frame.end


@dataclass
class Left:
    """The state folder of a `count` that was killed, with blocks that it has stored and not processed."""

    url: str
    stream: str
    state: Path
    lines: list[str]
    numbers: list[list[str]]  # Of the records of each block.
    more: tuple[object, ...] = ()  # Options of `count`, such as the storage level.

    @property
    def folder(self) -> Path:
        return self.state / "blocks" / WORKER

    def segments(self) -> list[Path]:
        return sorted(self.folder.glob("segment-*"))

    def index(self) -> Path:
        (index,) = self.folder.glob("index-*")
        return index

    def blocks(self) -> list[Frame]:
        """In the order in which they were stored."""
        return [frame for segment in self.segments() for frame in frames(segment)]

    def range_of(self, block: int) -> str:
        """How the lines of a report name what the block holds."""
        numbers = self.numbers[block]
        return f"SequenceNumberRange({self.stream},{SHARD(0)},{numbers[0]},{numbers[-1]},{len(numbers)})"

    def copy_to(self, state: Path) -> Left:
        shutil.copytree(self.state, state)
        return Left(self.url, self.stream, state, self.lines, self.numbers, self.more)

    def content(self) -> dict[str, bytes]:
        """Every file but the lock."""
        return {file.name: file.read_bytes() for file in self.folder.iterdir() if file.name != "blocks.lock"}


def checkpoint(state: Path) -> str:
    """Of the only shard; empty while there is no lease."""
    done = run("leases", "words", "--state", state, "--observe-ms", 0, "--json")
    leases = json.loads(done.out)["leases"] if done.code == 0 else []
    return leases[0]["checkpoint"] if leases else ""


STORED = ("--set", "kinesis.checkpoint.after=stored")


def leave(url: str, stream: str, state: Path, groups: list[list[bytes]],
          more: tuple[object, ...] = ("--storage-level", "DISK_ONLY")) -> Left:
    """Consumes the groups of records, a block for each, and is killed before the first batch."""
    client = kinesis(url, attempts=5)
    numbers: list[list[str]] = []
    with running(*count(url, stream, state, "--batch-ms", 3_600_000, "--checkpoint-ms", 0, *STORED, *more)) as program:
        program.wait_line("ready")
        for group in groups:
            answer = client.put_records(StreamName=stream, Records=[
                {"Data": data, "PartitionKey": "key"} for data in group])
            assert answer["FailedRecordCount"] == 0, answer
            numbers.append([record["SequenceNumber"] for record in answer["Records"]])
            program.wait_until(lambda: checkpoint(state).startswith(numbers[-1][-1]), "a checkpoint behind the group")
        program.end(signal.SIGKILL)
    left = Left(url, stream, state, [data.decode("latin-1") for group in groups for data in group], numbers, more)
    assert len(left.blocks()) == len(groups), "each group is a block"
    return left


def go_on(left: Left, records: int) -> list[str]:
    """Counts on with what is left until there are that many records; gives the log. Each was counted once."""
    with running(*count(left.url, left.stream, left.state, *QUICK, *STORED, *left.more)) as program:
        program.wait_until(lambda: counted(left.state).records >= records, f"{records} records")
        assert program.end(signal.SIGTERM) == 0, program.told()
    # The lease checkpoints have passed these records already.
    assert program.out[-1] == (f"stopped: received={records} processed={records} checkpointed=0 "
                               "unallocated=0 leases=released"), program.told()
    result = counted(left.state)
    assert (result.words, result.records, result.duplicates) == (words_of(left.lines), records, 0)
    return list(program.err)


def fsck(left: Left | Path, *more: object, **changes) -> Ended:
    """As run(); of what is left, or of any folder."""
    return run("fsck", left.folder if isinstance(left, Left) else left, *more, **changes)


def change(file: Path, how: Callable[[bytearray], None]) -> None:
    data = bytearray(file.read_bytes())
    how(data)
    file.write_bytes(bytes(data))


def flip(file: Path, at: int) -> None:
    """One bit of one byte."""
    def how(data: bytearray) -> None:
        data[at] ^= 1

    change(file, how)
