"""python3 -m tools.gate [--quick | --full] [--only STEP …] [--list]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.gate.runner import Gate, run_all
from tools.gate.steps import STEPS


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test", description="Runs every check of the repository.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_const", const="quick", dest="size", help="at most 5 minutes once built")
    size.add_argument("--full", action="store_const", const="full", dest="size", help="longer, and on every file")
    parser.add_argument("--only", action="append", default=[], metavar="STEP", help="run this step only; repeatable")
    parser.add_argument("--list", action="store_true", help="print the steps and the sizes in which they run")
    options = parser.parse_args()
    if options.list:
        for step in STEPS:
            print(f"{step.name:<16}{' '.join(step.sizes)}")
        return 0
    unknown = set(options.only) - {step.name for step in STEPS}
    if unknown:
        parser.error(f"no step {', '.join(sorted(unknown))}; see scripts/test --list")
    wanted = [step for step in STEPS
              if (step.name in options.only if options.only else (options.size or "gate") in step.sizes)]
    gate = Gate(Path(__file__).resolve().parents[2], options.size or "gate")
    try:
        return run_all(wanted, gate)
    finally:
        gate.close()


if __name__ == "__main__":
    sys.exit(main())
