"""Runs tidemill's commands as a person does: real processes with their lines, exit codes and files."""

from __future__ import annotations

import collections
import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fake_server import REGION

BINARY = os.path.abspath(os.environ.get("TIDEMILL_BIN", "build/release/tidemill"))
QUICK = ("--batch-ms", "200", "--checkpoint-ms", "200")
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
PATIENCE = 60.0


def environment(**changes: str | None) -> dict[str, str]:
    """That of a user of the fake; a value of None takes the variable away. Nothing of the caller's AWS set-up stays."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    variables |= KEYS | {"AWS_EC2_METADATA_DISABLED": "true"}
    for key, value in changes.items():
        variables.pop(key, None)
        if value is not None:
            variables[key] = value
    return variables


@dataclass
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(*arguments: object, stdin: bytes = b"", timeout: float = PATIENCE, wrapper: Iterable[str] = (),
        **changes: str | None) -> Ended:
    """Runs one command to its end. `wrapper` is a command that ends by becoming it."""
    done = subprocess.run([*wrapper, BINARY, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
                          env=environment(**changes), check=False)
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def fields(text: str) -> dict[str, str]:
    """The `key: value` lines of a result."""
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def count(url: str, stream: str, state, *more: object) -> tuple[object, ...]:
    return ("count", "--app", "words", "--stream", stream, "--endpoint", url, "--state", state, *more)


def text(lines: int, seed: int) -> list[str]:
    """Lines with words, digits, punctuation, letters outside ASCII and none at all."""
    draw = random.Random(seed)
    tokens = ["the", "sea", "Sea", "tide", "mill", "don't", "x-y", "42", "caf\u00e9", "...", "a1b2"]
    return [" ".join(draw.choices(tokens, k=draw.randrange(1, 12))) for _ in range(lines)]


def put(url: str, stream: str, lines: list[str]) -> None:
    done = run("put", stream, "--endpoint", url, stdin="".join(line + "\n" for line in lines).encode())
    assert done.code == 0, done.err
    assert fields(done.out)["records"] == str(len(lines))


def refused(done: Ended, code: str, exit_code: int) -> str:
    """One error of that name on stderr, with what to do about it, and nothing that looks like a result."""
    assert done.code == exit_code, done
    errors = re.findall(r"^error\[(\w+)\]: (.+)\ntry: (.+)$", done.err, re.MULTILINE)
    assert [name for name, _, _ in errors] == [code], done.err
    assert not re.search("^(ready|batch:|stopped:)", done.out, re.MULTILINE), done.out
    return errors[0][1] + "\n" + errors[0][2]


class Line(str):
    """A line of a program, and when it was read."""

    at: float


class Running:
    """A command that goes on; its lines are collected while it runs.

    `wrapper` is a command that ends by becoming the program. With `together` its results and logs are one list, `out`, in the order in which they were written.
    `program` is another one than tidemill, `folder` where it runs.
    """

    def __init__(self, *arguments: object, together: bool = False, wrapper: Iterable[str] = (), program: str = BINARY,
                 folder: Path | None = None, **changes: str | None) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen([*wrapper, program, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT if together else subprocess.PIPE, text=True,
                                        env=environment(**changes), cwd=folder)
        self.out: list[Line] = []
        self.err: list[Line] = []
        pipes = ((self.process.stdout, self.out), (self.process.stderr, self.err))
        self._readers = [threading.Thread(target=self._collect, args=pair, daemon=True)
                         for pair in pipes if pair[0] is not None]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _collect(stream, lines: list[Line]) -> None:
        for text_line in stream:
            line = Line(text_line.rstrip("\n"))
            line.at = time.monotonic()
            lines.append(line)

    def lines(self, pattern: str) -> list[re.Match[str]]:
        """The lines of standard output so far that match as a whole."""
        return [found for line in list(self.out) if (found := re.fullmatch(pattern, line))]

    def wait_line(self, pattern: str, count: int = 1) -> list[re.Match[str]]:
        """Waits until that many lines match; the program must not end before."""
        def enough() -> bool:
            return len(self.lines(pattern)) >= count

        self.wait_until(enough, f"{count} line(s) {pattern!r}")
        return self.lines(pattern)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            ended = self.process.poll()
            if ended is not None:
                self._join()
                if condition():
                    return
            assert ended is None, f"ended with {ended} before {what}\n{self.told()}"
            assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s\n{self.told()}"
            time.sleep(0.02)

    def end(self, how: signal.Signals) -> int:
        """Sends the signal and gives the exit code."""
        self.process.send_signal(how)
        code = self.process.wait(timeout=PATIENCE)
        self._join()
        return code

    def _join(self) -> None:
        for reader in self._readers:
            reader.join(timeout=10)

    def told(self) -> str:
        return "\n".join(["stdout:", *self.out, "stderr:", *self.err])

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        self._join()
        self.process.stdout.close()
        if self.process.stderr is not None:
            self.process.stderr.close()


@contextlib.contextmanager
def running(*arguments: object, **changes: str | None) -> Iterator[Running]:
    """A command that is certainly gone afterwards."""
    program = Running(*arguments, **changes)
    try:
        yield program
    finally:
        program.close()


STOPPED = r"stopped: received=(\d+) processed=(\d+) checkpointed=(\d+) unallocated=0 leases=released"


def stop(program: Running) -> int:
    """Asks for the end with SIGTERM; everything received must be processed and checkpointed. Gives how much."""
    code = program.end(signal.SIGTERM)
    assert code == 0, f"exit code {code} after SIGTERM\n{program.told()}"
    last = re.fullmatch(STOPPED, program.out[-1])
    assert last, program.told()
    assert last[1] == last[2] == last[3], program.out[-1]
    return int(last[1])


def words_of(lines: Iterable[str]) -> dict[str, int]:
    """Python's own count: runs of ASCII letters."""
    return dict(collections.Counter(word for line in lines for word in re.findall("[A-Za-z]+", line)))


@dataclass
class Counted:
    words: dict[str, int]
    batches: int
    records: int
    duplicates: int


def counted(state: Path, stream: str | None = None) -> Counted:
    """What the sink under the state directory says of a stream (None: of all there are), at one moment."""
    file = state / "counts.db"
    if not file.exists():
        return Counted({}, 0, 0, 0)
    where = f"{file.resolve().as_uri()}?mode=rw"  # Never makes the file itself.
    of = "WHERE ?1 IS NULL OR stream = ?1"
    with contextlib.closing(sqlite3.connect(where, timeout=10, uri=True)) as database:
        database.execute("BEGIN")
        if database.execute("PRAGMA user_version").fetchone() == (0,):
            return Counted({}, 0, 0, 0)  # Its tables are being made.
        words = dict(database.execute(f"SELECT word, sum(count) FROM words {of} GROUP BY word", (stream,)))
        sums = "sum(batches), sum(records), sum(duplicates)"
        totals = database.execute(f"SELECT {sums} FROM totals {of}", (stream,)).fetchone()
    return Counted(words, *(total or 0 for total in totals))
