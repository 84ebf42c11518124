"""What the source checks share: finding files, blanking comments and literals, reporting, exceptions.

A check reads text, not a syntax tree: it must run in a second, on code that does not compile yet. Where it is
wrong, the line says so: `// allow(check_name): reason`, on the line itself or alone on the line above.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

CPP_SUFFIXES = (".h", ".cc", ".cpp", ".hpp")
SKIPPED_FOLDERS = {".git", "build", ".venv", "node_modules", "__pycache__", ".pytest_cache", ".cache"}


@dataclass(frozen=True, order=True)
class Finding:
    path: str  # Relative to the root, with forward slashes.
    line: int
    what: str
    why: str
    mend: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}, {self.why}; to mend: {self.mend}"


@dataclass
class Source:
    """One file: its text, and the same text with comments and literals blanked (same length, same lines)."""

    path: str
    text: str
    code: str

    @property
    def is_test(self) -> bool:
        name = self.path.rsplit("/", 1)[-1]
        return self.path.startswith(("tests/", "bench/")) or "_test." in name or name.startswith("test_")

    def line_of(self, position: int) -> int:
        return self.code.count("\n", 0, position) + 1


def walk(root: Path, suffixes: tuple[str, ...] | None = None, tops: tuple[str, ...] = ()) -> list[Path]:
    """Files below `root` (or only below its folders `tops`), sorted, without build output."""
    found: list[Path] = []
    for start in [root / top for top in tops] or [root]:
        for folder, folders, names in os.walk(start):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
            # In a second work tree `.git` is a file.
            names = [name for name in names if name != ".git"]
            found += [Path(folder) / name for name in names if suffixes is None or name.endswith(suffixes)]
    return sorted(found)


def sources(root: Path, tops: tuple[str, ...] = ("include", "src", "tests", "bench", "examples")) -> list[Source]:
    return [read_source(root, path) for path in walk(root, CPP_SUFFIXES, tops)]


def read_source(root: Path, path: Path) -> Source:
    text = path.read_text(encoding="utf-8", errors="replace")
    return Source(path.relative_to(root).as_posix(), text, blank(text))


_TOKEN = re.compile(
    r"""//[^\n]*(?:\\\n[^\n]*)*            # line comment
      | /\*.*?\*/                          # block comment
      | \b(?:u8|[uUL])?R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"   # raw string
      | "(?:\\.|[^"\\\n])*"                # string
      | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'   # character; not the digit separator of 1'000
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text: str) -> str:
    """`text` with the inside of comments and literals replaced by blanks; quotes stay, lines stay."""

    def blanked(match: re.Match[str]) -> str:
        token = match.group(0)
        inside = re.sub(r"[^\n]", " ", token)
        return inside if token.startswith("/") else '"' + inside[1:-1] + '"'

    return _TOKEN.sub(blanked, text)


def bracket_pairs(code: str) -> dict[int, int]:
    """Positions of matching (), [] and {}, both ways. Unmatched ones are left out."""
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    closing = {")": "(", "]": "[", "}": "{"}
    for position, char in enumerate(code):
        if char in "([{":
            open_at.append(position)
        elif char in closing and open_at and code[open_at[-1]] == closing[char]:
            start = open_at.pop()
            pairs[start] = position
            pairs[position] = start
    return pairs


def template_argument(code: str, start: int) -> str:
    """The first template argument of the list whose '<' stands at `start`."""
    depth = 0
    for position in range(start, min(len(code), start + 2000)):
        char = code[position]
        if char in "<(":
            depth += 1
        elif char in ">)":
            depth -= 1
        if depth == 0 or (depth == 1 and char == ","):
            return code[start + 1 : position].strip()
    return ""


_ALLOW = re.compile(r"(?://|#)\s*allow\((?:check_)?(?P<check>\w+)\)(?P<reason>:\s*\S.*)?")


def without_allowed(findings: list[Finding], texts: dict[str, str], check: str) -> list[Finding]:
    """Drops the findings that the code excuses with a reason; an excuse without a reason is a finding."""
    short = check.removeprefix("check_")
    kept: list[Finding] = []
    for path, text in texts.items():
        if "allow(" not in text:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = _ALLOW.search(line)
            if match and match["check"] == short and not match["reason"]:
                kept.append(Finding(path, number, "an exception without a reason", "a reader must see why it is right",
                                    f"write `// allow({check}): reason`"))
    for finding in findings:
        lines = texts.get(finding.path, "").splitlines()
        near = lines[max(0, finding.line - 2) : finding.line]
        if len(near) == 2 and not near[0].lstrip().startswith(("//", "#")):
            near = near[1:]  # A comment at the end of the line above belongs to that line.
        matches = [_ALLOW.search(line) for line in near]
        if not any(match and match["check"] == short and match["reason"] for match in matches):
            kept.append(finding)
    return sorted(set(kept))


def run(check: str, description: str, find) -> int:
    """The main function of a check: `find(root)` gives (findings, texts by path)."""
    parser = argparse.ArgumentParser(prog=check, description=description)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="the repository to look at (default: the one this file belongs to)")
    root = parser.parse_args().root.resolve()
    findings, texts = find(root)
    findings = without_allowed(findings, texts, check)
    for finding in findings:
        print(finding)
    print(f"{check}: {len(texts)} files, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0
