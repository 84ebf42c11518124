"""Numbered records: each is one word of letters, so that the counts of `tidemill count` prove its delivery too."""

from __future__ import annotations

import threading

RECORDS_A_SECOND = 40
_PAUSE = 0.25


def word(number: int) -> str:
    """The number in letters: `q` and base 26 from the lowest digit."""
    letters = "q"
    while True:
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
        if number == 0:
            return letters


def number(text: str) -> int:
    value = 0
    for letter in reversed(text[1:]):
        value = value * 26 + ord(letter) - ord("a")
    return value


class Producer:
    """Puts records 0, 1, 2, … until stopped; `count` of them are in the stream."""

    def __init__(self, client, stream: str) -> None:
        self.count = 0
        self._client = client
        self._stream = stream
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(_PAUSE):
                self._put(range(self.count, self.count + int(RECORDS_A_SECOND * _PAUSE)))
        except BaseException as error:  # Told by check().
            self._error = error

    def _put(self, numbers: range) -> None:
        left = list(numbers)
        for _ in range(50):
            entries = [{"Data": word(one).encode(), "PartitionKey": f"key-{one}"} for one in left]
            answer = self._client.put_records(StreamName=self._stream, Records=entries)
            left = [one for one, result in zip(left, answer["Records"], strict=True) if "ErrorCode" in result]
            if not left:
                self.count = numbers.stop
                return
            if self._stop.wait(0.1):
                break
        raise AssertionError(f"records were refused again and again: {answer['Records']}")

    def check(self) -> None:
        if self._error:
            raise AssertionError(f"the producer failed: {self._error!r}")

    def stop(self) -> int:
        """Ends it and gives how many records there are."""
        self._stop.set()
        self._thread.join(timeout=30)
        self.check()
        return self.count
