"""Real Java KCL workers: how they are built, once for each version, and how they are run."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from deliveries import Delivery, JavaLedger
from workers import Worker

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD_PATIENCE = 900.0


class CannotBuild(Exception):
    """Java, Maven or the registry is missing: there is nothing to test with."""


def generation(version: str) -> str:
    """The folder whose sources are for that version: its major number decides."""
    major = version.split(".")[0]
    if major not in ("1", "2"):
        raise ValueError(f"no worker for KCL {version}: 1.x and 2.x have one")
    return "kcl" + major


def build(version: str) -> str:
    """Compiles the worker for a version, unless that is done, and gives its class path."""
    for tool in ("java", "javac", "mvn"):
        if not shutil.which(tool):
            raise CannotBuild(f"no {tool} (scripts/setup installs it)")
    folder = HERE / generation(version)
    output = ROOT / "build" / "interop" / version
    output.mkdir(parents=True, exist_ok=True)
    sources = sorted([*folder.glob("*"), *(HERE / "common").glob("*")])
    wanted = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in sources)).hexdigest()
    stamp = output / "stamp"
    with (output / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two runs at once build once.
        if not stamp.exists() or stamp.read_text() != wanted or not _complete(output):
            done = subprocess.run(["mvn", "-q", "-B", "-f", folder / "pom.xml", f"-Dkcl.version={version}",
                                   f"-Doutput={output}", "compile"], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=BUILD_PATIENCE, check=False)
            if done.returncode != 0:
                text = done.stdout + done.stderr
                if "COMPILATION ERROR" in text:
                    raise AssertionError(f"the worker for KCL {version} does not compile\n{text}")
                raise CannotBuild(f"Maven could not get KCL {version}: its registry could not be used\n{text[-3000:]}")
            stamp.write_text(wanted)
    return f"{output / 'classes'}:{(output / 'classpath').read_text().strip()}"


def _complete(output: Path) -> bool:
    """Whether all jars of the class path still exist: a local repository may have been emptied."""
    classpath = output / "classpath"
    return classpath.exists() and all(Path(jar).exists() for jar in classpath.read_text().strip().split(":"))


# What a worker's log must not hold: a row that it could not read, or a handler that threw.
UNREADABLE = ("NullPointerException", "NumberFormatException", "ClassCastException", "deserializ", "Caught throwable",
              "Application processRecords() threw", "ShardRecordProcessor.processRecords() threw")
# A mistake of KCL 1.12's own, which it survives: where nobody owns the most leases it means to rob this nobody, and the
# pass fails. Seen when one of ours has released its leases; the next pass goes well.
ROBS_NOBODY = "LeaseTaker.chooseLeasesToSteal"


class JavaWorker(Worker):
    """One JVM. The library's log goes to a file."""

    kind = "java"

    def __init__(self, version: str, name: str, folder: Path, *, application: str, stream: str, kinesis: str,
                 dynamodb: str, failover_ms: int, only_prepare: bool = False, max_leases: int = 1000) -> None:
        super().__init__(name, folder)
        self._ledger = JavaLedger(folder / f"{name}.ledger")
        main = {"kcl1": "tidemill.interop.Worker1", "kcl2": "tidemill.interop.Worker2"}[generation(version)]
        # A small heap and the simple collector: several of these share two cores with everything else.
        self.start(["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", build(version), main,
                    "--application", application, "--stream", stream, "--worker", name, "--kinesis", kinesis,
                    "--dynamodb", dynamodb, "--failover-ms", str(failover_ms), "--max-leases", str(max_leases),
                    "--max-records", "500", "--idle-ms", "300", "--ledger", folder / f"{name}.ledger",
                    "--only-prepare", str(only_prepare).lower()])

    def deliveries(self) -> list[Delivery]:
        return self._ledger.read()

    def complaints(self) -> list[str]:
        lines = self.log().splitlines()
        return [line for line, after in zip(lines, [*lines[1:], ""], strict=True)
                if any(word in line for word in UNREADABLE) and ROBS_NOBODY not in after]
