"""What a step found, and how the reports of test programs are counted."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Failure:
    """One failed test: its name, what it printed last, and the command that repeats it."""

    name: str
    output: str = ""
    repeat: str = ""


@dataclass
class Result:
    passed: int = 0
    skipped: int = 0
    failures: list[Failure] = field(default_factory=list)
    # Why the step could not run: a missing tool or package registry. Empty if it ran.
    skip_reason: str = ""
    # Lines for the reader: speeds, hashes, numbers worth knowing.
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.failures)

    def add(self, other: "Result") -> "Result":
        self.passed += other.passed
        self.skipped += other.skipped
        self.failures += other.failures
        self.notes += other.notes
        self.skip_reason = self.skip_reason or other.skip_reason
        return self

    def check(self, name: str, holds: bool, output: str = "", repeat: str = "") -> bool:
        if holds:
            self.passed += 1
        else:
            self.failures.append(Failure(name, output, repeat))
        return holds


def read_junit(path: Path, repeat: str = "") -> Result:
    """Counts the test cases of a JUnit XML file, as GoogleTest, pytest and ctest write it."""
    result = Result()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = ".".join(part for part in (case.get("classname", ""), case.get("name", "")) if part)
        failed = [child for tag in ("failure", "error") for child in case.findall(tag)]
        status = case.get("status", "")
        if failed or status == "fail":
            text = "\n".join((child.get("message") or "") + "\n" + (child.text or "") for child in failed)
            text += case.findtext("system-out") or ""
            result.failures.append(Failure(name, text.strip(), repeat.format(name=name, case=case.get("name", ""))))
        elif case.find("skipped") is not None or status in ("notrun", "disabled") or case.get("result") == "suppressed":
            result.skipped += 1
        else:
            result.passed += 1
    return result


def read_ctest(report: Path, cases: Path) -> Result:
    """One ctest report, with the GoogleTest reports in the folder `cases` in place of whole programs.

    A program that died leaves no report, or one without its failure: it counts as one failed test.
    """
    total = Result()
    for program in ElementTree.parse(report).getroot().iter("testcase"):
        name = program.get("name", "")
        own = cases / f"{name}.xml"
        ended_badly = program.get("status") == "fail" or program.find("failure") is not None
        inner = Result()
        if own.exists():
            try:
                inner = read_junit(own, repeat=f"{name} --gtest_filter={{name}}")
            except ElementTree.ParseError:
                ended_badly = True
        elif not ended_badly:
            inner.passed = 1
        if ended_badly and not inner.failures:
            inner.failures.append(Failure(name, program.findtext("system-out") or "the program died", f"ctest -R {name}"))
        total.add(inner)
    return total
