"""What was delivered, by whom and when: from the ledgers of Java workers and the counts of ours."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from records import number


@dataclass(frozen=True)
class Delivery:
    """That a worker got something of a shard, between `at` and `until` (seconds since 1970). `numbers` may be empty where
    only the position of a worker in the shard is known."""

    worker: str
    shard: str
    at: float
    until: float
    numbers: frozenset[int] = field(default_factory=frozenset)


def _at_once(worker: str, shard: str, at: float, record: int) -> Delivery:
    return Delivery(worker, shard, at, at, frozenset([record]))


class JavaLedger:
    """Reads what was appended since the last time; a line without its end is left for later. What an earlier worker of
    the same name wrote is not of this one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0
        self._found: list[Delivery] = []

    def read(self) -> list[Delivery]:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
            whole = text[:text.rfind(b"\n") + 1]
            self._offset += len(whole)
            for line in whole.decode("ascii").splitlines():
                worker, shard, _sequence, _sub, millis, word = line.split(" ")
                self._found.append(_at_once(worker, shard, int(millis) / 1000, number(word)))
        return self._found


class NativeCounts:
    """Polls counts.db of one `tidemill count`: its words say which records were delivered, its progress by shard, in
    which shards something was. A change happened between the poll before, when it was not there yet, and its own."""

    def __init__(self, worker: str, state: Path) -> None:
        self._worker = worker
        self._file = state / "counts.db"
        self._progress: dict[str, str] = {}
        self._found: list[Delivery] = []
        self._numbers: frozenset[int] = frozenset()
        self._polled = time.time()
        self._over = False
        self._lock = threading.Lock()
        self._read_progress()  # Of an earlier process on the same state: nothing that this one delivered.
        self._found.clear()

    def poll(self) -> None:
        with self._lock:
            if self._over:
                return
            began = time.time()
            self._read_progress()
            self._polled = began

    def _read_progress(self) -> None:
        for shard, position in self._select("SELECT shard, sequenceNumber FROM progress"):
            if self._progress.get(shard) != position:
                self._progress[shard] = position
                self._found.append(Delivery(self._worker, shard, self._polled, time.time()))

    def end(self) -> None:
        """The worker is gone: what another on the same state does from now on is not its."""
        self.deliveries()
        with self._lock:
            self._over = True

    def numbers(self) -> frozenset[int]:
        """The records that are counted; each at least once."""
        if self._over:
            return self._numbers
        found = frozenset(number(word) for (word,) in self._select("SELECT word FROM words WHERE count > 0"))
        self._numbers |= found
        return self._numbers

    def deliveries(self) -> list[Delivery]:
        self.poll()
        numbers = self.numbers()
        with self._lock:
            return [*self._found, Delivery(self._worker, "", self._polled, time.time(), numbers)]

    def _select(self, sql: str) -> list[tuple]:
        if not self._file.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"{self._file.resolve().as_uri()}?mode=rw", timeout=10,
                                                uri=True)) as database:
            try:
                return database.execute(sql).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []  # They are being made.
                raise
