#!/usr/bin/env python3
"""How long a shard waits for its next owner, and a program for its first record: real processes on a fake AWS.

Prints one JSON object a line; README.md beside says what each means.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import os
import queue
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROGRAM = os.environ.get("TIDEMILL_BIN") or str(Path(sys.argv[0]).absolute().parent.parent / "tidemill")
REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
PATIENCE = 90.0

def call(url: str, operation: str, **body: object) -> dict:
    """One call to Kinesis, signed (SigV4). Only what a bench needs, so that it needs no packages."""
    payload = json.dumps(body).encode()
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"content-type": "application/x-amz-json-1.1", "host": url.removeprefix("http://"), "x-amz-date": now,
               "x-amz-target": f"Kinesis_20131202.{operation}"}
    signed = ";".join(headers)
    canonical = "\n".join(["POST", "/", "", *(f"{name}:{value}" for name, value in headers.items()), "", signed,
                           hashlib.sha256(payload).hexdigest()])
    scope = [now[:8], REGION, "kinesis", "aws4_request"]
    key = b"AWS4test"
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", now, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential=test/{'/'.join(scope)}, SignedHeaders={signed}, "
                                f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}")
    with urllib.request.urlopen(urllib.request.Request(url, payload, headers), timeout=PATIENCE) as answer:
        return json.loads(answer.read() or b"{}")


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | KEYS


class Process:
    """A tidemill process, both of whose outputs come as lines with the time at which they were read."""

    def __init__(self, *arguments: object) -> None:
        self.lines: queue.Queue[tuple[float, str]] = queue.Queue()
        self._tail: list[str] = []
        self.started = time.monotonic()
        self._process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        for pipe in (self._process.stdout, self._process.stderr):
            threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe) -> None:
        for line in pipe:
            self.lines.put((time.monotonic(), line.rstrip("\n")))

    def wait_for(self, pattern: str) -> tuple[float, str]:
        """The next line with the pattern, and when it came."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                at, line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line with {pattern!r}; the last ones:\n" + "\n".join(self._tail)) from None
            self._tail = [*self._tail[-9:], line]
            if re.search(pattern, line):
                return at, line

    def signal(self, number: int) -> float:
        """Sends it, and gives the time just before."""
        at = time.monotonic()
        self._process.send_signal(number)
        return at

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()


class Run:
    """One application with its own stream and table; workers of it end with this object."""

    def __init__(self, url: str, folder: Path, name: str) -> None:
        self.url, self.name = url, name
        self._folder = folder
        self._workers: list[Process] = []
        call(url, "CreateStream", StreamName=name, ShardCount=1)
        while call(url, "DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
            time.sleep(0.05)

    def put(self) -> None:
        call(self.url, "PutRecord", StreamName=self.name, Data="YSB3b3Jk", PartitionKey="k")

    def worker(self, identity: str, *settings: str) -> Process:
        more = [part for setting in settings for part in ("--set", setting)]
        worker = Process("count", "--app", self.name, "--stream", self.name, "--endpoint", self.url, "--state",
                         self._folder / f"{self.name}.{identity}", "--worker-id", identity, "--leases", "dynamodb", *more)
        self._workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


def first_record(run: Run) -> dict[str, float]:
    """From the start of a process to its first batch with records. The table is there, and the lease free."""
    run.put()
    first = run.worker("a")
    first.wait_for(r"^batch: ")
    first.signal(signal.SIGTERM)
    first.wait_for(r"^stopped: ")
    run.put()
    again = run.worker("b")
    ready, _ = again.wait_for(r"^ready$")
    batch, _ = again.wait_for(r"^batch: ")
    return {"ready_ms": ready - again.started, "first_batch_ms": batch - again.started}


def pair(run: Run, *settings: str) -> tuple[Process, Process]:
    """A holds the only lease, B watches it."""
    holder = run.worker("a", *settings)
    holder.wait_for(r"event=lease_taken")
    successor = run.worker("b", *settings)
    successor.wait_for(r"^ready$")
    time.sleep(2)  # At least the first look at the table is over.
    return holder, successor


def killed(failover_ms: int) -> Callable[[Run], dict[str, float]]:
    def measure(run: Run) -> dict[str, float]:
        holder, successor = pair(run, f"tidemill.leases.failover={failover_ms}ms")
        at = holder.signal(signal.SIGKILL)
        taken, line = successor.wait_for(r"event=lease_taken .*reason=expired")
        waited = re.search(r"waited_ms=(\d+)", line)
        assert waited and int(waited[1]) >= failover_ms, line
        return {"takeover_ms": taken - at, "watched_ms": int(waited[1]) / 1000}
    return measure


def terminated(run: Run) -> dict[str, float]:
    holder, successor = pair(run)
    at = holder.signal(signal.SIGTERM)
    stopped, _ = holder.wait_for(r"^stopped: ")
    taken, _ = successor.wait_for(r"event=lease_taken .*reason=unowned")
    return {"stop_ms": stopped - at, "takeover_ms": taken - at, "after_stopped_ms": max(0.0, taken - stopped)}


def started_anew(run: Run) -> dict[str, float]:
    holder = run.worker("a")
    holder.wait_for(r"event=lease_taken")
    time.sleep(1)
    holder.signal(signal.SIGTERM)
    stopped, _ = holder.wait_for(r"^stopped: ")
    successor = run.worker("c")
    taken, _ = successor.wait_for(r"event=lease_taken")
    return {"takeover_ms": taken - stopped}


SCENARIOS: dict[str, Callable[[Run], dict[str, float]]] = {
    "first_record": first_record,
    "killed_failover_2s": killed(2000),
    "killed_failover_10s": killed(10_000),
    "sigterm_running_successor": terminated,
    "sigterm_new_successor": started_anew,
}


def spread(values: list[float]) -> dict[str, float]:
    return {"min": round(min(values) * 1000), "median": round(statistics.median(values) * 1000),
            "max": round(max(values) * 1000)}


@contextlib.contextmanager
def fake() -> Iterator[str]:
    process = Process("fake", "--port", "0", "--limits", "off", "--table-delay-ms", "0")
    try:
        _, line = process.wait_for(r"^listening ")
        yield line.split(" ", 1)[1]
    finally:
        process.close()


def measure(scenario: str, url: str, folder: Path, runs: int, parallel: int) -> None:
    def one(number: int) -> dict[str, float]:
        run = Run(url, folder, f"{scenario}-{number}")
        try:
            return SCENARIOS[scenario](run)
        finally:
            run.close()

    with ThreadPoolExecutor(parallel) as pool:
        results = list(pool.map(one, range(runs)))
    line: dict[str, object] = {"bench": "takeover", "name": scenario, "runs": runs, "parallel": parallel}
    for key in results[0]:
        line[key] = spread([result[key] for result in results])
    print(json.dumps(line), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench_takeover", description=__doc__.splitlines()[0])
    parser.add_argument("scenario", nargs="*", choices=[*SCENARIOS, []], help="default: all")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--parallel", type=int, default=2, help="runs at a time; they mostly wait")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tidemill-bench-"))
    try:
        with fake() as url:
            for scenario in options.scenario or SCENARIOS:
                print(f"takeover: {scenario}", file=sys.stderr)
                measure(scenario, url, folder, options.runs, options.parallel)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
