"""`tidemill count` when only reading goes wrong: ListShards is sane, GetRecords is not."""

from __future__ import annotations

import re
import subprocess

import pytest

from broken_reads import Answer, broken_reads
from fake_server import fake_aws, kinesis, make_stream
from programs import QUICK, count, counted, put, refused, run, running, stop, text, words_of

STREAM = "tide"
LINES = text(50, 31)
HTML = b"<!DOCTYPE html><html><body>Please sign in to this network</body></html>"


@pytest.fixture(scope="module")
def url():
    """A fake with a stream that holds LINES."""
    with fake_aws() as running_fake:
        make_stream(kinesis(running_fake), STREAM, 1)
        put(running_fake, STREAM, LINES)
        yield running_fake


CBOR, JSON = "application/x-amz-cbor-1.1", "application/x-amz-json-1.1"
HALF_CBOR = b"\xbf\x67Records\x9f\xbf\x64Data\x58"  # Ends where the length of a string should be.
PASSING = {
    "half of a CBOR map": Answer(200, CBOR, HALF_CBOR),
    "nonsense for CBOR": Answer(200, CBOR, b"\xff" * 100),
    "nothing": Answer(200, CBOR, b""),
    "half of a JSON object": Answer(200, JSON, b'{"Records":[{"Data":"'),
    "a page": Answer(200, "text/html", HTML),
    "a 503": Answer(503, JSON, b'{"__type":"InternalFailure","message":"x"}'),
    "a page for a 503": Answer(503, "text/html", HTML),
    "no such stream, which ListShards knows":
        Answer(400, JSON, b'{"__type":"ResourceNotFoundException","message":"Shard does not exist"}'),
}


@pytest.mark.parametrize("answer", PASSING)
def test_reads_that_go_wrong_for_a_while_lose_nothing(answer, url, tmp_path):
    with broken_reads(url, PASSING[answer], times=3) as broken:
        with running(*count(broken.url, STREAM, tmp_path, *QUICK)) as program:
            program.wait_until(lambda: counted(tmp_path).records >= len(LINES), "every record in the counts")
            assert stop(program) == len(LINES)
    assert broken.given == 3
    assert (counted(tmp_path).words, counted(tmp_path).duplicates) == (words_of(LINES), 0)
    assert STREAM in "".join(program.err) and len("".join(program.err)) < 8000, "a log quotes little of a body"


LASTING = {
    "more than any page": (Answer(200, CBOR, b"\xbf\x67Records\x9f" + bytes(70 << 20)), "ResponseTooLarge"),
    "a key that may not be used":
        (Answer(400, JSON, b'{"__type":"KMSAccessDeniedException","message":"no such\\nkey"}'), "AccessDenied"),
}


@pytest.mark.parametrize("answer", LASTING)
def test_reads_that_cannot_succeed_are_told_and_lose_nothing(answer, url, tmp_path):
    hostile, code = LASTING[answer]
    with broken_reads(url, hostile, times=1_000_000) as broken:
        done = run(*count(broken.url, STREAM, tmp_path, *QUICK))
    assert done.code == 3, done
    errors = re.findall(r"^error\[(\w+)\]: (.+)\ntry: (.+)$", done.err, re.MULTILINE)
    assert [name for name, _, _ in errors] == [code], done.err
    assert f"stream {STREAM}" in errors[0][1] and "shardId-000000000000" in errors[0][1]
    assert len(done.err) < 4000, "an error quotes little of a body"
    with running(*count(url, STREAM, tmp_path, *QUICK)) as program:
        program.wait_until(lambda: counted(tmp_path).records >= len(LINES), "every record in the counts")
        assert stop(program) == len(LINES)
    assert counted(tmp_path).words == words_of(LINES)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One that nobody has signed, for 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    parts = [folder / "key.pem", folder / "certificate.pem"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=fake",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", parts[0], "-out", parts[1]],
                   check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text("".join(part.read_text() for part in parts))
    return both


def test_a_private_authority_is_trusted_when_the_environment_names_it(url, certificate, tmp_path):
    with broken_reads(url, certificate=certificate) as secure:
        refused(run("put", STREAM, "--endpoint", secure.url), "TlsFailed", 3)
        refused(run(*count(secure.url, STREAM, tmp_path, *QUICK)), "TlsFailed", 3)
        done = run("put", STREAM, "--endpoint", secure.url, AWS_CA_BUNDLE=str(certificate))
        assert done.code == 0, done
        with running(*count(secure.url, STREAM, tmp_path, *QUICK), AWS_CA_BUNDLE=str(certificate)) as program:
            program.wait_until(lambda: counted(tmp_path).records >= len(LINES), "every record in the counts")
            assert stop(program) == len(LINES)
