#!/usr/bin/env python3
"""Refuses what does not belong in a repository: foreign hosts, paths of one machine, stray text, unnamed files."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from checklib import Finding, run, walk

CHECK = "check_text"
BYTES_MAX = 1 << 20
# Hosts that a reader or a test may be sent to. Package registries are reached by package name only.
_HOSTS = re.compile(r"(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazon\.com|apache\.org|example\.(?:com|org|net)|localhost"
                    r"|invalid|test|example|local|internal|keepachangelog\.com|semver\.org|contributor-covenant\.org)$|^[\d.]+$|^\[|^[{$%<]|^[a-z]*$")
_URL = re.compile(r"\bhttps?://([\w.\-\[\]:{}$%<>]*)")
_MACHINE_PATH = re.compile(r"(?<![\w.}/])/(?:root|home|work|Users)/\w")
_TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\): \w)")


def check_line(path: str, number: int, line: str) -> list[Finding]:
    findings = []
    for match in _URL.finditer(line):
        if line[match.end() :].startswith("@"):
            continue  # A user and a password, as tests write them.
        host = match[1].split(":")[0].strip(".").lower()
        if not _HOSTS.search(host):
            findings.append(Finding(path, number, f"the host {host}", "the repository names no foreign hosts",
                                    "name the package, the book or the document instead"))
    if _MACHINE_PATH.search(line):
        findings.append(Finding(path, number, "a path of one machine", "others do not have it",
                                "build it from the repository's root or a temporary folder"))
    if _TODO.search(line) and not path.startswith("tools/"):
        findings.append(Finding(path, number, "work left over", "nobody will find it",
                                "do it now, or write TODO(#issue): what and when it matters"))
    if re.match(r"(?:<{7}|>{7}|={7})(?: |$)", line):
        findings.append(Finding(path, number, "a conflict marker", "a merge was not finished", "finish it"))
    if line != line.rstrip() and not path.endswith((".md", ".txt")):
        findings.append(Finding(path, number, "blanks at the end of the line", "they make noise in diffs", "remove them"))
    return findings


def check_file(path: str, text: str) -> list[Finding]:
    findings = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        findings += check_line(path, number, line)
    if path.endswith(".h") and path.startswith(("src/", "include/")):
        name = path.split("/", 1)[1]
        if not lines or not lines[0].startswith(f"// {name}: "):
            findings.append(Finding(path, 1, "a header without its first line", "a reader wants to know what it is",
                                    f"start with `// {name}: what it is`"))
        if "#pragma once" not in lines[:5]:
            findings.append(Finding(path, 1, "a header without #pragma once", "it may be included twice", "add it"))
    return findings


_SAMPLE = re.compile(r"<!-- sample: begin \(kept equal to (\S+)\) -->\n```\w*\n(.*?)```\n<!-- sample: end -->", re.DOTALL)


def check_samples(root: Path, path: str, text: str) -> list[Finding]:
    """A sample in a document is the program that the build compiles, but for its first line."""
    findings = []
    for match in _SAMPLE.finditer(text):
        program = root / match[1]
        lines = program.read_text(encoding="utf-8").splitlines(keepends=True) if program.exists() else []
        if not lines or "".join(lines[1:]) != match[2]:
            findings.append(Finding(path, text[: match.start()].count("\n") + 1, f"a sample that is not {match[1]}",
                                    "readers copy what nobody compiled", f"copy {match[1]} without its first line"))
    return findings


def check_folders(root: Path) -> list[Finding]:
    findings = []
    for folder in sorted((root / "src").glob("*/")):
        if folder.is_dir() and any(folder.glob("*.h")) and not (folder / "README.md").exists():
            findings.append(Finding(f"src/{folder.name}", 1, "a folder without README.md",
                                    "a reader wants to know what may enter", "write what it is for and where to start"))
    return findings


def find(root: Path) -> tuple[list[Finding], dict[str, str]]:
    findings, texts = check_folders(root), {}
    for path in walk(root):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            continue
        raw = path.read_bytes()
        if len(raw) > BYTES_MAX:
            findings.append(Finding(name, 1, f"{len(raw)} bytes", "large files make every clone slow",
                                    "let a script make it"))
        if b"\0" in raw[:8192] or name.startswith("tests/golden/") or "/corpus/" in name or name == "LICENSE":
            continue
        texts[name] = raw.decode("utf-8", errors="replace")
        findings += check_file(name, texts[name])
        findings += check_samples(root, name, texts[name])
    return findings, texts


if __name__ == "__main__":
    sys.exit(run(CHECK, __doc__, find))
