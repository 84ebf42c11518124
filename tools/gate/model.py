"""The step that checks the protocol models of docs/model."""

from __future__ import annotations

import re

from tools import check_model
from tools.gate.results import Result
from tools.gate.runner import Gate, needs, skipped


def model(gate: Gate) -> Result:
    """The true models hold, and each planted mistake is refuted."""
    missing = needs(*check_model.TOOLS)
    if missing:
        return skipped(missing)

    def one(name: str) -> Result:
        ran = gate.run("/usr/bin/env", "python3", "-B", "tools/check_model.py", "--only", name)
        result = Result()
        result.check(f"model {name}", ran.code == 0 and "checks: 1 wrong: 0" in ran.stdout, ran.output,
                     f"tools/check_model.py --only {name} --trail")
        found = re.search(rf"^{name}: holds states=.*$", ran.stdout, re.MULTILINE)
        if found:
            result.notes.append(found[0])
        return result

    return gate.all((lambda name=check.name: one(name)) for check in check_model.CHECKS)
