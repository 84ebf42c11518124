"""One fleet: Java workers of one version and ours on one stream and one lease table, through everything."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fake_server import HALF, QUARTER, SHARD, fake_aws, kinesis, make_stream
from java_workers import JavaWorker
from native_workers import NativeWorker, listed
from records import Producer
from servers import dynamodb, moto
from table_watch import Watcher
from workers import Worker

PATIENCE = 90.0
STREAM = "interop"


@dataclass
class Outcome:
    """What one fleet did; `wrong` names everything that is not as it should be."""

    version: str
    records: int = 0
    delivered: int = 0
    regressions: list[str] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Fleet:
    """The workers, the stream and the watcher of one run, and the phases that they go through."""

    def __init__(self, version: str, folder: Path, failover_ms: int, java_only: bool, services: tuple[str, str]) -> None:
        self._version = version
        self._folder = folder
        self._failover_ms = failover_ms
        self._java_only = java_only
        self._kinesis_url, self._dynamodb_url = services
        self._application = f"fleet-{version}"
        self._kinesis = kinesis(self._kinesis_url, attempts=5)
        self.workers: list[Worker] = []  # Those that run.
        self.gone: list[Worker] = []
        self._began = time.monotonic()
        make_stream(self._kinesis, STREAM, 4)
        self.watcher = Watcher(dynamodb(self._dynamodb_url), self._application)
        self.producer = Producer(self._kinesis, STREAM)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()

    # The phases.

    def run(self) -> None:
        first = self._phase("java alone", self._java_alone)
        a, b = self._phase("two of ours join", self._ours_join)
        second = self._phase("kill -9 java", self._kill_java, first)
        a = self._phase("kill -9 ours", self._kill_ours, a)
        self._phase("split and merge", self._reshard)
        self._phase("hand over to ours", self._to_ours, second)
        third = self._phase("hand over to java", self._to_java, [a, b])
        self._phase("the end", self._end, third)

    def _java_alone(self) -> Worker:
        java = self._java("j1")
        self._wait(lambda: set(self.watcher.owners().values()) == {"j1"}, "j1 owns all shards")
        return java

    def _ours_join(self) -> tuple[Worker, Worker]:
        a, b = self._ours("c1"), self._ours("c2")
        self._wait(lambda: {"j1", "c1", "c2"} == set(self.watcher.owners().values()), "j1, c1 and c2 own shards")
        return a, b

    def _kill_java(self, java: Worker) -> Worker:
        java.kill()
        self._left(java)
        self._settled()
        self._wait(lambda: set(self.watcher.owners().values()) == {"c1", "c2"}, "the shards of j1 are taken")
        second = self._java("j2")
        self._wait(lambda: "j2" in self.watcher.owners().values(), "j2 owns a shard")
        return second

    def _kill_ours(self, ours: Worker) -> Worker:
        ours.kill()
        self._left(ours)
        self._wait(lambda: set(self.watcher.owners().values()) == {"j2", "c2"}, "the shards of c1 are taken")
        # With its old state, because what it had read is there.
        again = self._ours("c1")
        self._wait(lambda: "c1" in self.watcher.owners().values(), "c1 owns a shard again")
        return again

    def _reshard(self) -> None:
        self._kinesis.split_shard(StreamName=STREAM, ShardToSplit=SHARD(0), NewStartingHashKey=str(int(QUARTER) // 2))
        self._active()
        self._kinesis.merge_shards(StreamName=STREAM, ShardToMerge=SHARD(2), AdjacentShardToMerge=SHARD(3))
        self._active()
        children = {SHARD(4), SHARD(5), SHARD(6)}
        self._wait(lambda: children <= {shard for shard, owner in self.watcher.owners().items() if owner},
                   "the children of the split and the merge are owned")
        self._wait(lambda: not {SHARD(0), SHARD(2), SHARD(3)} & self.watcher.owners().keys(), "the parents are finished")

    def _to_ours(self, java: Worker) -> None:
        java.stop()
        self._left(java)
        self._wait(lambda: set(self.watcher.owners().values()) == {"c1", "c2"}, "ours own all shards")

    def _to_java(self, ours: list[Worker]) -> Worker:
        third = self._java("j3")
        # Maybe only rows of finished shards: Java counts these as load, and gives its new worker a share of them.
        self._wait(lambda: "j3" in self.watcher.holders(), "j3 holds a row")
        for worker in ours:
            worker.stop()
            self._left(worker)
        self._wait(lambda: set(self.watcher.owners().values()) == {"j3"}, "j3 owns all shards")
        return third

    def _end(self, java: Worker) -> None:
        self.producer.stop()
        self._settled()
        java.stop()
        self._left(java)

    # What they are made of.

    def _phase(self, name: str, body: Callable, *arguments):
        self._say(name)
        try:
            result = body(*arguments)
            self._settled()
            self._readable()
        except Exception as error:
            raise AssertionError(f"phase `{name}`: {error}\nrows: {self.watcher.items()}") from error
        return result

    def _say(self, text: str) -> None:
        print(f"{self._version} {time.monotonic() - self._began:6.1f} s: {text}", file=sys.stderr, flush=True)

    def _common(self) -> dict:
        return {"application": self._application, "stream": STREAM, "kinesis": self._kinesis_url,
                "dynamodb": self._dynamodb_url, "failover_ms": self._failover_ms}

    def _java(self, name: str) -> Worker:
        self.workers.append(JavaWorker(self._version, name, self._folder, **self._common()))
        return self.workers[-1]

    def _ours(self, name: str) -> Worker:
        if self._java_only:
            return self._java(name)
        self.workers.append(NativeWorker(name, self._folder, **self._common()))
        return self.workers[-1]

    def _left(self, worker: Worker) -> None:
        self.workers.remove(worker)
        self.gone.append(worker)

    def _active(self) -> None:
        self._wait(lambda: self._kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"][
            "StreamStatus"] == "ACTIVE", "the stream is active")

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {PATIENCE} s: {what}")
            time.sleep(0.1)

    def check(self) -> None:
        self.watcher.check()
        self.producer.check()
        for worker in self.workers:
            worker.check()

    def delivered(self) -> set[int]:
        return set().union(*(one.numbers for worker in self.workers + self.gone for one in worker.deliveries()))

    def _settled(self) -> None:
        """Waits until every record that is in the stream now was delivered: whoever works, the stream goes on."""
        wanted = set(range(self.producer.count))
        self._wait(lambda: wanted <= self.delivered(), f"delivered are all of the {len(wanted)} records")

    def _readable(self) -> None:
        """Ours reads the table as it is."""
        if self._java_only:
            return
        before = self.watcher.items()
        found = listed(self._application, self._dynamodb_url)
        for key in before.keys() & self.watcher.items().keys():
            assert key in found, f"tidemill leases does not list {key}"
            counter = int(before[key]["leaseCounter"]["N"])
            assert found[key]["counter"] >= counter, f"tidemill leases gives {key} an older counter than {counter}"


def run_fleet(version: str, folder: Path, failover_ms: int, java_only: bool) -> Outcome:
    """Runs one fleet in a folder of its own and judges it."""
    outcome = Outcome(version)
    with contextlib.ExitStack() as stack:
        services = stack.enter_context(fake_aws()), stack.enter_context(moto(folder))
        fleet = Fleet(version, folder, failover_ms, java_only, services)
        stack.callback(fleet.close)
        try:
            fleet.run()
        except Exception as error:
            outcome.wrong.append(str(error))
        judge(fleet, outcome, failover_ms / 1000)
    return outcome


def judge(fleet: Fleet, outcome: Outcome, failover: float) -> None:
    outcome.records = fleet.producer.count
    outcome.delivered = len(fleet.delivered() & set(range(outcome.records)))
    if outcome.delivered < outcome.records:
        outcome.wrong.append(f"missing: {sorted(set(range(outcome.records)) - fleet.delivered())[:20]}")
    watch = fleet.watcher.stop()
    outcome.regressions = watch.regressions
    everyone = fleet.workers + fleet.gone
    all_of_them = [one for worker in everyone for one in worker.deliveries() if one.shard]
    outcome.overlaps = [f"{one.worker} delivered {one.shard} at {one.at:.3f}: {sorted(one.numbers)}"
                        for one in all_of_them if watch.overlaps(one, failover)]
    outcome.wrong += [f"unreadable row: {text}" for text in sorted(set(watch.unreadable))]
    for worker in everyone:
        outcome.wrong += [f"{worker.name} complains: {line}" for line in worker.complaints()[:5]]
    again = sum(len(one.numbers) for one in all_of_them) - len(set().union(*(one.numbers for one in all_of_them)))
    outcome.notes.append(f"{len(watch.ends)} scans of {len(watch.rows)} rows; {again} records came twice to Java")
