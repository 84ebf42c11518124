"""The steps that run the simulated world: many seeds, one hash for one seed, and planted bugs that must be found."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

from tools.gate.results import Result
from tools.gate.runner import Gate, Ran

# Workload, planted bug, and the invariant that must see it.
PLANTED = [
    ("word_count", "checkpoint-before-output", "I3"),
    ("word_count", "child-before-parent-end", "I4"),
    ("word_count", "latest-by-local-clock", "I1"),
    ("consumer_fleet", "failed-batch-skipped", "I3"),
    ("consumer_fleet", "failed-tail-sealed", "I3"),
    ("lease_fleet", "lease-clock-from-response", "I6"),
    ("lease_fleet", "lost-response-is-theft", "I8"),
    ("lease_fleet", "child-at-latest", "I1"),
    ("lease_fleet", "stale-scan-takeover", "I6"),
    ("lease_fleet", "text-sequence-compare", "I11"),
    ("lease_fleet", "zombie-checkpoint", "I6"),
    ("block_recovery", "checkpoint-before-fsync", "I3"),
    ("block_recovery", "no-directory-sync", "I3"),
    ("block_recovery", "recovery-range-off-by-one", "I15"),
    ("block_recovery", "shard-end-before-tail", "I3"),
    ("block_recovery", "checkpoint-before-stored", "I3"),
    ("block_recovery", "loss-not-told", "I9"),
    ("block_recovery", "held-not-released", "I13"),
    ("driver_restart", "completed-before-output", "I3"),
    ("driver_restart", "log-after-job", "I3"),
    ("driver_restart", "span-not-kept", "I10"),
    ("driver_restart", "epoch-ignored", "I6"),
    ("driver_restart", "stored-not-compared", "I10"),
    ("driver_restart", "budget-ignored", "I13"),
    ("driver_restart", "lock-per-process", "I6"),
]
WORKLOADS = ("word_count", "consumer_fleet", "lease_fleet", "block_recovery", "driver_restart")
# What must have come at least once in all seeds together.
FAULTS = ("crashes", "splits", "merges", "throttled", "lost", "expired", "clock_steps", "bare_ends",
          "stalls", "clean_stops", "owner_changes", "takeovers", "conflicts", "power_cuts", "blocks_lost",
          "blocks_rebuilt", "blocks_left", "store_full", "losses_told", "sync_failures",
          "flipped", "copies_damaged", "damaged_aggregates", "held",
          "across_restarts", "states_restored", "metadata_unreadable", "store_outages", "writers_watched", "down_times",
          "outages", "thousand_missed", "slow_batches", "windows", "states", "logged_before", "intruders")
# Compared between two runs and between two compilers.
COMPARED = "1..20"


def program(gate: Gate, preset: str) -> Path:
    return gate.root / "build" / preset / "tidemill"


def sim(gate: Gate, preset: str, workload: str, seeds: str, *options: str) -> Ran:
    return gate.run(program(gate, preset), "sim", workload, "--seeds", seeds, *options, timeout=1800)


def summary(ran: Ran) -> tuple[int, int, str] | None:
    """Seeds, failed seeds and the hash of a run, as it printed them."""
    match = re.search(r"^seeds: (\d+) failed: (\d+) hash: (\S+)", ran.stdout, re.MULTILINE)
    return (int(match[1]), int(match[2]), match[3]) if match else None


def seeds_pass(gate: Gate, preset: str, workload: str, first: int, last: int) -> Result:
    """One result for each seed; every failed seed with its command."""
    ran = sim(gate, preset, workload, f"{first}..{last}")
    result = Result()
    counted = summary(ran)
    failed = re.findall(r"^FAILED .*?seed=(\d+).*$", ran.stdout + ran.stderr, re.MULTILINE)
    if counted is None or counted[0] != last - first + 1 or (ran.code != 0) != (counted[1] > 0):
        result.check(f"{workload} seeds {first}..{last} ({preset})", False, ran.output, ran.command)
        return result
    result.passed = counted[0] - counted[1]
    for seed in sorted(set(failed), key=int):
        result.check(f"{workload} seed {seed} ({preset})", False, ran.output,
                     f"build/{preset}/tidemill sim {workload} --seeds {seed}..{seed}")
    for number in range(len(set(failed)), counted[1]):  # The program describes only the first ones.
        result.check(f"{workload} seeds {first}..{last} ({preset}), failed seed {number + 1}", False, "", ran.command)
    for line in ran.stderr.splitlines():
        if line.startswith("faults: "):
            result.notes.append(line)
        if "calls/s" in line:
            result.notes.append(f"{workload} {first}..{last} ({preset}): {line.strip()}")
    return result


def simulation(gate: Gate) -> Result:
    """Many seeds, and the first ones once more: the same hash."""
    parts = []
    for workload in WORKLOADS:
        count = gate.pick(100, 300, 2000) if workload == "lease_fleet" else gate.pick(40, 200, 2000)
        size = max(1, count // (2 * gate.jobs))
        parts += [partial(seeds_pass, gate, "release", workload, first, min(first + size - 1, count))
                  for first in range(1, count + 1, size)]
    result = gate.all(parts)
    what_befell(result)
    for workload in WORKLOADS:
        result.add(same_hash(gate, workload, "release", "release"))
    return result


def what_befell(result: Result) -> None:
    """Adds up the lines `faults: kind=count …` of all runs: a fault that never came proves nothing."""
    lines = [note for note in result.notes if note.startswith("faults: ")]
    result.notes = [note for note in result.notes if note not in lines]
    totals = Counter()
    for kind, count in re.findall(r"(\w+)=(\d+)", " ".join(lines)):
        totals[kind] += int(count)
    result.notes.append("faults: " + " ".join(f"{kind}={count}" for kind, count in sorted(totals.items())))
    for kind in FAULTS:
        result.check(f"the simulated worlds had {kind}", totals[kind] > 0, "\n".join(lines))


def same_hash(gate: Gate, workload: str, one: str, other: str) -> Result:
    first = sim(gate, one, workload, COMPARED)
    second = sim(gate, other, workload, COMPARED)
    result = Result()
    a, b = summary(first), summary(second)
    result.check(f"{workload}: one hash for one seed ({one}, {other})", a is not None and b is not None and a[2] == b[2],
                 f"{first.output}\n{second.output}", f"{first.command}; {second.command}")
    return result


def planted(gate: Gate) -> Result:
    """A checker that sees nothing is worse than none: each planted bug is found, named and repeatable."""

    def one(workload: str, bug: str, invariant: str) -> Result:
        ran = sim(gate, "release", workload, "1..50", "--plant", bug)
        text = ran.stdout + ran.stderr
        result = Result()
        result.check(f"{workload} finds {bug}", ran.code == 1 and f"invariant={invariant}" in text
                     and re.search(r"FAILED seed=\d+", text) is not None, ran.output, ran.command)
        # Of a seed at which this invariant was the first to break: another may see the bug sooner.
        repeat = re.search(rf"^FAILED [^\n]*invariant={invariant}\b[^\n]*\n(?:(?!FAILED )[^\n]*\n)*?repeat: ([^\n]+)$",
                           text, re.MULTILINE)
        if result.check(f"{workload} says how to repeat {bug}", repeat is not None, ran.output, ran.command):
            words = repeat[1].split()
            again = gate.run(program(gate, "release"), *words[1:], timeout=600)
            result.check(f"{workload} repeats {bug}", again.code == 1 and f"invariant={invariant}" in again.output,
                         again.output, repeat[1])
        return result

    return gate.all(partial(one, *row) for row in PLANTED)


def second_compiler(gate: Gate) -> Result:
    """Seeds under ASan and UBSan, and the same hash from the clang binary as from the g++ one."""
    count = gate.pick(4, 20, 200)
    half = (count + 1) // 2
    result = gate.all([partial(seeds_pass, gate, "asan", workload, first, last)
                       for workload in WORKLOADS for first, last in ((1, half), (half + 1, count))])
    for workload in WORKLOADS:
        result.add(same_hash(gate, workload, "release", "asan"))
    return result
