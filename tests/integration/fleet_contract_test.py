"""Fleets of real processes that share a table of leases: crashes, stops, stalls, twins, and tables that others change."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import signal
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from dynamo_servers import dynamodb, rows
from fake_server import SHARD, fake_aws, kinesis, make_stream
from programs import PATIENCE, QUICK, STOPPED, Line, Running, counted, fields, refused, run

LEASE = 2.0
SCAN = 1.0
# What a busy machine may add to a time that the workers keep by their own clocks.
SLACK = 0.5
SHORT = ("--set", f"tidemill.leases.failover={LEASE:.0f}s", "--set", f"tidemill.leases.scanInterval={SCAN:.0f}s",
         "--set", "tidemill.kinesis.idleTimeBetweenReads=200ms", *QUICK)
BATCH = r"batch: (\d+) records: (\d+)"


@pytest.fixture(scope="module")
def url():
    with fake_aws("--table-delay-ms", "0") as running_fake:
        yield running_fake


def word_of(number: int) -> str:
    """One of a kind, in letters only, so that the counts tell each record from all others."""
    letters = ""
    while True:
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
        if number == 0:
            return letters


def place(row: dict) -> float:
    """How far a row's checkpoint is, as a number: sentinels before all records, the end behind them."""
    text = row["checkpoint"]["S"]
    if text == "SHARD_END":
        return math.inf
    return int(text) if text.isdecimal() else -1


def happened(program: Running, event: str, **values: str) -> list[dict[str, str | Line]]:
    """The fields of each such event so far that has these values; `line` is the line itself."""
    found = []
    for line in list(program.out):
        if not re.match(rf"level=\w+ event={event}( |$)", line):
            continue
        pairs = dict(re.findall(r'(\w+)=("[^"]*"|\S*)', line))
        if pairs | values == pairs:
            found.append(pairs | {"line": line})
    return found


def wait_event(program: Running, event: str, many: int = 1, **values: str) -> list[dict[str, str | Line]]:
    program.wait_until(lambda: len(happened(program, event, **values)) >= many, f"{many} event(s) {event} {values}")
    return happened(program, event, **values)


class Fleet:
    """One stream, one application, and the workers of a test."""

    def __init__(self, url: str, folder: Path, shards: int, stack: contextlib.ExitStack) -> None:
        self.url, self.folder, self.stack = url, folder, stack
        self.name = "fleet-" + uuid.uuid4().hex[:12]
        self.table, self.stream = dynamodb(url), kinesis(url, attempts=5)
        make_stream(self.stream, self.name, shards)
        self.sent: list[str] = []

    def command(self, worker: str, *more: object, stream: str | None = None, state: str | None = None):
        return ("count", "--app", self.name, "--stream", stream or self.name, "--endpoint", self.url, "--leases",
                "dynamodb", "--worker-id", worker, "--state", self.folder / (state or worker), *SHORT, *more)

    def start(self, worker: str, *more: object, **where: str) -> Running:
        program = Running(*self.command(worker, *more, **where), together=True)
        self.stack.callback(program.close)
        return program

    def put(self, records: int) -> None:
        words = [word_of(len(self.sent) + i) for i in range(records)]
        answer = self.stream.put_records(StreamName=self.name,
                                         Records=[{"Data": word.encode(), "PartitionKey": word} for word in words])
        assert answer["FailedRecordCount"] == 0
        self.sent += words

    @contextlib.contextmanager
    def fed(self):
        """Records come all the time."""
        ended = threading.Event()
        problems: list[Exception] = []

        def feed() -> None:
            try:
                while not ended.wait(0.05):
                    self.put(4)
            except Exception as problem:  # Told below, where the test sees it.
                problems.append(problem)

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        assert not problems, problems

    def rows(self) -> dict[str, dict]:
        return rows(self.table, self.name)

    def owners(self) -> Counter[str]:
        return Counter(row["leaseOwner"]["S"] for row in self.rows().values() if "leaseOwner" in row)

    def wait_owners(self, program: Running, **expected: int) -> None:
        program.wait_until(lambda: self.owners() == Counter(expected), f"leases {expected}, not {self.owners()}")

    def counts(self) -> Counter[str]:
        """How often each word was counted, by all workers together."""
        total: Counter[str] = Counter()
        for state in self.folder.iterdir():
            total.update(counted(state).words)
        return total

    def wait_counted(self, program: Running) -> None:
        program.wait_until(lambda: set(self.sent) <= self.counts().keys(), "every record in somebody's counts")


@pytest.fixture
def fleet(url, tmp_path):
    with contextlib.ExitStack() as stack:
        yield lambda shards: Fleet(url, tmp_path, shards, stack)


class Watch:
    """Reads the table all the time: when a counter was last seen to stand, and whether a checkpoint ever moved back."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.looks: list[tuple[float, dict[str, tuple[int, float]]]] = []  # When the read began, and what it saw.
        self.problems: list[Exception] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        client = dynamodb(self.fleet.url)
        try:
            while not self._ended.wait(0.03):
                began = time.monotonic()
                seen = rows(client, self.fleet.name)
                self.looks.append((began, {key: (int(row["leaseCounter"]["N"]), place(row))
                                           for key, row in seen.items()}))
        except Exception as problem:  # Told by regressions(), where the test sees it.
            self.problems.append(problem)

    def regressions(self) -> list[tuple[str, float, float]]:
        assert not self.problems, self.problems
        assert len(self.looks) > 5, "the table was not watched"
        back = []
        for (_, before), (_, after) in itertools.pairwise(self.looks):
            assert before.keys() <= after.keys(), "a row vanished"
            back += [(key, before[key][1], after[key][1]) for key in before if after[key][1] < before[key][1]]
        return back


@pytest.mark.slow
def test_the_leases_of_a_killed_worker_are_taken_when_they_have_run_out(fleet):
    fleet = fleet(4)
    a = fleet.start("A")
    a.wait_line("ready")
    with fleet.fed(), Watch(fleet) as watch:
        b = fleet.start("B")
        fleet.wait_owners(b, A=2, B=2)
        assert {found["to"] for found in wait_event(a, "lease_handed_over", 2)} == {"B"}
        wait_event(b, "lease_asked_for", 2, owner="A")
        wait_event(b, "lease_taken", 2, reason="own")
        kept = {key for key, row in fleet.rows().items() if row["leaseOwner"]["S"] == "A"}
        a.end(signal.SIGKILL)
        killed = time.monotonic()
        taken = wait_event(b, "lease_taken", 2, **{"from": "A", "reason": "expired"})
        fleet.wait_owners(b, B=4)
        time.sleep(0.2)
    assert {found["shard"] for found in taken} == kept
    for found in taken:
        assert int(found["waited_ms"]) >= LEASE * 1000, found
        # A read that began before the kill and after which the counter moved began before the last renewal.
        renewed = max(began for (began, before), (_, after) in itertools.pairwise(watch.looks)
                      if began < killed and before[found["shard"]][0] != after[found["shard"]][0])
        assert found["line"].at >= renewed + LEASE, found
    assert watch.regressions() == []
    fleet.wait_counted(b)
    assert b.end(signal.SIGTERM) == 0
    assert b.lines(STOPPED), b.told()


@pytest.mark.slow
def test_the_leases_of_a_stopped_worker_are_taken_at_the_next_look(fleet):
    fleet = fleet(4)
    a = fleet.start("A")
    a.wait_line("ready")
    with fleet.fed(), Watch(fleet) as watch:
        b = fleet.start("B")
        fleet.wait_owners(b, A=2, B=2)
        kept = {key for key, row in fleet.rows().items() if row["leaseOwner"]["S"] == "A"}
        assert a.end(signal.SIGTERM) == 0
        taken = wait_event(b, "lease_taken", 2, reason="unowned")[-2:]
        stopped = a.lines(STOPPED)[0].string.at
        assert {found["shard"] for found in taken} == kept
        assert all(found["line"].at <= stopped + SCAN + SLACK for found in taken), (stopped, taken)
        assert {found["shard"] for found in happened(a, "lease_released")} == kept
        time.sleep(0.2)
    fleet.wait_counted(b)
    assert b.end(signal.SIGTERM) == 0
    assert watch.regressions() == []
    assert fleet.counts() == Counter(fleet.sent), "nothing was lost, and nothing read again"


def test_a_new_worker_begins_within_a_second_of_the_stop_of_another(fleet):
    fleet = fleet(2)
    fleet.put(20)
    a = fleet.start("A")
    fleet.wait_counted(a)
    assert a.end(signal.SIGTERM) == 0
    stopped = a.lines(STOPPED)[0].string.at
    c = fleet.start("C")
    first = wait_event(c, "lease_taken", reason="unowned")[0]
    assert first["line"].at - stopped < 1.0, first
    c.wait_line(r"resumed: (\S+) after (\d+)", 2)
    fleet.put(20)
    fleet.wait_counted(c)
    assert c.end(signal.SIGTERM) == 0
    assert fleet.counts() == Counter(fleet.sent)


@pytest.mark.slow
def test_a_stalled_worker_learns_of_its_loss_before_it_goes_on(fleet):
    """One shard: every batch line of a worker is one of that shard."""
    fleet = fleet(1)
    holder = fleet.start("A")
    holder.wait_line("ready")
    other = fleet.start("B")
    other.wait_line("ready")
    names = {holder: "A", other: "B"}
    with fleet.fed(), Watch(fleet) as watch:
        for _ in range(3):
            holder.wait_line(BATCH, len(holder.lines(BATCH)) + 2)
            holder.process.send_signal(signal.SIGSTOP)
            expired = {"from": names[holder], "reason": "expired"}
            wait_event(other, "lease_taken", len(happened(other, "lease_taken", **expired)) + 1, **expired)
            other.wait_line(BATCH, len(other.lines(BATCH)) + 2)
            before = len(holder.out)
            holder.process.send_signal(signal.SIGCONT)
            holder.wait_until(lambda: any("event=lease_lost" in line for line in holder.out[before:]), "lease_lost")
            other.wait_line(BATCH, len(other.lines(BATCH)) + 5)  # A second, in which the loser might do wrong.
            since = holder.out[before:]
            assert not any(re.fullmatch(BATCH, line) for line in since), holder.told()
            assert sum("event=lease_lost" in line and f"shard={SHARD(0)}" in line for line in since) == 1, since
            holder, other = other, holder
        assert watch.regressions() == []
    fleet.wait_counted(holder)
    assert other.end(signal.SIGTERM) == 0
    assert holder.end(signal.SIGTERM) == 0
    assert holder.lines(STOPPED) and other.lines(STOPPED)


@pytest.mark.slow
def test_of_two_workers_with_one_id_at_least_one_is_told(fleet):
    fleet = fleet(2)
    first = fleet.start("same", state="one")
    first.wait_line("ready")
    with fleet.fed():
        second = fleet.start("same", state="two")
        second.wait_until(lambda: None not in (first.process.poll(), second.process.poll())
                          or "WorkerIdInUse" in first.told() + second.told(), "a word on the twin")
        time.sleep(LEASE)
    ended = [program for program in (first, second) if program.process.poll() is not None]
    assert ended, first.told() + second.told()
    for program in ended:
        assert program.end(signal.SIGTERM) == 5, program.told()
        errors = re.findall(r"^error\[(\w+)\]: (.+)\ntry: (.+)$", "\n".join(program.out), re.MULTILINE)
        assert [name for name, _, _ in errors] == ["WorkerIdInUse"], program.told()
        assert "same" in errors[0][1]
    if len(ended) == 2:
        first = fleet.start("same", state="one")
    goes_on = first if first.process.poll() is None else second
    fleet.wait_counted(goes_on)
    assert goes_on.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_a_rewind_is_refused_while_an_owner_lives(fleet):
    fleet = fleet(2)
    fleet.put(30)
    a = fleet.start("A")
    fleet.wait_counted(a)
    rewind = ("leases", fleet.name, "--leases", "dynamodb", "--dynamodb-endpoint", fleet.url, "--endpoint", fleet.url,
              "--observe-ms", "1500", "rewind", "--to", "TRIM_HORIZON")
    a.wait_until(lambda: all(place(row) > 0 for row in fleet.rows().values()), "checkpoints")
    planned = run(*rewind)
    assert (planned.code, fields(planned.out)["records"], fields(planned.out)["rewound"]) == (0, "30", "0"), planned
    assert "A" in refused(run(*rewind, "--yes"), "LeaseInUse", 5)
    assert all(place(row) > 0 for row in fleet.rows().values())
    assert a.end(signal.SIGTERM) == 0
    done = run(*rewind, "--yes")
    assert (done.code, fields(done.out)["rewound"]) == (0, "2"), done
    again = fleet.start("C")
    again.wait_until(lambda: counted(fleet.folder / "C").records >= 30, "every record once more")
    assert again.end(signal.SIGTERM) == 0


def test_an_application_keeps_to_its_stream(fleet):
    fleet = fleet(1)
    make_stream(fleet.stream, fleet.name + "-2", 1)
    a = fleet.start("A")
    a.wait_line("ready")
    before = fleet.rows().keys()
    told = refused(run(*fleet.command("B", stream=fleet.name + "-2")), "ForeignTable", 2)
    assert fleet.name in told
    fleet.put(10)
    fleet.wait_counted(a)
    assert fleet.rows().keys() == before
    assert a.end(signal.SIGTERM) == 0


def test_a_table_that_is_deleted_ends_the_worker(fleet):
    fleet = fleet(1)
    a = fleet.start("A")
    a.wait_line("ready")
    fleet.table.delete_table(TableName=fleet.name)
    code = a.process.wait(timeout=PATIENCE)
    a.close()
    errors = re.findall(r"^error\[(\w+)\]: (.+)\ntry: (.+)$", "\n".join(a.out), re.MULTILINE)
    assert (code, [name for name, _, _ in errors]) == (3, ["UnknownTable"]), a.told()
    assert fleet.name in errors[0][1]
    assert fleet.name not in fleet.table.list_tables()["TableNames"], "the table was made again"


@pytest.mark.parametrize("owner", ["its own", "another's"])
@pytest.mark.slow
def test_a_row_that_is_deleted_comes_back_where_it_was(fleet, owner):
    """Not at LATEST, where new shards of this application begin."""
    fleet = fleet(1)
    workers = [fleet.start("A", "--initial-position", "LATEST")]
    workers[0].wait_line("ready")
    if owner == "another's":
        workers.append(fleet.start("B", "--initial-position", "LATEST"))
        workers[1].wait_line("ready")
    wait_event(workers[0], "shard_started")
    time.sleep(2 * SCAN)
    fleet.put(20)
    fleet.wait_counted(workers[0])
    workers[0].wait_until(lambda: place(fleet.rows()[SHARD(0)]) > 0, "a checkpoint")
    kept = place(fleet.rows()[SHARD(0)])
    if owner == "another's":
        time.sleep(2 * SCAN)  # The other worker has seen that checkpoint.
        workers[0].end(signal.SIGKILL)
    fleet.table.delete_item(TableName=fleet.name, Key={"leaseKey": {"S": SHARD(0)}})
    fleet.put(20)
    last = workers[-1]
    told = wait_event(last, "lease_row_vanished", shard=SHARD(0))[0]
    fleet.wait_counted(last)
    last.wait_until(lambda: place(fleet.rows()[SHARD(0)]) > kept, "a newer checkpoint")
    assert told["restored_at"].isdecimal() and int(told["restored_at"]) <= kept, told
    assert last.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_a_restored_backup_is_left_alone(fleet):
    fleet = fleet(2)
    a = fleet.start("A")
    a.wait_line("ready")
    with fleet.fed():
        a.wait_until(lambda: all(place(row) > 0 for row in fleet.rows().values()), "checkpoints")
        backup = fleet.rows()[SHARD(0)]
        a.wait_until(lambda: place(fleet.rows()[SHARD(0)]) > place(backup), "a newer checkpoint")
        fleet.table.put_item(TableName=fleet.name, Item=backup)
        a.wait_until(lambda: happened(a, "lease_checkpoint_regressed", shard=SHARD(0))
                     or happened(a, "lease_counter_regressed", shard=SHARD(0)), "a word on the backup")
        assert wait_event(a, "lease_lost", shard=SHARD(0))[0]["reason"] == "row_restored"
        since = len(a.out)
        time.sleep(LEASE + 2 * SCAN)
        assert fleet.rows()[SHARD(0)] == backup, "the row is as it was restored"
        assert not any("event=lease_taken" in line for line in a.out[since:]), a.told()
        assert any(re.fullmatch(BATCH, line) for line in a.out[since:]), "the other shard is read on"
    assert a.end(signal.SIGTERM) == 0
    again = fleet.start("A")
    again.wait_until(lambda: {SHARD(0), SHARD(1)} <= {found["shard"] for found in happened(again, "lease_taken")},
                     "both leases")
    fleet.wait_counted(again)
    assert again.end(signal.SIGTERM) == 0
