"""Watches a lease table from outside, and judges what it saw."""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from deliveries import Delivery

PERIOD = 0.1
_SENTINELS = {"AT_TIMESTAMP": (-3,), "TRIM_HORIZON": (-2,), "LATEST": (-1,), "SHARD_END": (1, 0)}
# Written by every version on every row.
MANDATORY = {"leaseKey": "S", "leaseCounter": "N", "checkpoint": "S", "checkpointSubSequenceNumber": "N",
             "ownerSwitchesSinceCheckpoint": "N"}
# All that KCL 1.x and 2.x know, with their types.
KNOWN = MANDATORY | {"leaseOwner": "S", "parentShardId": "SS", "childShardIds": "SS", "pendingCheckpoint": "S",
                     "pendingCheckpointSubSequenceNumber": "N", "pendingCheckpointState": "B", "startingHashKey": "S",
                     "endingHashKey": "S"}
# Attributes of ours, which the libraries leave alone.
OURS = "xTidemill"


def position(checkpoint: str, sub_sequence: int) -> tuple:
    """Where a checkpoint stands among all: sentinels, then numbers as integers with their sub-sequence, then the end."""
    if checkpoint in _SENTINELS:
        return _SENTINELS[checkpoint]
    if not checkpoint.isascii() or not checkpoint.isdigit():
        raise ValueError(f"no checkpoint: {checkpoint!r}")
    return (0, int(checkpoint), sub_sequence)


def malformed(item: dict) -> list[str]:
    """What other libraries would stumble over in a row."""
    found = [f"{name} is missing" for name in MANDATORY if name not in item]
    for name, value in sorted(item.items()):
        (kind, content), = value.items()
        if name in KNOWN and kind != KNOWN[name]:
            found.append(f"{name} is {kind}, not {KNOWN[name]}")
        if name not in KNOWN and not name.startswith(OURS):
            found.append(f"{name} is not of KCL 1.x or 2.x")
        if content in ("", []):
            found.append(f"{name} is empty")
    if ("startingHashKey" in item) != ("endingHashKey" in item):
        found.append("half of a hash range")
    return found


@dataclass
class Seen:
    """What scans showed of one row: the newest state, and who owned it from which scan on."""

    counter: int
    at: tuple
    # (index of the scan, owner); owner None = nobody, or no such row.
    owners: list[tuple[int, str | None]] = field(default_factory=list)

    def owner(self, scan: int) -> str | None:
        """Who owned it in that scan."""
        found = bisect.bisect_right(self.owners, scan, key=lambda entry: entry[0])
        return self.owners[found - 1][1] if found else None


class Watch:
    """The history of a table: feed it scans in order of time. Not thread safe."""

    def __init__(self) -> None:
        self.ends: list[float] = []  # When each scan ended.
        self.rows: dict[str, Seen] = {}
        self.regressions: list[str] = []
        self.unreadable: list[str] = []

    def scan(self, ended: float, items: Iterable[dict]) -> None:
        index = len(self.ends)
        self.ends.append(ended)
        here = set()
        for item in items:
            key = item.get("leaseKey", {}).get("S", "?")
            here.add(key)
            problems = malformed(item)
            if problems:
                self.unreadable.append(f"{key}: {', '.join(problems)}")
                continue
            self._row(index, key, item)
        for key in sorted(self.rows.keys() - here):
            self._owner(index, self.rows[key], None)

    def _row(self, index: int, key: str, item: dict) -> None:
        counter = int(item["leaseCounter"]["N"])
        at = position(item["checkpoint"]["S"], int(item["checkpointSubSequenceNumber"]["N"]))
        seen = self.rows.setdefault(key, Seen(counter, at))
        if counter < seen.counter:
            self.regressions.append(f"{key}: counter {seen.counter} became {counter}")
        if at < seen.at:
            self.regressions.append(f"{key}: checkpoint {seen.at} became {at}")
        seen.counter, seen.at = counter, at
        self._owner(index, seen, item.get("leaseOwner", {}).get("S"))

    @staticmethod
    def _owner(index: int, seen: Seen, owner: str | None) -> None:
        if not seen.owners or seen.owners[-1][1] != owner:
            seen.owners.append((index, owner))

    def overlaps(self, delivery: Delivery, failover: float) -> bool:
        """Whether the worker delivered although the table had shown, for longer than the failover time, that the shard
        is not (or no longer) its own: no scan from the last one that ended before `at - failover` to the first
        one after `until` has it as the owner. The later end is there because a take may fall between two scans."""
        seen = self.rows.get(delivery.shard)
        if seen is None:
            return True
        first = max(0, bisect.bisect_right(self.ends, delivery.at - failover) - 1)
        last = min(len(self.ends) - 1, bisect.bisect_right(self.ends, delivery.until))
        return all(seen.owner(scan) != delivery.worker for scan in range(first, last + 1))


class Watcher:
    """Feeds a Watch from consistent scans, every PERIOD seconds, in a thread of its own."""

    def __init__(self, client, table: str) -> None:
        self._client = client
        self._table = table
        self._lock = threading.Lock()
        self._watch = Watch()
        self._items: list[dict] = []
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(PERIOD):
                self._once()
        except BaseException as error:  # Told by check().
            self._error = error

    def _once(self) -> None:
        try:
            items = self._client.scan(TableName=self._table, ConsistentRead=True)["Items"]  # Far below 1 MB.
        except self._client.exceptions.ResourceNotFoundException:
            return  # Not made yet.
        with self._lock:
            self._items = items
            self._watch.scan(time.time(), items)

    def check(self) -> None:
        if self._error:
            raise AssertionError(f"the table could not be watched: {self._error!r}")

    def items(self) -> dict[str, dict]:
        """The rows of the newest scan."""
        self.check()
        with self._lock:
            return {item["leaseKey"]["S"]: item for item in self._items}

    def owners(self) -> dict[str, str | None]:
        """Who owns what, without the finished shards."""
        return {key: item.get("leaseOwner", {}).get("S") for key, item in self.items().items()
                if item["checkpoint"]["S"] != "SHARD_END"}

    def holders(self) -> set[str]:
        """All who own a row, of whatever shard."""
        return {item["leaseOwner"]["S"] for item in self.items().values() if "leaseOwner" in item}

    def stop(self) -> Watch:
        self._stop.set()
        self._thread.join(timeout=30)
        self.check()
        return self._watch
