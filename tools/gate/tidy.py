"""clang-tidy over our source files, several at a time; a file that passed unchanged is not looked at again."""

from __future__ import annotations

import hashlib
import json
import subprocess
from functools import partial
from pathlib import Path

from tools.gate.results import Result
from tools.gate.runner import Gate, needs, skipped

PRESET = "clang"


def tidy(gate: Gate) -> Result:
    missing = needs("clang-tidy-19")
    if missing:
        return skipped(missing)
    # The preset that compiles each file by itself, and by clang: clang-tidy does not know all options of g++.
    configured = gate.run("cmake", "--preset", PRESET, "-DTIDEMILL_TESTS=ON")
    if configured.code != 0:
        result = Result()
        result.check(f"configure {PRESET}", False, configured.output, configured.command)
        return result
    commands = gate.root / "build" / PRESET / "compile_commands.json"
    files = sorted({entry["file"] for entry in json.loads(commands.read_text())
                    if entry["file"].startswith(str(gate.root / "src"))
                    and (gate.size == "full" or not entry["file"].endswith("_test.cc"))})
    if gate.size != "full":
        files = part_of_today(gate, files)
    return gate.all(partial(one, gate, Path(file)) for file in files)


def part_of_today(gate: Gate, files: list[str]) -> list[str]:
    """An eighth of the files, another for each commit: all of them would take a third of the gate's time."""
    commit = gate.run("git", "rev-parse", "HEAD").stdout.strip()

    def drawn(file: str) -> bool:
        name = str(Path(file).relative_to(gate.root))
        return hashlib.sha256(f"{commit} {name}".encode()).digest()[0] % 8 == 0

    return [file for file in files if drawn(file)]


def stamp_of(gate: Gate, file: Path) -> Path:
    """A name made of everything the verdict depends on: the rules, the file and the headers it includes."""
    digest = hashlib.sha256((gate.root / ".clang-tidy").read_bytes())
    seen = subprocess.run(["clang++-19", "-std=c++20", f"-I{gate.root}/src", f"-I{gate.root}/include", "-MM", str(file)],
                          capture_output=True, text=True, check=True).stdout
    for name in sorted(seen.replace("\\\n", " ").split()[1:]):
        if name.startswith(str(gate.root)):
            digest.update(Path(name).read_bytes())
    return gate.root / "build" / "tidy" / f"{file.stem}-{digest.hexdigest()[:24]}"


def one(gate: Gate, file: Path) -> Result:
    result = Result()
    try:
        stamp = stamp_of(gate, file)
    except subprocess.CalledProcessError as error:
        result.check(f"clang++ reads {file.name}", False, error.stderr)
        return result
    if stamp.exists():
        result.passed = 1
        return result
    name = str(file.relative_to(gate.root))
    ran = gate.run("clang-tidy-19", "-p", f"build/{PRESET}", "--quiet", name, timeout=600)
    if result.check(f"clang-tidy {name}", ran.code == 0, ran.stdout or ran.stderr, ran.command):
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    return result
