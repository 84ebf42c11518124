"""The steps of the gate. To add one: write a function from Gate to Result, and add a line to STEPS at the end."""

from __future__ import annotations

import difflib
import re
from functools import partial
from pathlib import Path

from tools.gate import model, sim, tidy
from tools.gate.results import Result, read_ctest, read_junit
from tools.gate.runner import Gate, Step, needs, skipped

CHECKS = ("check_layers", "check_await", "check_determinism", "check_text", "check_together")
# The programs whose code runs on several threads.
THREADED = "^(base|rt|http|consume_threads|store_threads|stream_threads|persist)_test$"


def checks(gate: Gate) -> Result:
    """The source checks, and the proof that each of them catches something."""
    result = Result()
    for name in CHECKS:
        ran = gate.run("/usr/bin/env", "python3", "-B", f"tools/{name}.py")
        result.check(name, ran.code == 0, ran.output, ran.command)
    ran = gate.run("/usr/bin/env", "python3", "-B", "-m", "unittest", "discover", "-s", "tools/tests", "-t", ".")
    count = re.search(r"^Ran (\d+) tests?", ran.stderr, re.MULTILINE)
    if result.check("tools/tests", ran.code == 0 and count is not None, ran.output, ran.command):
        result.passed += int(count[1]) - 1
    return result


def formatting(gate: Gate) -> Result:
    missing = needs("clang-format-19")
    if missing:
        return skipped(missing)
    files = sorted(str(path.relative_to(gate.root)) for top in ("include", "src", "tests", "bench", "examples")
                   for path in (gate.root / top).rglob("*") if path.suffix in (".h", ".cc"))

    ran = gate.run("clang-format-19", "--dry-run", "-Werror", *files)
    bad = sorted({match[1] for match in re.finditer(r"^(\S+?):\d+:\d+: error", ran.stderr, re.MULTILINE)})
    result = Result(passed=len(files) - len(bad) - (0 if ran.code == 0 or bad else 1))
    if ran.code != 0:
        names = "\n".join(bad)
        result.check("layout", False, names or ran.output, "clang-format-19 -i " + " ".join(bad))
    return result


def build(preset: str, *options: str, only: str = ""):
    """Configures and builds a preset, or its programs whose names match `only`; a warning is an error."""

    def run(gate: Gate) -> Result:
        missing = needs("cmake", "ninja", "g++-12" if preset == "release" else "clang++-19")
        if missing:
            return skipped(missing)
        result = Result()
        with gate.building(preset):
            configured = gate.run("cmake", "--preset", preset, *options)
            if not result.check(f"configure {preset}", configured.code == 0, configured.output, configured.command):
                return result
            targets = ["--target", *programs(gate, preset, only)] if only else []
            built = gate.run("cmake", "--build", "--preset", preset, "-j", str(gate.jobs), *targets, timeout=3600)
            result.check(f"build {preset}", built.code == 0, built.output, built.command)
        return result

    return run


def programs(gate: Gate, preset: str, pattern: str) -> list[str]:
    ran = gate.run("ninja", "-C", f"build/{preset}", "-t", "targets", "all")
    return sorted(name for name in re.findall(r"^(\w+): phony", ran.stdout, re.MULTILINE) if re.search(pattern, name))


def ctest(preset: str, only: str = "", **environment: str):
    """The unit tests of a preset, counted one by one."""

    def run(gate: Gate) -> Result:
        folder = gate.root / "build" / preset
        if not (folder / "CTestTestfile.cmake").exists():
            return Result().add(not_built(folder))
        cases = gate.temporary / f"{preset}-cases"
        report = gate.temporary / f"{preset}-ctest.xml"
        ran = gate.run("ctest", "--test-dir", folder, "-L", "unit", "-j", str(gate.jobs), "--output-junit", report,
                       "--no-tests=error", *(["-R", only] if only else []), timeout=1800,
                       GTEST_OUTPUT=f"xml:{cases}/", **environment)
        if not report.exists():
            result = Result()
            result.check(f"ctest {preset}", False, ran.output, ran.command)
            return result
        return read_ctest(report, cases)

    return run


def not_built(path: Path) -> Result:
    result = Result()
    result.check(f"{path.name} exists", False, f"{path} was not built: see the build step")
    return result


def configuration(gate: Gate) -> Result:
    """docs/CONFIGURATION.md says what the one table in the code says."""
    document, command = "docs/CONFIGURATION.md", ("build/release/tidemill", "conf", "--markdown")
    program = gate.root / command[0]
    if not program.exists():
        return Result().add(not_built(program))
    result = Result()
    ran = gate.run(*command)
    renew = " ".join(command) + f" > {document}"
    written = (gate.root / document).read_text(encoding="utf-8") if (gate.root / document).exists() else ""
    result.check(f"{document} is what the code says", ran.code == 0 and ran.stdout == written,
                 difference(written, ran.stdout) if ran.code == 0 else ran.output, renew)
    return result


def difference(written: str, told: str) -> str:
    return "\n".join(difflib.unified_diff(written.splitlines(), told.splitlines(), "written", "told", lineterm="", n=0))


def fields(stdout: str) -> dict[str, str]:
    """The `key: value` lines of a program's results."""
    return dict(line.split(": ", 1) for line in stdout.splitlines() if ": " in line)


def demo(gate: Gate) -> Result:
    """The main job on real sockets: exact through a split, a merge and a SIGKILL, and able to be wrong."""
    result = Result()
    good = gate.run("scripts/demo", "--seed", "1", timeout=900)
    found = fields(good.stdout)
    wanted = {"exact": "yes", "kills": "1", "shards seen": "7"}
    for key, value in wanted.items():
        result.check(f"demo: {key}: {value}", good.code == 0 and found.get(key) == value, good.output, good.command)
    result.check("demo: records were read", int(found.get("records", "0") or 0) > 0, good.output, good.command)
    lost, rebuilt = found.get("blocks lost", "0"), found.get("rebuilt", "0")
    result.check("demo: blocks were lost, and read again", int(lost) > 0 and rebuilt == lost, good.output, good.command)
    bad = gate.run("scripts/demo", "--seed", "2", "--plant", "drop-record", timeout=900)
    result.check("demo: a dropped record is noticed", bad.code == 1 and fields(bad.stdout).get("exact") == "no",
                 bad.output, bad.command)
    result.notes.append(f"demo: {good.seconds:.0f} s, {found.get('records')} records, {found.get('batches')} batches")
    return result


PLACES = ("", "file:", "s3:", "hdfs:")


def kill9(gate: Gate) -> Result:
    """A real consumer killed at random moments, without a checkpoint directory and with one in each kind of place."""
    runs = gate.pick(2, 8, 20)

    def one(seed: int, place: str) -> Result:
        options = ("--checkpoint-dir", place) if place else ()
        ran = gate.run("scripts/kill9", "--runs", str(runs), "--seed", str(seed), *options, timeout=3600)
        found = fields(ran.stdout)
        kills, records = (int(text) if (text := found.get(key, "")).isdigit() else 0 for key in ("kills", "records"))
        name = f"kill9 {place or 'without a directory'}"
        result = Result(notes=[f"{name}: {ran.seconds:.0f} s, {kills} kills, {records} records"])
        result.check(name, ran.code == 0 and ran.stdout.splitlines()[-1:] == [f"exact: {runs}/{runs}"]
                     and kills >= runs and records > 0, ran.output, ran.command)
        return result

    # Most of their time they wait.
    return gate.all((partial(one, seed, place) for seed, place in enumerate(PLACES, 1)), at_once=len(PLACES))


def pytest(*paths: str, without: tuple[str, ...] = ()):
    """Tests that talk to the program from outside, with clients and servers that nobody here wrote."""

    def run(gate: Gate) -> Result:
        python = gate.root / "build" / "venv" / "bin" / "python"
        if not python.exists():
            return skipped("no Python test clients in build/venv (tests/requirements.txt); scripts/setup says why")
        files = [path for path in paths if (gate.root / path).exists()]
        if not files:
            return Result().add(not_built(gate.root / paths[0]))
        report = gate.temporary / f"pytest-{Path(files[0]).stem}.xml"
        # Most of a test is waiting: two at a time, each file in one process, as its tests share servers.
        ran = gate.run(python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
                       "-n", "2", "--dist", "loadfile", "-m", gate.pick("not slow", "", ""),
                       f"--basetemp={gate.temporary / Path(files[0]).stem}", *[f"--ignore={path}" for path in without],
                       *files, timeout=gate.pick(300, 1200, 2400), TIDEMILL_BIN=str(gate.root / "build/release/tidemill"),
                       TIDEMILL_PEERS=str(gate.root / "build/peers/node_modules"), AWS_EC2_METADATA_DISABLED="true")
        if not report.exists():
            result = Result()
            result.check(f"pytest {files[0]}", False, ran.output, ran.command)
            return result
        return read_junit(report, repeat="TIDEMILL_BIN=build/release/tidemill build/venv/bin/python -m pytest "
                                         + " ".join(files) + " -k {case}")

    return run


KINESIS_LOCAL = "tests/integration/kinesis_local_test.py"


def kinesis_local(gate: Gate) -> Result:
    missing = needs("node")
    if missing or not (gate.root / "build/peers/node_modules/kinesis-local").exists():
        return skipped(missing or "no kinesis-local in build/peers (tests/package.json); scripts/setup says why")
    return pytest(KINESIS_LOCAL)(gate)


def interop(gate: Gate) -> Result:
    """Java KCL workers and ours on one stream and one lease table. They bring their own judge."""
    missing = needs("java", "javac", "mvn")
    if missing:
        return skipped(missing)
    versions = ("2.7.2", "1.15.3", "1.12.0")
    # 77: there are no libraries to test with.
    ran = gate.run("tests/interop/run", *[word for version in versions for word in ("--kcl", version)],
                   timeout=1800, TIDEMILL_BIN=str(gate.root / "build/release/tidemill"))
    if ran.code == 77:
        return skipped(ran.stderr.strip().splitlines()[0])
    result = Result(notes=[f"interop: {ran.seconds:.0f} s, {ran.stdout.strip()}"])
    told = re.fullmatch(r"delivered: (\d+)/\1 regressions: 0 overlaps: 0", ran.stdout.strip())
    result.check("interop: one fleet with Java", ran.code == 0 and told is not None, ran.output, ran.command)
    return result


def fuzz(gate: Gate) -> Result:
    """Every fuzz target for a while, from its seeds, with findings printed as a command."""
    targets = sorted(path for path in (gate.root / "build/asan/bin").glob("*")
                     if path.is_file() and (path.name.startswith("fuzz_") or path.name.endswith("_fuzz")))
    if not targets:
        return Result().add(not_built(gate.root / "build/asan/bin/fuzz_*"))
    seconds = gate.pick(5, 20, 300)

    def one(target: Path) -> Result:
        subject = target.name.removeprefix("fuzz_").removesuffix("_fuzz")
        corpus = gate.temporary / target.name
        corpus.mkdir()
        seeds = [path for path in (gate.root / "tests/fuzz/corpus" / subject, gate.root / "tests/golden" / subject)
                 if path.is_dir()]
        kept = gate.root / "build" / "fuzz-findings"
        kept.mkdir(exist_ok=True)
        ran = gate.run(target, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
                       f"-artifact_prefix={kept}/{target.name}-", corpus, *seeds, timeout=seconds * 3 + 60)
        artifact = re.search(r"Test unit written to (\S+)", ran.stderr)
        runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", ran.stderr)
        result = Result(notes=[f"{target.name}: {runs[1] if runs else '?'} inputs in {ran.seconds:.0f} s"])
        result.check(f"{target.name} for {seconds} s", ran.code == 0, ran.output,
                     f"build/asan/bin/{target.name} {artifact[1]}" if artifact else ran.command)
        return result

    return gate.all(partial(one, target) for target in targets)


ASAN = {"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1"}
TSAN = {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}
ALL = ("quick", "gate", "full")

STEPS = [
    Step("checks", checks, ALL),
    Step("format", formatting, ALL),
    Step("build", build("release", "-DTIDEMILL_TESTS=ON", "-DTIDEMILL_BENCH=ON"), ALL),
    Step("configuration", configuration, ALL),
    Step("unit", ctest("release"), ALL),
    # The rules of the runtime must hold without the optimiser too.
    Step("build-dev", build("dev", "-DTIDEMILL_TESTS=ON", "-DTIDEMILL_BENCH=OFF", only="^rt_test$")),
    Step("unit-dev", ctest("dev", only="^rt_test$")),
    Step("simulation", sim.simulation, ALL),
    Step("planted", sim.planted, ALL),
    Step("model", model.model, ALL),
    Step("demo", demo, ALL),
    Step("kill9", kill9, ALL),
    Step("integration", pytest("tests/integration", "tests/interop", without=(KINESIS_LOCAL,)), ALL),
    Step("kinesis-local", kinesis_local),
    Step("interop", interop),
    Step("build-asan", build("asan", "-DTIDEMILL_TESTS=ON")),
    Step("unit-asan", ctest("asan", **ASAN)),
    Step("simulation-asan", sim.second_compiler),
    Step("fuzz", fuzz),
    Step("build-tsan", build("tsan", "-DTIDEMILL_TESTS=ON", only=THREADED)),
    Step("unit-tsan", ctest("tsan", only=THREADED, **TSAN)),
    Step("tidy", tidy.tidy),
    Step("build-clang", build("clang"), ("full",)),
    Step("unit-clang", ctest("clang"), ("full",)),
]
