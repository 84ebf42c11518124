#!/usr/bin/env python3
"""How long it takes to compile a program of the user, beside one that includes the standard headers it uses.

Prints one JSON object a line. Options: --runs N, and names of examples.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(sys.argv[0]).absolute().parent.parent
STANDARD = """#include <iostream>
#include <iterator>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>
int main() { std::cout << std::unordered_map<std::string, std::vector<int>>().size(); }
"""


def command_of(example: str) -> tuple[list[str], str]:
    """The command that compiles an example, without a cache, and the folder it runs in."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"].endswith(f"/examples/{example}.cc"):
            words = shlex.split(entry["command"])
            if Path(words[0]).name == "ccache":
                words = words[1:]
            return words, entry["directory"]
    sys.exit(f"compile_seconds: there is no example {example}")


def seconds(command: list[str], directory: str) -> float:
    """Processor time, which other work on the machine changes little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=directory, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compiled(command: list[str], source: str, target: str) -> list[str]:
    """The same command for another source and object."""
    words = list(command)
    words[words.index("-o") + 1] = target
    words[words.index("-c") + 1] = source
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", nargs="*", default=["word_count"])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "a.o")
        plain = os.path.join(folder, "plain.cc")
        Path(plain).write_text(STANDARD)
        for example in options.examples:
            command, directory = command_of(example)
            source = command[command.index("-c") + 1]
            ours, base = [], []
            for _ in range(options.runs):
                base.append(seconds(compiled(command, plain, target), directory))
                ours.append(seconds(compiled(command, source, target), directory))
            print(json.dumps({"bench": "compile_seconds", "name": example,
                              "seconds": round(statistics.median(ours), 2),
                              "standard_headers_seconds": round(statistics.median(base), 2)}), flush=True)


if __name__ == "__main__":
    main()
