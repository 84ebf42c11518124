"""The interpreter with the pinned clients, and the paths, for the scripts of this folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def use_the_pinned_clients(script: str) -> None:
    """Goes on with the interpreter of build/venv, where boto3 and moto are, and finds the modules of both folders."""
    folder = ROOT / "build" / "venv"
    python = folder / "bin" / "python"
    if python.exists() and Path(sys.prefix).resolve() != folder.resolve():
        os.execv(python, [str(python), "-B", script, *sys.argv[1:]])
    sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "interop")]
    os.environ.setdefault("TIDEMILL_BIN", str(ROOT / "build" / "release" / "tidemill"))
