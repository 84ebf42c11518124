#!/usr/bin/env python3
"""Refuses equal names in anonymous namespaces, and of static functions, within files that are compiled as one.

With TIDEMILL_UNITY so many files of a CMake target in a row are one to the compiler (cmake/tidemill.cmake): there a name
that two of them keep to themselves is defined twice. Which files come together changes with every file that is added, so
a name that was right yesterday may be refused; a second here saves finding it in the middle of a build.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from checklib import Finding, read_source, run, walk

CHECK = "check_together"
_TARGET = re.compile(r"\btidemill_(library|test)\s*\(([^()]*)\)")
_WORDS = {"NAME", "SOURCES", "DEPENDS", "PACKAGES", "LABELS", "TIMEOUT", "GOLDEN"}
_NAMESPACE = re.compile(r"\b(?:inline\s+)?namespace(?:\s+(?P<name>[A-Za-z_][\w:]*))?\s*$")
_TYPE = re.compile(r"^(?:enum\s+(?:class|struct)|enum|class|struct|union)\s+(?:\[\[\w+\]\]\s*)?(?P<name>\w+)\s*"
                   r"(?:final\b\s*)?(?P<rest>[:{;]|$)")
_ALIAS = re.compile(r"^using\s+(?P<name>\w+)\s*=")
_FUNCTION = re.compile(r"(?<![\w:~])(?P<name>[A-Za-z_]\w*)\s*\(")
_VARIABLE = re.compile(r"(?<![\w:~])(?P<name>[A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*(?:[={;]|$)")
# Macros of tests, which name what they define by themselves.
_MACRO = re.compile(r"^[A-Z][A-Z_]+\s*\(")
_NO_NAME = {"noexcept", "decltype", "alignas", "requires", "static_assert", "sizeof", "if", "for", "while", "switch"}


@dataclass(frozen=True)
class Name:
    scope: str  # Of the namespace around it.
    name: str
    what: str  # Of a function its parameters, of an alias all of it; else empty.
    path: str
    line: int


def together(root: Path) -> list[tuple[str, list[Path]]]:
    """The files that are compiled as one, each time with their target."""
    most = re.search(r'TIDEMILL_UNITY_FILES (\d+)', (root / "CMakeLists.txt").read_text(encoding="utf-8"))
    if not most:
        raise SystemExit(f"{CHECK}: CMakeLists.txt does not say how many files are compiled as one (TIDEMILL_UNITY_FILES)")
    found = []
    for cmake in walk(root, ("CMakeLists.txt",)):
        text = re.sub(r"#[^\n]*", "", cmake.read_text(encoding="utf-8"))
        for match in _TARGET.finditer(text):
            words = match[2].split()
            lists: dict[str, list[str]] = {}
            for word in words:
                if word in _WORDS:
                    current = lists.setdefault(word, [])
                elif lists:
                    current.append(word)
            files = [cmake.parent / name for name in lists.get("SOURCES", []) if name.endswith(".cc")]
            name = (lists.get("NAME") or ["?"])[0]
            target = f"{name}_test" if match[1] == "test" else f"tidemill_{name}"
            for at in range(0, len(files), int(most[1])):
                found.append((target, [file for file in files[at : at + int(most[1])] if file.exists()]))
    return found


def without_angles(text: str) -> str:
    """Template lists removed, so that what stands in them is no name."""
    shorter = re.sub(r"<[^<>;{}()]*>", "", text)
    return without_angles(shorter) if shorter != text else text


def parameters(text: str, start: int) -> str:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            inside = text[start + 1 : at]
            break
    else:
        inside = text[start + 1 :]
    # Types alone: names and defaults may differ.
    types = [re.sub(r"\s*=.*$", "", part.strip()) for part in re.split(r",(?![^<(]*[>)])", inside)]
    types = [re.sub(r"(?<=[\w>&*\s])\s*\b\w+$", "", one) if re.search(r"[\s&*]\w+$", one) else one for one in types]
    return "(" + ", ".join(re.sub(r"\s+", "", one) for one in types) + ")"


def name_of(statement: str) -> tuple[str, str] | None:
    """(name, parameters or nothing) of a declaration at the level of a namespace."""
    text = statement.strip()
    while text.startswith("template"):
        shorter = re.sub(r"^template\s*<[^<>]*(?:<[^<>]*(?:<[^<>]*>[^<>]*)*>[^<>]*)*>\s*(?:requires\b[^;{]*?\)\s*)?", "", text)
        if shorter == text:
            return None
        text = shorter
    text = re.sub(r"^(?:\[\[\w+\]\]\s*)+", "", text)
    if not text or text.startswith(("using namespace", "namespace", "friend", "static_assert", "extern", "#", "~")) or _MACRO.match(text):
        return None
    alias = _ALIAS.match(text)
    if alias:
        return alias["name"], re.sub(r"\s+", "", text)  # The same twice is allowed.
    kind = _TYPE.match(text)
    if kind:
        return (kind["name"], "") if kind["rest"] != ";" else None
    if text.startswith("using"):
        return None
    if "operator" in text.split("(")[0]:
        return None
    flat = without_angles(text)
    if re.match(r"[^(={]*::\s*~?\w+\s*\(", flat):
        return None  # A member of a class.
    assigned = min((at for at in (flat.find("="), flat.find("{")) if at >= 0), default=len(flat))
    function = next((m for m in _FUNCTION.finditer(flat[:assigned] if "(" in flat[:assigned] else "")
                     if m["name"] not in _NO_NAME), None)
    if function:
        return function["name"], parameters(flat, function.end() - 1)
    variable = _VARIABLE.search(flat)
    return (variable["name"], "") if variable and variable.start() > 0 else None


def own_names(path: str, code: str) -> list[Name]:
    """What the file keeps to itself."""
    code = re.sub(r"(?m)^[ \t]*#.*(?:\\\n.*)*$", lambda match: re.sub(r"[^\n]", " ", match[0]), code)
    found: list[Name] = []
    scopes: list[str | None] = []  # Of the namespaces around; None: an anonymous one.
    start = at = 0
    while at < len(code):
        char = code[at]
        if char == "}":
            if scopes:
                scopes.pop()
            at += 1
            start = at
            continue
        if char not in "{;":
            at += 1
            continue
        statement = code[start:at]
        space = _NAMESPACE.search(statement) if char == "{" else None
        if space:
            scopes.append(space["name"])
            at += 1
            start = at
            continue
        end = at
        if char == "{":
            end = closing(code, at)
        mine = None in scopes or re.match(r"\s*static\b", statement) is not None
        if mine:
            named = name_of(statement + char)
            if named:
                line = code.count("\n", 0, start + len(statement) - len(statement.lstrip())) + 1
                scope = "::".join(name for name in scopes if name)
                found.append(Name(scope, named[0], named[1], path, line))
        at = end + 1
        # What follows a body is no part of it, but for the semicolon of a type or a value.
        start = at
    return found


def closing(code: str, at: int) -> int:
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, at):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)


def collide(one: Name, other: Name) -> bool:
    """Functions of other parameters are others; an alias may be repeated."""
    if one.what.startswith("(") and other.what.startswith("("):
        return one.what == other.what
    return not (one.what.startswith("using") and one.what == other.what)


def collisions(target: str, names: list[Name]) -> list[Finding]:
    by_name: dict[tuple[str, str], list[Name]] = {}
    for name in names:
        by_name.setdefault((name.scope, name.name), []).append(name)
    findings = []
    for same in by_name.values():
        for at, later in enumerate(same):
            earlier = next((one for one in same[:at] if one.path != later.path and collide(one, later)), None)
            if earlier:
                findings.append(Finding(
                    later.path, later.line, f"{later.name} is a name of {earlier.path}:{earlier.line} too",
                    f"both files of {target} are compiled as one", "rename one of the two"))
    return findings


def find(root: Path) -> tuple[list[Finding], dict[str, str]]:
    texts: dict[str, str] = {}
    findings = []
    for target, files in together(root):
        names = []
        for file in files:
            source = read_source(root, file)
            texts[source.path] = source.text
            names += own_names(source.path, source.code)
        findings += collisions(target, names)
    return findings, texts


if __name__ == "__main__":
    sys.exit(run(CHECK, __doc__, find))
