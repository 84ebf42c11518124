"""Puts text into a stream for as long as a test likes, and compares what was counted with it."""

from __future__ import annotations

import threading
from pathlib import Path

from fake_server import kinesis
from programs import counted, text, words_of


class Load:
    """Puts lines for as long as it lives; `lines` are those that the service has taken."""

    def __init__(self, url: str, stream: str, pause: float) -> None:
        self.lines: list[str] = []
        self._client = kinesis(url, attempts=5)
        self._stream = stream
        self._pause = pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        seed = 0
        while not self._ended.wait(self._pause):
            seed += 1
            lines = text(40, seed)
            entries = [{"Data": line.encode() or b" ", "PartitionKey": str(number)} for number, line in enumerate(lines)]
            done = self._client.put_records(StreamName=self._stream, Records=entries)
            self.lines += [line for line, record in zip(lines, done["Records"]) if "SequenceNumber" in record]

    def end(self) -> list[str]:
        self._ended.set()
        self._thread.join(timeout=30)
        return self.lines


def expect_exact(state: Path, lines: list[str], duplicates: int | None = 0) -> None:
    result = counted(state)
    assert result.words == words_of(lines)
    assert result.records == len(lines)
    if duplicates is not None:
        assert result.duplicates == duplicates
