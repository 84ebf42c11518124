"""A worker of the fleet as the scenario sees it, whatever it is written in."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from deliveries import Delivery
from programs import environment

PATIENCE = 60.0


class Worker:
    """A process that is certainly gone after close(). A killed one may be started again under a new object."""

    kind = "?"

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def start(self, command: list[object]) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([os.fspath(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=environment())

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def stop(self) -> None:
        """SIGTERM; it must end in order."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        assert code == 0, f"{self.name} ended with {code} after SIGTERM\n{self.log()[-3000:]}"

    def check(self) -> None:
        code = self.process.poll()
        assert code is None, f"{self.name} ended by itself with {code}\n{self.log()[-3000:]}"

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill()

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def deliveries(self) -> list[Delivery]:
        """All there are so far."""
        raise NotImplementedError

    def complaints(self) -> list[str]:
        """Lines of its log which say that it could not read the table."""
        raise NotImplementedError
