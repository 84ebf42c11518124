#!/usr/bin/env python3
"""Refuses what would make two runs of one seed differ, between runs, compilers or machines."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from checklib import Finding, Source, bracket_pairs, run, sources, template_argument

CHECK = "check_determinism"
_DRAW = re.compile(r"\b\w*(?:[rR]andom|\brng)_?(?:\(\))?\s*(?:\.|->)\s*(?:next|below|between|chance|fork|uuid)\s*(\()"
                   r"|\b(?!if\b|for\b|while\b|return\b|Random\b)\w+\s*(\()(?=[^()]*\b(?:random_?|rng_?)\b[^()]*\))")


class Pattern:
    """A name that is refused, with the places where it is right."""

    def __init__(self, text: str, what: str, why: str, mend: str, allowed: tuple[str, ...] = (), tests: bool = False):
        self.expression = re.compile(text)
        self.what, self.why, self.mend = what, why, mend
        self.allowed = allowed  # Path prefixes in which it may stand.
        self.tests = tests  # True if tests may use it.


PATTERNS = [
    Pattern(r"\bstd::\w+_distribution\b", "a standard distribution", "its values differ between standard libraries",
            "draw with base::Random"),
    Pattern(r"\bstd::(?:ranges::)?(?:shuffle|sample|random_shuffle)\b|\bstd::mt19937\w*|\bs?rand\s*\(\s*\)",
            "the standard library's randomness", "its values differ between standard libraries",
            "draw with base::Random"),
    Pattern(r"\bstd::random_device\b", "std::random_device", "simulation cannot repeat it",
            "take base::Random from Env", ("src/base/random.cc",)),
    Pattern(r"\b(?:steady|system|high_resolution)_clock::now\b|\bstd::time\s*\(|\b(?:gettimeofday|clock_gettime)\s*\(",
            "the real clock", "simulated nodes have clocks of their own", "use Loop::now() or Loop::wall()",
            # The fake on a real port serves real clients; the runner measures the simulator's own speed.
            # The program steers real processes and is never simulated; nor are examples, which are the user's.
            ("src/rt/asio_loop.cc", "src/fake/server", "src/sim/runner.cc", "src/cli/", "bench/", "examples/",
             "tests/integration/")),
    Pattern(r"\bsource_location\b|\btypeid\b|\btype_index\b|__PRETTY_FUNCTION__",
            "text that the compiler chooses", "g++ and clang write it differently", "use a name of your own"),
    Pattern(r"\bstd::(?:jthread|thread)\b(?!::(?:id|hardware_concurrency))|\bstd::async\b|\bpthread_create\b"
            r"|\bstd::this_thread::\w+",
            "a thread of its own", "above rt everything lives on one lane", "use Loop or WorkerPool of Env",
            # Production's lanes are made there, once; the loopback server is a test's counterpart.
            ("src/base/", "src/rt/", "src/http/production_env", "src/http/loopback_server", "src/cli/", "bench/",
             "examples/"),
            tests=True),
    Pattern(r"\bthread_local\b", "a variable for each thread", "simulated nodes share one thread, and so the variable",
            "hand it in through Env or a parameter", ("src/base/", "src/rt/", "src/codec/", "bench/")),
    Pattern(r"\bstd::(?:recursive_|shared_|timed_)*mutex\b|\bstd::condition_variable\w*|\bstd::(?:counting_|binary_)semaphore\b"
            r"|\bstd::(?:latch|barrier|call_once|once_flag)\b",
            "a lock", "above rt objects have one owner and need none", "post to the owner's lane",
            ("src/base/", "src/rt/", "bench/", "examples/"), tests=True),
    Pattern(r"\bstd::atomic\s*<\s*std::shared_ptr\b", "std::atomic of a std::shared_ptr",
            "that of g++ 12 reads without ordering: a data race", "use rt::Guarded"),
]


def check_patterns(file: Source) -> list[Finding]:
    findings = []
    for pattern in PATTERNS:
        if file.path.startswith(pattern.allowed) or (pattern.tests and file.is_test):
            continue
        for match in pattern.expression.finditer(file.code):
            findings.append(Finding(file.path, file.line_of(match.start()), f"{pattern.what} ({match[0].strip()})",
                                    pattern.why, pattern.mend))
    return findings


def check_draws(file: Source) -> list[Finding]:
    """Two draws in one expression: the order of evaluation is the compiler's choice."""
    code, pairs = file.code, bracket_pairs(file.code)
    draws = []
    for match in _DRAW.finditer(code):
        opened = match.start(1) if match[1] else match.start(2)
        # The head of a function definition or declaration is no call.
        closed = pairs.get(opened)
        if closed is None or re.match(r"\s*(?:const\b|noexcept\b|override\b|->|\{|:\s)", code[closed + 1 : closed + 20]):
            continue
        draws.append((match.start(), closed))
    findings = []
    for (first, first_end), (second, _) in zip(draws, draws[1:]):
        between = code[first_end + 1 : second]
        if second < first_end or re.search(r";|&&|\|\||\?|:", between.replace("::", "")):
            continue  # Nested, in another statement, or in a defined order.
        if between.count("{") != between.count("}") or in_order(code, first, first_end, second, pairs):
            continue
        findings.append(Finding(file.path, file.line_of(second), "two random draws in one expression",
                                "compilers evaluate them in different orders", "draw into named variables first"))
    return findings


def in_order(code: str, first: int, first_end: int, second: int, pairs: dict[int, int]) -> bool:
    """True if the draws are elements of one braced list, or members or variables that are initialised in turn.

    That is: a comma divides them, and the innermost bracket around both of them is no parenthesis.
    """
    at = second - 1
    comma = False
    while at >= 0 and code[at] != ";":
        if code[at] in ")]}":
            at = pairs.get(at, at)
        elif code[at] == "," and at > first_end:
            comma = True
        elif code[at] in "([{":
            if at > first:
                comma = False  # A bracket around the second only: what it divides does not count.
            else:
                return comma and code[at] == "{"
        at -= 1
    return comma


def check_pointer_keys(file: Source) -> list[Finding]:
    findings = []
    for match in re.finditer(r"\b(?:unordered_)?(?:multi)?(?:map|set)\s*(<)|\bstd::(?:hash|less|greater)\s*(<)", file.code):
        key = template_argument(file.code, match.start(1) if match[1] else match.start(2))
        if key.endswith("*") or re.match(r"(?:std::)?(?:shared|unique)_ptr\b", key):
            findings.append(Finding(file.path, file.line_of(match.start()), f"a pointer as a key ({key})",
                                    "the order of addresses differs from run to run", "use an id or a name as the key"))
    return findings


def unordered_names(code: str) -> set[str]:
    names = set()
    for match in re.finditer(r"\bunordered_(?:multi)?(?:map|set)\s*<", code):
        depth, at = 0, match.end() - 1
        while at < len(code):
            depth += {"<": 1, ">": -1}.get(code[at], 0)
            if depth == 0:
                break
            at += 1
        name = re.match(r"[&\s]*(\w+)\s*[;={(,)]", code[at + 1 : at + 100])
        if name:
            names.add(name[1])
    return names


def check_unordered(file: Source, header: Source | None) -> list[Finding]:
    names = unordered_names(file.code) | (unordered_names(header.code) if header else set())
    findings = []
    for name in sorted(names):
        walked = rf"\bfor\s*\([^;(){{}}]*:\s*(?:\w+(?:\.|->))*{name}\s*\)|\b{name}(?:\.|->)c?begin\s*\("
        for match in re.finditer(walked, file.code):
            findings.append(Finding(file.path, file.line_of(match.start()), f"iteration over the unordered {name}",
                                    "its order differs between standard libraries",
                                    "use an ordered container, or sort before you use the order"))
    return findings


def find(root: Path) -> tuple[list[Finding], dict[str, str]]:
    files = sources(root)
    headers = {file.path: file for file in files if file.path.endswith(".h")}
    findings: list[Finding] = []
    for file in files:
        header = headers.get(file.path[:-3] + ".h") if file.path.endswith(".cc") else None
        findings += check_patterns(file) + check_draws(file) + check_pointer_keys(file) + check_unordered(file, header)
    return findings, {file.path: file.text for file in files}


if __name__ == "__main__":
    sys.exit(run(CHECK, __doc__, find))
