"""Where Spark loses records or stands still: real processes are killed again and again under load.

All scenarios run at once, since most of their time they wait; the tests then look at what came of each.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fake_server import fake_aws, kinesis, make_stream
from load import Load
from programs import Counted, Running, count, counted, running, stop, words_of

FAST = ("--batch-ms", "200", "--checkpoint-ms", "200")
SLOWNESS = 0.4
SLOW = ("--batch-ms", "300", "--checkpoint-ms", "200", "--slow-ms", int(SLOWNESS * 1000))
# Seconds from the start of the process until its output is handed a record that was never counted before. Every life that follows
# another one keeps this: records wait for it all the time.
FIRST_FRESH = 1.0
# The service may refuse a read, and allows five of a shard in a second. What was logged goes into the output before what comes
# later, and where blocks are in memory alone it must be read again for that: no program can hand on what it is not given. A read that
# was refused comes again after a turn of 0.2 s; the wait doubles while it is refused again, up to a second.
TURN = 0.2
REFUSAL_WAIT_MOST = 1.0
# However many were refused: seconds that are allowed for them, so that a program which waits too long is still found.
ALLOWED_MOST = 3.0


def waits_of(refused: int) -> float:
    """What the wait and the turn behind each of so many refusals cost, if they come in a row; ALLOWED_MOST at most."""
    return min(ALLOWED_MOST, sum(min(TURN * 2**i, REFUSAL_WAIT_MOST) + TURN for i in range(refused)))


@dataclass
class FirstFresh:
    """When a life had its first record that was never counted before."""

    # From the start of the process; where there was none, how long it lived.
    seconds: float
    found: bool
    # Until then. Seconds in which the thread that was worst off was ready and got no processor: others use them, too.
    starved: float
    # Until then: refused reads of the shard that was refused most.
    refused: int


def starved(pid: int) -> float:
    """Seconds in which the thread of a process that was worst off was ready to run, and did not."""
    waited = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # A thread that has just ended.
            waited = max(waited, int(file.read_text().split()[1]))
    return waited / 1e9


def refusals(lines: list[str]) -> int:
    shards: collections.Counter[str] = collections.Counter()
    told = re.compile(r"event=(?:range_read_retried|fetch_failed) .*?shard=(\S+) code=Throttled(?: failures=(\d+))?")
    for line in list(lines):
        if found := told.search(line):
            # Of reads at the tip the 1st, 2nd, 4th, 8th … failure in a row is told: up to as many were silent before it.
            shards[found[1]] += max(1, int(found[2] or 1) // 2)
    return max(shards.values(), default=0)


@dataclass
class Outcome:
    """What came of one scenario."""

    lines: list[str]
    counted: Counted
    # Of each life but the first.
    fresh: list[FirstFresh] = field(default_factory=list)

    def expect_exact(self) -> None:
        assert len(self.lines) > 0
        assert self.counted.records == len(self.lines)
        assert self.counted.words == words_of(self.lines)

    def expect_soon(self) -> None:
        assert len(self.fresh) >= 3
        for first in self.fresh:
            assert first.seconds - first.starved < FIRST_FRESH + waits_of(first.refused), self.fresh

    def expect_progress(self) -> None:
        assert all(first.found for first in self.fresh), "a life without progress"


class Scenario:
    """One consumer of one stream, under load."""

    def __init__(self, url: str, folder: Path, name: str, *options: object, shards: int = 2) -> None:
        self.state = folder / name
        make_stream(kinesis(url), name, shards)
        self.load = Load(url, name, 0.05)
        self.fresh: list[FirstFresh] = []
        self._slowness = SLOWNESS if "--slow-ms" in options else 0.0
        self._command = count(url, name, self.state, *options)
        self._lives = 0

    @contextlib.contextmanager
    def life(self, seconds: float) -> Iterator[Running]:
        """A life of at least so long; then the caller ends it."""
        before = counted(self.state).records
        first = None
        with running(*self._command) as program:

            def now(found: bool) -> FirstFresh:
                lived = time.monotonic() - program.started - self._slowness
                return FirstFresh(lived, found, starved(program.process.pid), refusals(program.err))

            while time.monotonic() < program.started + seconds:
                assert program.process.poll() is None, program.told()
                if first is None and counted(self.state).records > before:
                    first = now(found=True)
                time.sleep(0.02)
            if self._lives > 0:
                self.fresh.append(first or now(found=False))
            self._lives += 1
            yield program

    def kill(self, seconds: float) -> None:
        with self.life(seconds) as program:
            program.end(signal.SIGKILL)

    def finish(self) -> Outcome:
        """No more load; a last life counts what is left, and stops in order."""
        lines = self.load.end()
        with running(*self._command) as program:
            program.wait_until(lambda: counted(self.state).records >= len(lines), f"{len(lines)} records")
            program.wait_line("ready")
            stop(program)
        return Outcome(lines, counted(self.state), self.fresh)


def throttled_recovery(url: str, folder: Path) -> Outcome:
    """Blocks are in memory alone: each life begins by reading what its predecessor had logged."""
    with fake_aws("--read-throttles", "300") as slow:
        directory = ("--checkpoint-dir", f"file:{folder}/throttled-checkpoints")
        scenario = Scenario(slow, folder, "throttled", *SLOW, *directory, "--storage-level", "MEMORY_ONLY")
        for _ in range(4):
            scenario.kill(3)
        return scenario.finish()


def no_directory(url: str, folder: Path) -> Outcome:
    scenario = Scenario(url, folder, "plain", *SLOW)
    for _ in range(4):
        scenario.kill(3)
    return scenario.finish()


def kill_every_two_seconds(url: str, folder: Path) -> Outcome:
    scenario = Scenario(url, folder, "often", *FAST, "--checkpoint-dir", f"file:{folder}/often-checkpoints")
    for _ in range(7):
        scenario.kill(2)
    return scenario.finish()


def rare_lease_checkpoints(url: str, folder: Path) -> Outcome:
    scenario = Scenario(url, folder, "rare", "--batch-ms", "200", "--checkpoint-ms", "10000")
    for _ in range(4):
        scenario.kill(3)
    return scenario.finish()


def graceful_stops(url: str, folder: Path) -> Outcome:
    scenario = Scenario(url, folder, "graceful", *FAST, shards=4)
    received = 0
    for _ in range(7):
        with scenario.life(1.5) as program:
            received += stop(program)
            assert counted(scenario.state).records == received, program.told()
    return scenario.finish()


SCENARIOS: list[Callable[[str, Path], Outcome]] = [
    throttled_recovery, no_directory, kill_every_two_seconds, rare_lease_checkpoints, graceful_stops]


@pytest.fixture(scope="module")
def played(url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("restarts")
    with concurrent.futures.ThreadPoolExecutor(len(SCENARIOS)) as pool:
        yield {scenario: pool.submit(scenario, url, folder) for scenario in SCENARIOS}


def test_throttled_recovery_of_a_slow_consumer_loses_nothing(played):
    outcome = played[throttled_recovery].result()
    outcome.expect_exact()
    outcome.expect_soon()


def test_a_slow_consumer_without_a_directory_loses_nothing(played):
    outcome = played[no_directory].result()
    outcome.expect_exact()
    outcome.expect_soon()


def test_every_life_makes_progress_though_it_is_killed_after_two_seconds(played):
    outcome = played[kill_every_two_seconds].result()
    outcome.expect_exact()
    outcome.expect_progress()
    outcome.expect_soon()


def test_lease_checkpoints_far_behind_cost_repeats_that_have_no_effect(played):
    outcome = played[rare_lease_checkpoints].result()
    outcome.expect_exact()
    assert outcome.counted.duplicates > 0, "nothing was delivered twice: no proof"
    outcome.expect_soon()


def test_six_graceful_stops_under_load_lose_and_repeat_nothing(played):
    outcome = played[graceful_stops].result()
    outcome.expect_exact()
    assert outcome.counted.duplicates == 0
    outcome.expect_soon()
