"""Servers that a checkpoint directory can lie on, and the program that asks a store by its url."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from dynamodb_peers import PEERS

ROOT = Path(__file__).resolve().parent.parent.parent
PROBE = Path(os.environ.get("TIDEMILL_BIN", ROOT / "build" / "release" / "tidemill")).parent / "bin" / "checkpoint_store_probe"
S3RVER = PEERS / "s3rver" / "bin" / "s3rver.js"
HDFS = ROOT / "tests" / "interop" / "hdfs"
PATIENCE = 120.0
BUILD_PATIENCE = 900.0


class CannotRun(Exception):
    """A tool or a registry is missing: there is nothing to test with."""


def environment(endpoint: str = "") -> dict[str, str]:
    """Of the probe: a key pair that emulators take, and where S3 is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kept |= {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER", "AWS_REGION": "us-east-1",
             "HADOOP_USER_NAME": "ada"}
    return kept | ({"AWS_ENDPOINT_URL_S3": endpoint} if endpoint else {})


def start_probe(url: str, *words: str, endpoint: str = "") -> subprocess.Popen:
    return subprocess.Popen([PROBE, url, *words], env=environment(endpoint), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def probe(url: str, *words: str, endpoint: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([PROBE, url, *words], env=environment(endpoint), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=PATIENCE * 2, check=False)


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@contextlib.contextmanager
def s3rver(folder: Path) -> Iterator[str]:
    """An S3 that does not know conditions, with one bucket called `bucket`; gives its URL."""
    if not shutil.which("node") or not S3RVER.exists():
        raise CannotRun("no node, or no s3rver (tests/package.json; scripts/setup)")
    (folder / "s3rver").mkdir()
    port = free_port()
    with (folder / "s3rver.log").open("wb") as log:
        server = subprocess.Popen(["node", S3RVER, "-d", folder / "s3rver", "-a", "127.0.0.1", "-p", str(port),
                                   "--configure-bucket", "bucket"],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for_http(url, server)
        yield url
    finally:
        server.kill()
        server.wait(timeout=10)


def wait_for_http(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # It answers.
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


def build_hdfs() -> str:
    """Compiles the cluster, unless that is done, and gives its class path."""
    for tool in ("java", "javac", "mvn"):
        if not shutil.which(tool):
            raise CannotRun(f"no {tool} (scripts/setup installs it)")
    output = ROOT / "build" / "interop" / "hdfs"
    output.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(HDFS.glob("*")) if path.is_file())).hexdigest()
    stamp, classpath = output / "stamp", output / "classpath"
    with (output / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two runs at once build once.
        complete = classpath.exists() and all(Path(jar).exists() for jar in classpath.read_text().strip().split(":"))
        if not complete or not stamp.exists() or stamp.read_text() != wanted:
            done = subprocess.run(["mvn", "-q", "-B", "-f", HDFS / "pom.xml", f"-Doutput={output}", "compile"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_PATIENCE,
                                  check=False)
            text = done.stdout + done.stderr
            if "COMPILATION ERROR" in text:
                raise AssertionError(f"the cluster does not compile\n{text}")
            if done.returncode != 0:
                raise CannotRun(f"Maven could not get Hadoop: its registry could not be used\n{text[-2000:]}")
            stamp.write_text(wanted)
    return f"{output / 'classes'}:{classpath.read_text().strip()}"


class HdfsCluster:
    """A real HDFS in one JVM (tests/interop/hdfs/Cluster.java): a datanode, and namenodes to be told what to do."""

    def __init__(self, folder: Path, name_nodes: int = 1) -> None:
        classpath = build_hdfs()
        self._log = (folder / f"hdfs-{name_nodes}.log").open("wb")
        self._process = subprocess.Popen(
            ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath, "tidemill.interop.Cluster",
             folder / f"hdfs-{name_nodes}", str(name_nodes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, cwd=folder)
        # Ends what never says anything: reading its lines has no deadline of its own. It lives through several tests.
        self._watchdog = threading.Timer(PATIENCE * 15, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        self.authority = self._read("listening at ")

    def _read(self, start: str) -> str:
        for line in self._process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).strip()
            assert not line.startswith("failed:"), line
        raise AssertionError(f"the cluster ended before it said {start!r}")

    def tell(self, command: str) -> None:
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._read("done")

    def url(self, path: str) -> str:
        return f"hdfs://{self.authority}{path}"

    def close(self) -> None:
        self._watchdog.cancel()
        self._process.kill()
        self._process.wait(timeout=10)
        self._log.close()
