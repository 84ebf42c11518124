"""Runs steps one after the other, and prints what a person needs: progress, failures, a table, the count."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable

from tools.gate.results import Failure, Result

LINES_OF_OUTPUT = 60


@dataclass(frozen=True)
class Step:
    name: str
    run: Callable[["Gate"], Result]
    # The sizes in which it runs: quick, gate, full.
    sizes: tuple[str, ...] = ("gate", "full")


@dataclass
class Ran:
    """A command that ended, or was stopped."""

    command: str
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        return (self.stdout + self.stderr).strip()


class Gate:
    """What steps share: the repository, a temporary folder of this run, the size, and how to run commands."""

    def __init__(self, root: Path, size: str):
        self.root = root
        self.size = size
        self.jobs = os.cpu_count() or 1
        self.temporary = Path(tempfile.mkdtemp(prefix="tidemill-test-"))

    def pick(self, quick, gate, full):
        """A number that depends on the size of the run."""
        return {"quick": quick, "gate": gate, "full": full}[self.size]

    def run(self, *command: str | Path, timeout: float = 900, **environment: str) -> Ran:
        """Runs a command to its end in a process group of its own, so that nothing of it stays behind."""
        words = [str(word) for word in command]
        shown = " ".join(words).replace(str(self.root) + "/", "")
        start = time.monotonic()
        try:
            process = subprocess.Popen(words, cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
                                       env={**os.environ, "TMPDIR": str(self.temporary), **environment})
        except OSError as error:  # Not built, or not installed: the step reports it like any other failure.
            return Ran(shown, 127, "", str(error), 0.0)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
            code = process.returncode
        except subprocess.TimeoutExpired:
            self._end(process)
            stdout, stderr = process.communicate()
            stderr += f"\nstopped after {timeout:.0f} s\n"
            code = 124
        finally:
            self._end(process)
        return Ran(shown, code, stdout, stderr, time.monotonic() - start)

    @staticmethod
    def _end(process: subprocess.Popen) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    def all(self, calls: Iterable[Callable[[], Result]], at_once: int = 0) -> Result:
        """Runs independent pieces of a step side by side: one for each processor, or as many as told."""
        total = Result()
        with ThreadPoolExecutor(at_once or self.jobs) as pool:
            for part in pool.map(lambda call: call(), calls):
                total.add(part)
        return total

    @contextlib.contextmanager
    def building(self, preset: str):
        """Two runs at once build in the same folder one after the other."""
        (self.root / "build").mkdir(exist_ok=True)
        with open(self.root / "build" / f".{preset}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def close(self) -> None:
        shutil.rmtree(self.temporary, ignore_errors=True)


def skipped(reason: str) -> Result:
    """For a step whose tool or package registry is missing."""
    return Result(skip_reason=reason)


def needs(*tools: str) -> str:
    """Why a step cannot run, or an empty text."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return f"{', '.join(missing)} not installed" if missing else ""


def run_step(step: Step, gate: Gate) -> tuple[Result, float]:
    print(f"== {step.name}", flush=True)
    start = time.monotonic()
    try:
        result = step.run(gate)
    except Exception as error:  # A broken step must not hide what the others find.
        result = Result(failures=[Failure(step.name, f"the step itself failed: {type(error).__name__}: {error}")])
    if result.skip_reason:
        print(f"skipped: {result.skip_reason}")
        if os.environ.get("CI") == "true":
            result.failures.append(Failure(step.name, f"skipped: {result.skip_reason}"))
        else:
            result.skipped += 1
    for note in result.notes:
        print(f"   {note}")
    for failure in result.failures:
        report(failure, gate)
    return result, time.monotonic() - start


def report(failure: Failure, gate: Gate) -> None:
    print(f"FAILED {failure.name}")
    for line in failure.output.splitlines()[-LINES_OF_OUTPUT:]:
        print(f"   | {line}")
    if failure.repeat:
        print(f"   repeat: {failure.repeat.replace(str(gate.root) + '/', '')}", flush=True)


def run_all(steps: list[Step], gate: Gate) -> int:
    total = Result()
    rows = []
    for step in steps:
        result, seconds = run_step(step, gate)
        rows.append((step.name, seconds, result))
        total.add(result)
    print(f"\n{'step':<16}{'minutes':>8}{'passed':>9}{'failed':>9}{'skipped':>9}")
    for name, seconds, result in rows:
        print(f"{name:<16}{seconds / 60:>8.1f}{result.passed:>9}{result.failed:>9}{result.skipped:>9}")
    minutes = sum(seconds for _, seconds, _ in rows) / 60
    print(f"{'total':<16}{minutes:>8.1f}{total.passed:>9}{total.failed:>9}{total.skipped:>9}")
    if total.failures:
        print("\nfailed: " + ", ".join(failure.name for failure in total.failures[:20]))
    if total.passed + total.failed == 0:
        print("\nno test was executed")
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failures or total.passed == 0 else 0
