"""The gate counts what test programs report, survives broken steps, and cleans up after itself."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from tools.gate import sim, steps
from tools.gate.results import Failure, Result, read_ctest, read_junit
from tools.gate.runner import Gate, Ran, Step, run_all, skipped

GTEST = """<testsuites tests="4"><testsuite name="A">
<testcase name="Works" status="run" result="completed" classname="A"/>
<testcase name="Fails" status="run" result="completed" classname="A"><failure message="1 is not 2">here</failure></testcase>
<testcase name="Skips" status="run" result="skipped" classname="A"><skipped message="no disk"/></testcase>
<testcase name="Off" status="notrun" result="suppressed" classname="A"/>
</testsuite></testsuites>"""


class InTemporaryFolder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.gate = Gate(self.folder, "gate")
        self.addCleanup(self.gate.close)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Reports(InTemporaryFolder):
    def test_every_case_of_a_googletest_report_is_counted(self) -> None:
        result = read_junit(self.write("a.xml", GTEST), repeat="a_test --gtest_filter={name}")
        self.assertEqual((result.passed, result.failed, result.skipped), (1, 1, 2))
        self.assertEqual(result.failures[0].name, "A.Fails")
        self.assertIn("1 is not 2", result.failures[0].output)
        self.assertEqual(result.failures[0].repeat, "a_test --gtest_filter=A.Fails")

    def ctest(self, status: str) -> Path:
        return self.write("ctest.xml", f'<testsuite><testcase name="a_test" status="{status}">'
                                       "<system-out>Segmentation fault</system-out></testcase></testsuite>")

    def test_a_program_that_died_before_its_report_is_one_failure(self) -> None:
        result = read_ctest(self.ctest("fail"), self.folder / "cases")
        self.assertEqual((result.passed, result.failed), (0, 1))
        self.assertIn("Segmentation fault", result.failures[0].output)

    def test_a_program_that_died_after_its_report_is_one_failure_more(self) -> None:
        passing = GTEST.replace('<failure message="1 is not 2">here</failure>', "")
        self.write("cases/a_test.xml", passing)
        result = read_ctest(self.ctest("fail"), self.folder / "cases")
        self.assertEqual((result.passed, result.failed), (2, 1))

    def test_a_torn_report_is_a_failure(self) -> None:
        self.write("cases/a_test.xml", GTEST[:100])
        self.assertEqual(read_ctest(self.ctest("run"), self.folder / "cases").failed, 1)

    def test_cases_stand_in_for_their_program(self) -> None:
        self.write("cases/a_test.xml", GTEST)
        result = read_ctest(self.ctest("run"), self.folder / "cases")
        self.assertEqual((result.passed, result.failed, result.skipped), (1, 1, 2))


class Running(InTemporaryFolder):
    def run_all(self, *steps: Step, ci: str = "") -> tuple[int, list[str]]:
        out = io.StringIO()
        with mock.patch.dict(os.environ, {"CI": ci}), contextlib.redirect_stdout(out):
            code = run_all(list(steps), self.gate)
        return code, out.getvalue().splitlines()

    def test_the_last_line_counts_and_stands_alone(self) -> None:
        code, lines = self.run_all(Step("a", lambda gate: Result(passed=3)), Step("b", lambda gate: Result(passed=2)))
        self.assertEqual((code, lines[-1]), (0, "5 passed, 0 failed, 0 skipped"))

    def test_a_failure_prints_its_output_and_the_command_that_repeats_it(self) -> None:
        failure = Failure("x seed 7", "line 1\nline 2", f"{self.folder}/build/tidemill sim x --seeds 7..7")
        code, lines = self.run_all(Step("a", lambda gate: Result(passed=1, failures=[failure])))
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertIn("FAILED x seed 7", lines)
        self.assertIn("   | line 2", lines)
        self.assertIn("   repeat: build/tidemill sim x --seeds 7..7", lines)

    def test_a_step_without_its_tool_is_skipped_and_fails_in_ci(self) -> None:
        step = Step("a", lambda gate: skipped("node not installed"))
        code, lines = self.run_all(step, Step("b", lambda gate: Result(passed=1)))
        self.assertEqual((code, lines[-1]), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped: node not installed", lines)
        code, lines = self.run_all(step, Step("b", lambda gate: Result(passed=1)), ci="true")
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_broken_step_does_not_hide_the_others(self) -> None:
        def broken(gate: Gate) -> Result:
            raise ValueError("oops")

        code, lines = self.run_all(Step("a", broken), Step("b", lambda gate: Result(passed=1)))
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertTrue(any("ValueError: oops" in line for line in lines))

    def test_a_run_without_any_test_is_a_failure(self) -> None:
        code, lines = self.run_all(Step("a", lambda gate: Result()))
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed, 0 skipped"))

    def test_the_table_has_a_row_for_each_step(self) -> None:
        _, lines = self.run_all(Step("alpha", lambda gate: Result(passed=1)), Step("beta", lambda gate: Result(passed=1)))
        for name in ("alpha", "beta", "total"):
            self.assertTrue(any(re.match(rf"{name} +\d+\.\d +\d+ +\d+ +\d+$", line) for line in lines), name)

    def test_a_command_that_hangs_is_stopped_with_its_children(self) -> None:
        start = time.monotonic()
        ran = self.gate.run("bash", "-c", "echo begun; sleep 100 & sleep 100", timeout=0.5)
        self.assertEqual(ran.code, 124)
        self.assertIn("begun", ran.output)
        self.assertLess(time.monotonic() - start, 20)

    def test_pieces_run_side_by_side_and_are_added_up(self) -> None:
        result = self.gate.all((lambda: Result(passed=1)) for _ in range(10))
        self.assertEqual(result.passed, 10)


class Simulation(InTemporaryFolder):
    def seeds(self, code: int, stdout: str) -> Result:
        ran = Ran("build/release/tidemill sim word_count --seeds 1..20", code, stdout, "", 1.0)
        with mock.patch.object(sim, "sim", return_value=ran):
            return sim.seeds_pass(self.gate, "release", "word_count", 1, 20)

    def test_each_seed_counts(self) -> None:
        self.assertEqual(self.seeds(0, "seeds: 20 failed: 0 hash: 1f2e\n").passed, 20)

    def test_a_failed_seed_is_named_with_its_command(self) -> None:
        result = self.seeds(1, "FAILED seed=7 invariant=I3\nseeds: 20 failed: 1 hash: 1f2e\n")
        self.assertEqual((result.passed, result.failed), (19, 1))
        self.assertEqual(result.failures[0].repeat, "build/release/tidemill sim word_count --seeds 7..7")

    def test_a_fault_that_never_came_is_a_failure(self) -> None:
        half = [f"{kind}=1" for kind in sim.FAULTS]
        result = Result(notes=["faults: " + " ".join(half[:3]), "faults: crashes=0 " + " ".join(half[3:-1])])
        sim.what_befell(result)
        self.assertEqual((result.passed, result.failed), (len(sim.FAULTS) - 1, 1))
        self.assertIn(sim.FAULTS[-1], result.failures[0].name)
        self.assertEqual(len(result.notes), 1)

    def test_a_run_that_says_nothing_or_too_little_is_a_failure(self) -> None:
        self.assertEqual(self.seeds(139, "").failed, 1)
        self.assertEqual(self.seeds(0, "seeds: 3 failed: 0 hash: 1f2e\n").failed, 1)
        self.assertEqual(self.seeds(1, "seeds: 20 failed: 0 hash: 1f2e\n").failed, 1)


class Kill9(InTemporaryFolder):
    def played(self, code: int = 0, kills: int = 16, exact: str = "exact: 8/8") -> Result:
        stdout = f"kills: {kills}\nrecords: 900\n{exact}\n"
        with mock.patch.object(self.gate, "run", return_value=Ran("scripts/kill9", code, stdout, "", 1.0)) as run:
            result = steps.kill9(self.gate)
        self.assertEqual([call.args[-1] for call in sorted(run.call_args_list, key=lambda call: call.args[4])],
                         ["1", "file:", "s3:", "hdfs:"])
        return result

    def test_every_place_counts(self) -> None:
        self.assertEqual((self.played().passed, self.played().failed), (4, 0))

    def test_what_is_not_exact_or_never_killed_is_a_failure(self) -> None:
        for wrong in ({"code": 1}, {"kills": 7}, {"exact": "exact: 7/8"}, {"exact": "exact: 8/8\nmore"}, {"exact": ""}):
            self.assertEqual(self.played(**wrong).failed, 4, wrong)


if __name__ == "__main__":
    unittest.main()
