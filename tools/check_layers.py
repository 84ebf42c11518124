#!/usr/bin/env python3
"""Refuses includes that go up the layers, or sideways. The order stands in docs/ARCHITECTURE.md, nowhere else."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from checklib import Finding, Source, run, sources

CHECK = "check_layers"
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.MULTILINE)
# Third-party names that must not reach a user through a public header.
_PRIVATE_LIBRARY = re.compile(r"^(boost/|asio|simdjson|nlohmann/|fmt/|spdlog/|curl/|openssl/|sqlite3|coroutine$)")
_PUBLIC_LIBRARY = re.compile(r"^tl/expected\.hpp$")


def read_order(architecture: str) -> dict[str, int]:
    """The rank of each layer: from the lines after `Order:`; layers in one rank are divided by commas."""
    match = re.search(r"^Order: (.+?)\n(?:\s*\n|```)", architecture, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ValueError("docs/ARCHITECTURE.md has no paragraph that starts with `Order: `")
    ranks: dict[str, int] = {}
    for rank, group in enumerate(re.split(r"→|->|<", match[1])):
        for name in group.replace("`", "").split(","):
            ranks[name.strip()] = rank
    return ranks


def public_layers(files: list[Source], ranks: dict[str, int]) -> dict[str, str]:
    """The layer that implements a public header: the lowest one with a .cc of the same name that includes it."""
    layers: dict[str, str] = {}
    for file in files:
        folder, stem = layer_of(file.path), Path(file.path).stem
        if folder not in ranks or file.is_test or not file.path.endswith(".cc"):
            continue
        name = f"tidemill/{stem}.h"
        if f'#include "{name}"' not in file.text:
            continue
        if name not in layers or ranks[folder] < ranks[layers[name]]:
            layers[name] = folder
    return layers


def layer_of(path: str) -> str:
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else ""


def may_include(file: Source, target: str, ranks: dict[str, int]) -> str | None:
    """Why `file` may not include something of layer `target`, or None."""
    own = layer_of(file.path)
    if target == own or file.path.startswith(("tests/", "bench/")):
        return None
    if target == "sim":
        return None if file.is_test or own == "cli" else "only tests and cli may use the simulator"
    if target == "fake" and not (file.is_test or own in ("cli", "sim")):
        return "only cli, sim and tests may use the fake AWS"
    if own == "sim":
        return None if target != "cli" else "the simulator is used by cli, so it cannot use it"
    if target == "fake" and file.is_test:
        return None
    if own == "fake" and ranks[target] > ranks["aws"] and not file.is_test:
        return "the fake AWS uses nothing above aws, so that it cannot share our mistakes"
    if ranks[target] > ranks[own]:
        return f"{own} lies below {target}"
    if ranks[target] == ranks[own]:
        return f"{own} and {target} are siblings"
    return None


def check_private(file: Source, ranks: dict[str, int], public: dict[str, str]) -> list[Finding]:
    findings = []
    for match in _INCLUDE.finditer(file.text):
        name, line = match[2], file.line_of(match.start())
        folder = public.get(name, "") if name.startswith("tidemill/") else name.split("/")[0]
        if "/" not in name or (folder not in ranks and folder != "sim"):
            if match[1] == '"' and not name.startswith("tidemill/") and not file.path.startswith(("tests/", "bench/")):
                findings.append(Finding(file.path, line, f'"{name}" is no file of a layer',
                                        "includes name their folder from src/ on", 'write "folder/file.h"'))
            continue
        reason = may_include(file, folder, ranks)
        if reason:
            findings.append(Finding(file.path, line, f"{layer_of(file.path)} includes {name}", reason,
                                    "move what you need down, or hand it in from above"))
    return findings


def check_public(file: Source) -> list[Finding]:
    findings = []
    for match in _INCLUDE.finditer(file.text):
        quoted, name, line = match[1] == '"', match[2], file.line_of(match.start())
        if quoted and name.startswith("tidemill/"):
            continue
        if not quoted and "/" not in name and not _PRIVATE_LIBRARY.match(name):
            continue
        if not quoted and _PUBLIC_LIBRARY.match(name):
            continue
        findings.append(Finding(file.path, line, f"a public header includes {name}",
                                "users get only public headers, the standard library and tl::expected",
                                "hide it behind a forward declaration or a pointer to an implementation"))
    for match in re.finditer(r"\bco_(await|return|yield)\b", file.code):
        findings.append(Finding(file.path, file.line_of(match.start()), "a coroutine in a public header",
                                "the public API works without coroutines", "move the body into src/"))
    return findings


def check_cmake(root: Path, ranks: dict[str, int]) -> tuple[list[Finding], dict[str, str]]:
    """The DEPENDS of each library name only layers that its files may include."""
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    for path in sorted(root.glob("src/*/CMakeLists.txt")):
        name, own = path.relative_to(root).as_posix(), path.parent.name
        text = texts[name] = path.read_text()
        for match in re.finditer(r"tidemill_library\(([^)]*)\)", text):
            depends = re.search(r"\bDEPENDS\s+([a-z0-9_\s]+)", match[1])
            for layer in depends[1].split() if depends else []:
                file = Source(f"src/{own}/CMakeLists.txt", "", "")
                # src/sim/workloads and src/stream/checkpoint are libraries of their own.
                folder = {"workloads": "sim", "checkpoint": "stream"}.get(layer, layer)
                known = folder in ranks or folder == "sim"
                if folder != own and (not known or may_include(file, folder, ranks)):
                    findings.append(Finding(name, text.count("\n", 0, match.start()) + 1,
                                            f"library {own} depends on {layer}",
                                            "it does not lie below", "depend on lower layers only"))
    return findings, texts


def find(root: Path) -> tuple[list[Finding], dict[str, str]]:
    architecture = root / "docs" / "ARCHITECTURE.md"
    ranks = read_order(architecture.read_text(encoding="utf-8"))
    files = sources(root)
    public = public_layers(files, ranks)
    findings, texts = check_cmake(root, ranks)
    for file in files:
        texts[file.path] = file.text
        own = layer_of(file.path)
        if file.path.startswith("include/"):
            findings += check_public(file)
        elif file.path.startswith("src/") and own not in ranks and own != "sim":
            findings.append(Finding(file.path, 1, f"folder {own or 'src'} is no layer",
                                    "the order in docs/ARCHITECTURE.md does not name it", "add it there, in its place"))
        elif not file.path.startswith("examples/"):
            findings += check_private(file, ranks, public)
    return findings, texts


if __name__ == "__main__":
    sys.exit(run(CHECK, __doc__, find))
