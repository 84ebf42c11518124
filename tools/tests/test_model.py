"""What spin's verifier says is read strictly: only a complete search without an error is a proof."""

from __future__ import annotations

import re
import unittest

from tools import check_model
from tools.check_model import CHECKS, ROOT, verdict

HOLDS = "State-vector 72 byte, depth reached 9, errors: 0\n      380 states, stored\n"
REFUTED = """pan:1: assertion violated  !(a&&b) (at depth 12)
Warning: Search not completed
State-vector 72 byte, depth reached 12, errors: 1
      71 states, stored
"""


class Verdicts(unittest.TestCase):
    def test_a_complete_search_without_errors_holds(self) -> None:
        found = verdict(HOLDS)
        self.assertTrue(found.holds)
        self.assertEqual((found.refuted, found.states), ("", 380))

    def test_a_violated_claim_refutes_and_is_named(self) -> None:
        found = verdict(REFUTED)
        self.assertFalse(found.holds)
        self.assertEqual(found.refuted, "!(a&&b)")

    def test_an_incomplete_search_proves_nothing(self) -> None:
        for word in ("error: max search depth too small\n", "pan: out of memory\n", "pan: reached -DMEMLIM bound\n",
                     "Warning: Search not completed\n"):
            found = verdict(word + HOLDS)
            self.assertEqual((found.holds, found.refuted), (False, ""), word)

    def test_a_deadlock_neither_holds_nor_refutes(self) -> None:
        found = verdict(REFUTED.replace("assertion violated  !(a&&b)", "invalid end state"))
        self.assertEqual((found.holds, found.refuted), (False, ""))

    def test_silence_proves_nothing(self) -> None:
        self.assertEqual((verdict("").holds, verdict("").refuted), (False, ""))


class Checks(unittest.TestCase):
    def test_every_planted_mistake_of_a_model_is_checked_and_exists(self) -> None:
        for name in ("lease", "family"):
            text = (ROOT / "docs" / "model" / f"{name}.pml").read_text(encoding="utf-8")
            in_model = set(re.findall(r"^#ifdef (PLANT_\w+)", text, re.MULTILINE))
            checked = {option for check in CHECKS if check.model == name for option in check.options
                       if option.startswith("PLANT_")}
            self.assertEqual(in_model, checked)

    def test_names_are_unique(self) -> None:
        names = [check.name for check in check_model.CHECKS]
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    unittest.main()
