#!/usr/bin/env python3
"""Checks the protocol models under docs/model with spin: the true ones hold, and each planted mistake is refuted.

Exit status: 0 all is as it should be, 1 something is not, 3 skipped because spin or the compiler is missing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("spin", "gcc-12")
SKIPPED = 3
DEPTH = 1_000_000  # Steps of one run; a deeper one is reported as incomplete.
MEMORY_MB = 900
SECONDS = 300


@dataclass(frozen=True)
class Check:
    name: str
    model: str
    options: tuple[str, ...] = ()
    # A planted mistake: the search must end with a violated claim.
    planted: bool = False
    # Looks for runs that go on for ever without a progress label, besides violated claims.
    cycles: bool = False


def lease(name: str, *options: str) -> Check:
    return Check(name, "lease", ("HOLD=2", *options))


def planted_lease(name: str, claim: str, *options: str) -> Check:
    plant = "PLANT_" + name.upper().replace("-", "_")
    return Check(name, "lease", ("HOLD=2", f"ONLY_{claim}", plant, *options), planted=True)


def planted_family(name: str) -> Check:
    return Check(name, "family", ("PLANT_" + name.upper().replace("-", "_"),), planted=True)


# Each mistake is refuted by one claim, with the others switched off: it must fail for the reason it should.
CHECKS = (
    lease("lease", "ALL_CLAIMS", "CALM=2"),
    lease("lease-not-taken-early", "ONLY_EARLY"),
    lease("lease-drift", "ONLY_OVERLAP", "FEWER_FAULTS", "DRIFT", "WAIT=3"),
    Check("lease-no-livelock", "lease", ("HOLD=2", "ONLY_PROGRESS", "CALM=2"), cycles=True),
    Check("family", "family"),
    planted_lease("clock-from-response", "OVERLAP"),
    planted_lease("clock-from-last-try", "OVERLAP"),
    planted_lease("conflict-is-theft", "THEFT"),
    planted_lease("take-unconditional", "OVERLAP"),
    planted_lease("take-on-fresh-counter", "EARLY"),
    planted_lease("wait-from-read-begin", "OVERLAP"),
    planted_lease("no-incarnation", "OVERLAP"),
    planted_lease("incarnation-per-process", "OVERLAP"),
    planted_lease("release-while-delivering", "OVERLAP"),
    planted_lease("checkpoint-unfenced", "REGRESSION"),
    Check("zombie-unfenced", "lease", ("HOLD=2", "ONLY_FENCE", "PLANT_CHECKPOINT_UNFENCED"), planted=True),
    planted_lease("never-expires", "PROGRESS", "CALM=2"),
    Check("drift-without-margin", "lease", ("HOLD=2", "ONLY_OVERLAP", "FEWER_FAULTS", "DRIFT", "WAIT=2"), planted=True),
    planted_family("child-before-parent-end"),
    planted_family("child-at-latest"),
    planted_family("end-before-child"),
)


@dataclass(frozen=True)
class Verdict:
    holds: bool  # Every state was visited, and no claim was violated.
    refuted: str  # The claim that was violated; empty if none was.
    states: int


def verdict(text: str) -> Verdict:
    """What a run of spin's verifier says. A search that did not see every state proves nothing."""
    errors = re.search(r"errors: (\d+)", text)
    states = re.search(r"(\d+) states, stored", text)
    violated = re.search(r"^pan:\d+: assertion violated (.*) \(at depth \d+\)", text, re.MULTILINE)
    incomplete = re.search(r"not completed|max search depth too small|out of memory|reached -DMEMLIM", text)
    count = int(states[1]) if states else 0
    holds = errors is not None and errors[1] == "0" and count > 0 and not incomplete and "pan:1:" not in text
    return Verdict(holds, violated[1].strip() if violated else "", count)


def command(words: list[str], folder: Path) -> tuple[int, str]:
    try:
        ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return 124, f"stopped after {SECONDS} s: {' '.join(words)}"
    return ran.returncode, ran.stdout + ran.stderr


def search(check: Check, folder: Path) -> str:
    """Everything that spin, the compiler and the verifier said."""
    source = ROOT / "docs" / "model" / f"{check.model}.pml"
    shutil.copy(source, folder)
    options = [f"-D{option}" for option in check.options]
    limits = ["-DNP" if check.cycles else "-DSAFETY", f"-DMEMLIM={MEMORY_MB}"]
    # A search that ends at a violation is shorter than its compilation.
    level = "-O0" if check.planted else "-O1"
    steps = (["spin", "-a", *options, source.name], ["gcc-12", level, "-w", *limits, "-o", "pan", "pan.c"],
             ["./pan", "-n", f"-m{DEPTH}", *(["-l"] if check.cycles else [])])
    said = ""
    for words in steps:
        code, output = command(words, folder)
        said += output
        if code != 0:
            return said + f"\n{words[0]} failed with {code}: search not completed\n"
    return said


def trail(check: Check, folder: Path) -> str:
    """The steps that lead to the violation."""
    options = [f"-D{option}" for option in check.options]
    return command(["spin", "-t", "-p", "-g", "-l", *options, f"{check.model}.pml"], folder)[1]


def run(check: Check, show_trail: bool) -> bool:
    with tempfile.TemporaryDirectory(prefix="tidemill-model-") as name:
        folder = Path(name)
        start = time.monotonic()
        said = search(check, folder)
        seconds = time.monotonic() - start
        found = verdict(said)
        right = bool(found.refuted) if check.planted else found.holds
        result = "refuted" if found.refuted else "holds" if found.holds else "undecided"
        print(f"{check.name}: {result} states={found.states} seconds={seconds:.1f}"
              + (f" claim={found.refuted}" if found.refuted else ""), flush=True)
        if not right:
            print(said.strip())
            print(f"repeat: tools/check_model.py --only {check.name} --trail", flush=True)
        if show_trail and found.refuted:
            print(trail(check, folder))
        return right


def main() -> int:
    parser = argparse.ArgumentParser(prog="check_model", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="run this check; repeatable")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    parser.add_argument("--trail", action="store_true", help="print the steps that lead to a violated claim")
    options = parser.parse_args()
    names = [check.name for check in CHECKS]
    if options.list:
        print("\n".join(names))
        return 0
    unknown = sorted(set(options.only) - set(names))
    if unknown:
        parser.error(f"no check {', '.join(unknown)}; see --list")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed; scripts/setup installs it", file=sys.stderr)
        return SKIPPED
    wrong = [check.name for check in CHECKS
             if (not options.only or check.name in options.only) and not run(check, options.trail)]
    ran = len(options.only) or len(names)
    print(f"checks: {ran} wrong: {len(wrong)}" + (f" ({', '.join(wrong)})" if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
