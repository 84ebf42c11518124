"""Our own workers: `tidemill count` with its leases in DynamoDB."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from deliveries import Delivery, NativeCounts
from programs import BINARY, run
from workers import Worker

_PERIOD = 0.2


class NativeWorker(Worker):
    """One `tidemill count`. A second object on the same folder and name is the same worker started again."""

    kind = "c++"

    def __init__(self, name: str, folder: Path, *, application: str, stream: str, kinesis: str, dynamodb: str,
                 failover_ms: int) -> None:
        super().__init__(name, folder)
        state = folder / f"{name}.state"
        self._counts = NativeCounts(name, state)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self.start([BINARY, "count", "--app", application, "--stream", stream, "--endpoint", kinesis, "--state", state,
                    "--worker-id", name, "--leases", "dynamodb", "--dynamodb-endpoint", dynamodb, "--batch-ms", "250",
                    "--checkpoint-ms", "250", "--set", f"tidemill.leases.failover={failover_ms}ms"])
        self._thread.start()

    def _poll(self) -> None:
        try:
            while not self._stop.wait(_PERIOD):
                self._counts.poll()
        except BaseException as error:  # Told by check().
            self._error = error

    def check(self) -> None:
        super().check()
        if self._error:
            raise AssertionError(f"the counts of {self.name} could not be read: {self._error!r}")

    def kill(self) -> None:
        super().kill()
        self._end()

    def stop(self) -> None:
        super().stop()
        self._end()

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        self._counts.end()

    def deliveries(self) -> list[Delivery]:
        return self._counts.deliveries()

    def complaints(self) -> list[str]:
        return [line for line in self.log().splitlines() if "error[" in line or "event=lease_row_unreadable" in line]


def listed(application: str, dynamodb: str) -> dict[str, dict]:
    """The leases that `tidemill leases` reads from the table, by key. It must be able to read every row."""
    done = run("leases", application, "--leases", "dynamodb", "--dynamodb-endpoint", dynamodb, "--observe-ms", "0",
               "--json")
    assert done.code == 0, f"tidemill leases ended with {done.code}: {done.err}"
    document = json.loads(done.out)
    assert not document["unreadable"] and not document["otherRows"], document
    return {lease["key"]: lease for lease in document["leases"]}
