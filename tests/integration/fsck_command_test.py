"""`tidemill fsck`: what is wrong with a folder of blocks is told, and mended from Kinesis."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest

from aggregates import aggregate, damaged
from fake_server import SHARD, fake_aws, kinesis, make_stream
from left_blocks import STORED, WORKER, Left, change, flip, fsck, go_on, leave
from mounts import read_only
from programs import QUICK, count, counted, refused, run, running, text, words_of

LINES = [text(20, seed) for seed in (1, 2, 3)]
RECORDS = sum(map(len, LINES))


def encoded(groups: list[list[str]]) -> list[list[bytes]]:
    """Kinesis takes no empty line, so each gets a sign that is no word."""
    return [[(line + " .").encode() for line in group] for group in groups]


@pytest.fixture(scope="module")
def made(url, tmp_path_factory) -> Left:
    """Three blocks of one shard, in one segment."""
    make_stream(kinesis(url), "orders", 1)
    return leave(url, "orders", tmp_path_factory.mktemp("left") / "state", encoded(LINES))


@pytest.fixture
def left(made, tmp_path) -> Left:
    return made.copy_to(tmp_path / "state")


def report(blocks: int, damaged: int = 0, rebuildable: int | None = None, torn: int = 0, lost: int = 0,
           unindexed: int = 0) -> list[str]:
    """The counts that end every report."""
    return [f"blocks: {blocks}", f"unindexed: {unindexed}", f"lost: {lost}",
            f"damaged: {damaged} rebuildable: {damaged if rebuildable is None else rebuildable}", f"torn: {torn}"]


def found(done) -> tuple[int, list[str], list[str]]:
    """Exit code, findings, counts."""
    lines = done.out.splitlines()
    return done.code, lines[:-5], lines[-5:]


def repair(left: Left, *more: object, **changes):
    return fsck(left, "--repair", "--endpoint", left.url, *more, **changes)


def refused_later(done, code: str, exit_code: int) -> str:
    """The error that ended a program which had begun its work."""
    assert done.code == exit_code, done
    (told,) = re.findall(rf"^error\[{code}\]: (.+\ntry: .+)$", done.err, re.MULTILINE)
    return told


def repaired(left: Left, blocks: int, **counts: int) -> None:
    """A repair that succeeds says so, leaves nothing to find and may be repeated; the records are exact."""
    done = repair(left)
    assert found(done) == (0, [f"rebuilt: {blocks} not rebuilt: 0"], report(3, **counts)), done
    # The reader of a moment ago may have left the shard no read: then there is a second try.
    assert [line for line in done.err.splitlines() if "event=range_read_retried" not in line] == [], done
    assert found(fsck(left)) == (0, [], report(3, **counts))
    assert found(repair(left)) == (0, ["rebuilt: 0 not rebuilt: 0"], report(3, **counts))
    log = go_on(left, RECORDS)
    assert any("event=blocks_left blocks=3 delivered_again=3" in line for line in log), log
    assert not any("event=block_lost" in line or "event=block_copy_damaged" in line for line in log), log


def test_a_folder_in_order_has_no_findings(left):
    before = left.content()
    assert found(fsck(left)) == (0, [], report(3))
    assert found(repair(left)) == (0, ["rebuilt: 0 not rebuilt: 0"], report(3))
    assert left.content() == before
    go_on(left, RECORDS)


def test_a_flipped_byte_is_told_and_rebuilt_from_kinesis(left):
    block = left.blocks()[1]
    flip(block.file, block.body + block.body_bytes // 2)
    before = left.content()

    done = fsck(left)

    code, findings, counts = found(done)
    assert (code, counts) == (1, report(2, damaged=1)), done
    assert len(findings) == 1
    told = re.fullmatch(r"damaged: block (input-0-\d+) in (.+) at byte (\d+): the checksum of the body is wrong; "
                        r"SequenceNumberRanges\((.+)\)", findings[0])
    assert told, findings
    assert told.groups()[1:] == (str(block.file), str(block.offset), left.range_of(1))
    error = refused(done, "DamagedBlock", 1)
    assert f"1 damaged place in {left.folder}" in error and f"tidemill fsck {left.folder} --repair" in error
    assert left.content() == before

    repaired(left, 1)


def test_json_has_the_same_values(left):
    block = left.blocks()[0]
    flip(block.file, block.body)
    done = fsck(left, "--json")
    assert done.code == 1
    whole = json.loads(done.out)
    (finding,) = whole.pop("findings")
    assert whole == {"blocks": 2, "unindexed": 0, "lost": 0, "damaged": 1, "rebuildable": 1, "torn": 0}
    assert re.fullmatch(r"input-0-\d+", finding.pop("block"))
    assert finding == {"kind": "damaged", "file": str(block.file), "offset": block.offset,
                       "bytes": block.end - block.offset, "what": "the checksum of the body is wrong",
                       "rebuildable": True, "ranges": [left.range_of(0)]}
    mended = json.loads(repair(left, "--json").out)
    assert (mended["rebuilt"], mended["notRebuilt"], mended["damaged"], mended["findings"]) == (1, [], 0, [])


@pytest.mark.parametrize("part", ["header", "head", "body", "trailer"])
def test_damage_in_every_part_of_a_block_is_one_block(left, part):
    block = left.blocks()[2]
    flip(block.file, {"header": block.offset + 20, "head": block.head + 30, "body": block.body + 9,
                      "trailer": block.end - 6}[part])
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(2, damaged=1))
    assert left.range_of(2) in findings[0]
    repaired(left, 1)


def test_a_truncated_tail_is_torn_and_no_damage(left):
    last = left.blocks()[2]
    change(last.file, lambda data: data.__delitem__(slice(last.end - 5, None)))

    done = fsck(left)

    code, findings, counts = found(done)
    assert (code, counts) == (0, report(2, torn=1, lost=1)), done
    assert re.fullmatch(rf"lost: block input-0-\d+ in {re.escape(str(last.file))} at byte {last.offset}: .+; "
                        rf"SequenceNumberRanges\({re.escape(left.range_of(2))}\)", findings[0]), findings
    assert findings[1].startswith(f"torn: {last.file} at byte {last.offset}: ")
    assert re.search(r"^warning\[DamagedBlock\]: 1 stored block .* --repair", done.err, re.MULTILINE), done.err
    repaired(left, 1)


def test_a_tail_that_never_counted_is_torn_and_nothing_is_lost(left):
    (segment,) = left.segments()
    change(segment, lambda data: data.extend(data[:100]))
    done = fsck(left)
    assert (done.code, done.out.splitlines()[-5:], done.err) == (0, report(3, torn=1), "")
    repaired(left, 0)


def test_a_zeroed_middle_is_damage(left):
    first, second, _ = left.blocks()
    change(first.file, lambda data: data.__setitem__(slice(first.body, second.body), bytes(second.body - first.body)))
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(1, damaged=2))
    assert left.range_of(0) in findings[0] and left.range_of(1) in findings[1]
    repaired(left, 2)


def test_a_segment_that_is_gone_is_damage(left):
    (segment,) = left.segments()
    segment.unlink()
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(0, damaged=3))
    assert all("the file is gone" in finding and str(segment) in finding for finding in findings)
    repaired(left, 3)


def test_aggregated_and_damaged_records_are_rebuilt_as_they_were(url, tmp_path):
    make_stream(kinesis(url), "packed", 1)
    packed = aggregate([("one", "tide mill"), ("two", "sea"), ("one", "")])
    plain = b"plain sea"
    broken = list(damaged(packed).values())
    left = leave(url, "packed", tmp_path / "state", [[packed, plain, packed], broken, [packed]])
    for block in left.blocks():
        flip(block.file, block.body + 1)
    code, findings, _ = found(fsck(left))
    assert code == 1
    first, last = left.numbers[0][0], left.numbers[0][-1]
    assert f"SequenceNumberRange(packed,{SHARD(0)},{first}:0,{last}:2,7)" in findings[0]
    assert found(repair(left)) == (0, ["rebuilt: 3 not rebuilt: 0"], report(3))
    left.lines = 3 * ["tide mill", "sea"] + [data.decode("latin-1") for data in [plain, *broken]]
    log = go_on(left, 3 * 3 + 1 + len(broken))
    assert not any("event=block_lost" in line for line in log), log


def test_records_are_rebuilt_by_the_rules_of_the_program_that_stored_them(url, tmp_path):
    make_stream(kinesis(url), "whole", 1)
    rules = ("--set", "tidemill.kpl.deaggregate=false")
    packed = aggregate([("one", "tide mill"), ("two", "sea")])
    left = leave(url, "whole", tmp_path / "state", [[packed]], ("--storage-level", "DISK_ONLY", *rules))
    (block,) = left.blocks()
    flip(block.file, block.body + 1)
    assert found(repair(left))[0] == 4  # As two parts they are not what was stored.
    assert found(repair(left, *rules)) == (0, ["rebuilt: 1 not rebuilt: 0"], report(1))


def test_every_block_rotten_at_once(left):
    for block in left.blocks():
        flip(block.file, block.body + 1)
    assert found(fsck(left))[0::2] == (1, report(0, damaged=3))
    repaired(left, 3)


def test_a_flipped_byte_in_the_index_is_mended_without_kinesis(left):
    index = left.index()
    flip(index, 200)
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(2, damaged=1, unindexed=1))
    assert findings[0].startswith(f"damaged: {index} at byte "), findings
    done = fsck(left, "--repair", AWS_ACCESS_KEY_ID=None, AWS_REGION=None)
    assert found(done) == (0, ["rebuilt: 0 not rebuilt: 0"], report(3)), done
    repaired(left, 0)


def test_an_index_that_is_gone_is_mended(left):
    left.index().unlink()
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(0, damaged=1, unindexed=3))
    assert "there is no index" in findings[0]
    repaired(left, 0)


@pytest.mark.parametrize("mend", ["by the repair", "by the next start"])
def test_a_truncated_index_forgets_no_block(left, mend):
    index = left.index()
    change(index, lambda data: data.__delitem__(slice(len(data) - 10, None)))
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (0, report(2, torn=1, unindexed=1))
    assert findings == [findings[0]] and findings[0].startswith(f"torn: {index} at byte ")
    if mend == "by the repair":
        repaired(left, 0)
    else:
        go_on(left, RECORDS)


def test_a_block_whose_index_entry_is_damaged_too_is_known_by_its_head(left):
    block = left.blocks()[0]
    flip(block.file, block.body + 3)
    flip(left.index(), 200)
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(2, damaged=2))
    assert any(left.range_of(0) in finding for finding in findings)
    repaired(left, 1)


def test_a_block_that_nobody_knows_any_more_is_not_forgotten_silently(left):
    block = left.blocks()[0]
    flip(block.file, block.head + 3)
    flip(left.index(), 200)
    code, findings, counts = found(fsck(left))
    assert (code, counts) == (1, report(2, damaged=2, rebuildable=1)), findings
    done = repair(left)
    assert found(done)[0::2] == (4, report(2)), done
    told = refused(done, "DataLoss", 4)
    assert f"{block.file} at byte {block.offset}" in told and "tidemill leases APP rewind" in told
    assert done.out.splitlines()[:2] == [f"not rebuilt: {told.splitlines()[0]}", "rebuilt: 0 not rebuilt: 1"]


# What Kinesis does not have any more


@pytest.mark.slow
def test_what_was_trimmed_is_named_and_stays_as_it_is(tmp_path):
    with fake_aws("--retention-ms", "8000") as url:
        make_stream(kinesis(url), "short", 1)
        left = leave(url, "short", tmp_path / "state", encoded(LINES))
        time.sleep(9)
        for block in left.blocks()[:2]:
            flip(block.file, block.body + 7)
        before = left.content()
        done = repair(left)
        code, findings, counts = found(done)
        assert (code, counts) == (4, report(1, damaged=2)), done
        for number, line in enumerate(findings[:2]):
            taken = left.numbers[number]
            assert re.fullmatch(
                rf"not rebuilt: block input-0-\d+: range {taken[0]} to {taken[-1]} of shard {SHARD(0)} of stream short: "
                rf"0 of {len(taken)} records are left.*", line), findings
        assert findings[2] == "rebuilt: 0 not rebuilt: 2"
        assert all(line.startswith("damaged: block input-0-") for line in findings[3:]) and len(findings) == 5
        told = refused(done, "DataLoss", 4)
        assert left.numbers[0][0] in told and SHARD(0) in told and "stream short" in told
        segment = left.segments()[0].name
        assert left.content()[segment] == before[segment]
        assert found(fsck(left))[0::2] == (1, report(1, damaged=2))

        going_on = count(url, "short", left.state, *QUICK, *STORED, *left.more)
        assert left.numbers[0][0] in refused_later(run(*going_on), "DataLoss", 4)
        with running(*going_on, "--set", "tidemill.recovery.onDataLoss=record") as program:
            program.wait_until(lambda: counted(left.state).records >= len(LINES[2]), "what is left")
            assert program.end(signal.SIGTERM) == 0
            losses = [line for line in program.err if "event=data_loss" in line]
            assert len(losses) == 2 and all(f"from={numbers[0]}" in line
                                            for numbers, line in zip(left.numbers, losses)), losses
        assert counted(left.state).words == words_of(LINES[2])


def test_a_stream_that_is_gone_is_named_and_its_blocks_stay(url, tmp_path):
    client = kinesis(url)
    make_stream(client, "gone", 1)
    left = leave(url, "gone", tmp_path / "state", encoded(LINES[:2]))
    client.delete_stream(StreamName="gone")
    time.sleep(1)
    block = left.blocks()[0]
    flip(block.file, block.body + 7)
    done = repair(left)
    assert found(done)[0::2] == (3, report(1, damaged=1)), done
    told = refused(done, "UnknownStream", 3)
    assert re.match(r"block input-0-\d+, SequenceNumberRanges\(", told), told
    for part in (left.range_of(0), "Stream gone", "check --endpoint and --region"):
        assert part in told
    assert "rebuilt: 0 not rebuilt: 1" in done.out


def test_kinesis_must_be_known_before_anything_is_changed(left):
    block = left.blocks()[0]
    flip(block.file, block.body + 7)
    flip(left.index(), 900)
    before = left.content()
    refused(repair(left, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None), "NoCredentials", 3)
    refused(fsck(left, "--repair", AWS_REGION=None), "InvalidConfig", 2)
    refused(fsck(left, "--repair", "--endpoint", "http://192.0.2.1:9"), "InvalidConfig", 2)
    assert left.content() == before


# Folders


def test_a_folder_that_a_process_holds_is_refused_with_its_name(url, tmp_path):
    make_stream(kinesis(url), "held", 1)
    with running(*count(url, "held", tmp_path, "--storage-level", "DISK_ONLY")) as program:
        program.wait_line("ready")
        for more in ((), ("--repair", "--endpoint", url)):
            told = refused(fsck(tmp_path / "blocks" / WORKER, *more), "Conflict", 5)
            assert f"process {program.process.pid}, the block store of worker {WORKER}" in told, told
            assert str(tmp_path / "blocks" / WORKER) in told


def test_a_folder_that_is_none_is_refused(left, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no folder")
    for name, why in (("gone", "No such file"), ("empty", "is no block store"), ("file", "Not a directory")):
        for more in ((), ("--repair", "--endpoint", left.url)):
            told = refused(fsck(tmp_path / name, *more), "Usage", 2)
            assert str(tmp_path / name) in told and why in told
    assert not (tmp_path / "gone").exists() and not list((tmp_path / "empty").iterdir())
    assert str(left.folder) in refused(fsck(left.state / "blocks"), "Usage", 2)
    assert run("fsck").code == 2


def test_a_folder_that_cannot_be_written_is_checked_and_not_repaired(left):
    block = left.blocks()[0]
    flip(block.file, block.body + 7)
    before = left.content()
    assert found(fsck(left, wrapper=read_only(left.folder)))[0::2] == (1, report(2, damaged=1))
    told = refused(repair(left, wrapper=read_only(left.folder)), "Io", 2)
    assert "blocks.lock: Read-only file system" in told and "remount" in told
    assert left.content() == before


def test_a_folder_may_be_named_with_a_slash_behind_it(left):
    flip(left.index(), 200)
    done = run("fsck", f"{left.folder}//")
    assert f"damaged: {left.index()} at byte " in done.out and f"in {left.folder}\n" in done.err
