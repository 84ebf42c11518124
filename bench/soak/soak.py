#!/usr/bin/env python3
"""How much memory a consumer takes over a long time: a real `tidemill count` with a checkpoint directory, under load, on a fake AWS.

Prints one JSON object: the resident memory at equal distances, and how much more the last third takes than the middle third.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "leases"))
from takeover import PROGRAM, call, environment  # noqa: E402

STREAM = "soak"
SHARDS = 4
PIECE = 0.1  # Seconds between two portions of records.
POINTS = 60  # Of the series that is printed.


def say(text: str) -> None:
    print(f"soak: {text}", file=sys.stderr, flush=True)


def resident(pid: int) -> float:
    """MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmRSS")


def start(stack: contextlib.ExitStack, *arguments: str, **more) -> subprocess.Popen:
    process = subprocess.Popen([PROGRAM, *arguments], env=environment(), text=True, **more)

    def end() -> None:
        process.kill()
        process.wait()

    stack.callback(end)
    return process


def produce(put: subprocess.Popen, rate: int, size: int, ended: threading.Event) -> None:
    """So many records of so many bytes a second, of words that do not repeat in the same order."""
    draw = random.Random(1)
    words = [f"w{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}" for i in range(500)]
    due = time.monotonic()
    with contextlib.suppress(BrokenPipeError):
        while not ended.is_set():
            for _ in range(max(1, round(rate * PIECE))):
                line = " ".join(draw.choices(words, k=max(1, size // 4)))
                put.stdin.write(line[:size] + "\n")
            put.stdin.flush()
            due += PIECE
            time.sleep(max(0.0, due - time.monotonic()))
        put.stdin.close()


def watch(consumer: subprocess.Popen, seconds: float) -> list[float]:
    """The resident memory, once a second."""
    series: list[float] = []
    begun = time.monotonic()
    while (past := time.monotonic() - begun) < seconds:
        if consumer.poll() is not None:
            raise RuntimeError(f"the consumer ended with {consumer.returncode}")
        series.append(resident(consumer.pid))
        if len(series) % 60 == 0:
            say(f"{past:.0f} s, {series[-1]:.1f} MiB")
        time.sleep(max(0.0, begun + len(series) - time.monotonic()))
    return series


def soak(options: argparse.Namespace, folder: Path) -> dict:
    with contextlib.ExitStack() as stack:
        # Records leave the fake soon, so that it does not grow for ever itself.
        fake = start(stack, "fake", "--port", "0", "--retention-ms", "120000", stdout=subprocess.PIPE)
        url = fake.stdout.readline().split()[1]
        call(url, "CreateStream", StreamName=STREAM, ShardCount=SHARDS)
        while call(url, "DescribeStreamSummary", StreamName=STREAM)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
            time.sleep(0.1)
        results = (folder / "results").open("w+", encoding="utf-8")
        log = stack.enter_context((folder / "log").open("w", encoding="utf-8"))
        consumer = start(stack, "count", "--app", "soak", "--stream", STREAM, "--endpoint", url, "--state", str(folder / "state"),
                         "--checkpoint-dir", f"file:{folder}/checkpoints", stdout=stack.enter_context(results), stderr=log)
        put = start(stack, "put", STREAM, "--endpoint", url, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        ended = threading.Event()
        producer = threading.Thread(target=produce, args=(put, options.rate, options.bytes, ended), daemon=True)
        producer.start()
        series = watch(consumer, options.minutes * 60)
        ended.set()
        producer.join(timeout=10)
        put.wait(timeout=60)
        consumer.send_signal(signal.SIGTERM)
        code = consumer.wait(timeout=60)
        results.seek(0)
        last = results.read().splitlines()[-1]
    third = len(series) // 3
    middle, end = (statistics.median(part) for part in (series[third:2 * third], series[2 * third:]))
    step = max(1, len(series) // POINTS)
    return {"bench": "soak", "minutes": options.minutes, "records_per_second": options.rate, "record_bytes": options.bytes,
            "exit_code": code, "last_line": last, "rss_mib_max": round(max(series), 1), "rss_mib_middle_third": round(middle, 1),
            "rss_mib_last_third": round(end, 1), "growth": round(end / middle - 1, 4), "flat": end < middle * 1.02 + 0.5,
            "rss_mib": [round(value, 1) for value in series[::step]]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="at least 0.1")
    parser.add_argument("--rate", type=int, default=1000, help="records a second")
    parser.add_argument("--bytes", type=int, default=200, help="of a record")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tidemill-soak-", dir=os.environ.get("TMPDIR")))
    try:
        result = soak(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result), flush=True)
    return 0 if result["flat"] and result["exit_code"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
