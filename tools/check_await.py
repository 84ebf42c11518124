#!/usr/bin/env python3
"""Refuses the forms of co_await that g++ 12 miscompiles, or that read freed memory. See docs/ARCHITECTURE.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from checklib import Finding, Source, bracket_pairs, run, sources

CHECK = "check_await"
_WHY = "g++ 12 miscompiles it"
# What may stand before an await in its statement: nothing, co_return, or a declaration or assignment.
_SAFE_PREFIX = re.compile(r"^(?:co_return|(?:\[\[\w+\]\]\s*)?[\w:<>,&*.\s\[\]()>-]*[\w\]>&]\s*=)?$", re.DOTALL)
_LABEL = re.compile(r"^(?:(?:case\s+[\w:]+|default)\s*:\s*)+")
_BARE_PREFIX = re.compile(r"^(?:else|do)\b\s*")
# A header that opens a block of statements; anything else before '{' makes it a braced list.
_BLOCK_HEADER = re.compile(
    r"(?:^|[;{}:)]|\b(?:else|do|try|noexcept|const|mutable|override|final)|->\s*[\w:<>&*,\s]+)$", re.DOTALL)
# Temporaries with a destructor, built inside the arguments. Times are plain numbers and harmless.
_TEMPORARY = re.compile(r"(?<![\w.>])(?:\w+::)*(?!(?:TimePoint|Duration|WallTime|Milliseconds|Seconds|Minutes|Time)\b)"
                        r"[A-Z]\w*[a-z]\w*\s*\(|\bstd::(?:string|vector|make_unique|make_shared|optional|map|pair|tuple"
                        r"|function)\b\s*(?:<[^;()]*>)?\s*\(|\bfmt::format\s*\(")


def statement_start(code: str, position: int, pairs: dict[int, int]) -> tuple[int, str]:
    """Walks back to what the await stands in: (start, ';' a statement | '(' parentheses | '{' a braced list)."""
    at = position - 1
    while at >= 0:
        char = code[at]
        if char in ")]":
            at = pairs.get(at, at)
        elif char == "}":
            opened = pairs.get(at, at)
            if is_block(code, opened):
                return at + 1, ";"
            at = opened
        elif char == ";":
            return at + 1, ";"
        elif char in "([":
            return at + 1, "("
        elif char == "{":
            return at + 1, ";" if is_block(code, at) else "{"
        at -= 1
    return 0, ";"


def is_block(code: str, brace: int) -> bool:
    before = code[max(0, brace - 200) : brace].rstrip()
    return bool(_BLOCK_HEADER.search(before))


def operand_end(code: str, position: int, pairs: dict[int, int]) -> int:
    """The end of the statement that holds the await: its ';', or the bracket that closes around it."""
    at = position
    while at < len(code) and code[at] not in ";)]}":
        at = pairs.get(at, at) + 1 if code[at] in "([{" else at + 1
    return at


def strip_controls(prefix: str) -> str:
    """Drops labels and `if (…)`, `for (…)`, `while (…)`, `else` before the statement that they rule."""
    while True:
        prefix = prefix.strip()
        shorter = _BARE_PREFIX.sub("", _LABEL.sub("", prefix))
        match = re.match(r"(?:if(?:\s+constexpr)?|for|while)\s*\(", shorter)
        if match:
            end = bracket_pairs(shorter).get(match.end() - 1)
            if end is not None:
                shorter = shorter[end + 1 :]
        if shorter == prefix:
            return prefix
        prefix = shorter


def check_form(code: str, position: int, pairs: dict[int, int]) -> tuple[str, str] | None:
    """(what, how to mend) for an await of an unsafe form."""
    start, kind = statement_start(code, position, pairs)
    own = "await in a statement of its own: `auto r = co_await f(x);`, then use r"
    if kind == "(":
        head = code[max(0, start - 40) : start - 1].rstrip()
        word = re.search(r"(\w*)$", head)[1]
        inside = "a condition" if word in ("if", "while", "switch", "for") else "parentheses or an argument list"
        return f"co_await inside {inside}", own
    if kind == "{":
        return "co_await inside a braced list", own
    prefix = strip_controls(code[start:position])
    if "?" in prefix:
        return "co_await in a branch of a ternary", "use if and two statements"
    if not _SAFE_PREFIX.match(prefix) or prefix.endswith(("==", "!=", "<=", ">=")):
        return "co_await in the middle of an expression", own
    operand = code[position + len("co_await") : operand_end(code, position, pairs)]
    return check_operand(operand.strip(), own)


def check_operand(operand: str, own: str) -> tuple[str, str] | None:
    named = "build the argument before, as a named variable, and pass it or std::move(it)"
    flat = flatten(operand)
    if "?" in flat or (operand.startswith("(") and "?" in operand):
        return "a ternary around co_await", "use if and two statements"
    if re.search(r"&&|\|\||[!=<>]=|<<|[+*/%]", flat) or re.search(r"[)\w]\s+[-&|<>]\s+", flat):
        return "an operator around co_await", own
    if re.search(r"(?<![\w\])])\[\s*[^\]\s]", operand):
        return "a capturing lambda among the arguments of co_await", named
    if "{" in operand:
        return "a braced temporary among the arguments of co_await", named
    first = operand.find("(")
    if first >= 0 and _TEMPORARY.search(operand[first + 1 :]):
        return "a temporary object among the arguments of co_await", named
    return None


def flatten(operand: str) -> str:
    """The operand without what stands in brackets and template lists."""
    flat = operand
    for brackets in (r"\([^()]*\)", r"\[[^\[\]]*\]", r"\{[^{}]*\}"):
        while re.search(brackets, flat):
            flat = re.sub(brackets, "", flat)
    return re.sub(r"\w<[^<>;]*>", "T", flat)


def catch_blocks(code: str, pairs: dict[int, int]) -> list[tuple[int, int]]:
    ranges = []
    for match in re.finditer(r"\bcatch\s*\(", code):
        closed = pairs.get(match.end() - 1)
        brace = code.find("{", closed) if closed is not None else -1
        if brace >= 0 and brace in pairs:
            ranges.append((brace, pairs[brace]))
    return ranges


def lambda_coroutines(code: str, pairs: dict[int, int]) -> list[int]:
    """Capturing lambdas that return a Task and are called on the spot: the captures die with the lambda."""
    found = []
    for match in re.finditer(r"(?<![\w\])])\[\s*[^\]\s][^\]]*\]\s*\([^()]*\)[^{};]*->\s*[\w:]*\bTask<[^{};]*\{", code):
        closed = pairs.get(match.end() - 1)
        if closed is not None and code[closed + 1 : closed + 20].lstrip().startswith("("):
            found.append(match.start())
    return found


def check(file: Source) -> list[Finding]:
    if "co_await" not in file.code and "Task<" not in file.code:
        return []
    pairs = bracket_pairs(file.code)
    caught = catch_blocks(file.code, pairs)
    findings = []
    for match in re.finditer(r"\bco_await\b", file.code):
        line = file.line_of(match.start())
        if re.search(r"\boperator\s*$", file.code[: match.start()][-20:]):
            continue
        wrong = check_form(file.code, match.start(), pairs)
        if wrong:
            findings.append(Finding(file.path, line, wrong[0], _WHY, wrong[1]))
        if any(start < match.start() < end for start, end in caught):
            findings.append(Finding(file.path, line, "co_await in a catch block", "the standard forbids it",
                                    "remember the failure, await after the block"))
    for position in lambda_coroutines(file.code, pairs):
        findings.append(Finding(file.path, file.line_of(position), "a capturing lambda coroutine called on the spot",
                                "its captures die before the task runs", "keep the lambda in a variable, or write a function"))
    return findings


def find(root: Path) -> tuple[list[Finding], dict[str, str]]:
    files = sources(root)
    return [finding for file in files for finding in check(file)], {file.path: file.text for file in files}


if __name__ == "__main__":
    sys.exit(run(CHECK, __doc__, find))
