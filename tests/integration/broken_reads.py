"""A Kinesis whose GetRecords goes wrong, or which speaks TLS: everything else is passed on to the fake."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Answer:
    """What GetRecords gets instead of records."""

    status: int
    kind: str
    body: bytes


class BrokenReads:
    """Gives `answer` to the first `times` calls of GetRecords, and records afterwards."""

    def __init__(self, url: str, answer: Answer | None, times: int) -> None:
        self.behind = urlsplit(url)
        self.answer = answer
        self.times = times
        self.given = 0
        self.lock = threading.Lock()
        self.url = ""

    def take(self, target: str) -> Answer | None:
        with self.lock:
            if not target.endswith(".GetRecords") or self.given >= self.times:
                return None
            self.given += 1
            return self.answer

    def forward(self, path: str, headers, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """With the headers as they came, Host included: they are signed."""
        connection = http.client.HTTPConnection(self.behind.hostname, self.behind.port, timeout=30)
        try:
            connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()


def handler_for(broken: BrokenReads) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = broken.take(self.headers.get("X-Amz-Target", ""))
            if answer:
                status, headers, content = answer.status, [("Content-Type", answer.kind)], answer.body
            else:
                status, headers, content = broken.forward(self.path, self.headers, body)
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # It need not read all of it.
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def broken_reads(url: str, answer: Answer | None = None, times: int = 0,
                 certificate: Path | None = None) -> Iterator[BrokenReads]:
    """Serves on loopback; over TLS if there is a `certificate`, a PEM file that holds its key too."""
    broken = BrokenReads(url, answer, times)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_for(broken))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # Clients that break off are what some tests are about.
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        broken.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
        yield broken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
