"""Fixtures of the integration tests: both series of CPython, and a real HTTPS server on the loopback."""

from __future__ import annotations

import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter, open_pack
from castiron_runtime.recipe import supported_pythons
from tests.support import needs
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_runtime.model import Pack


collect_ignore = ["applications"]
"""Not tests of ours, but files of the applications under test."""


@pytest.fixture(scope="module", params=supported_pythons())
def each_pack(request: pytest.FixtureRequest) -> Pack:
    """The pack of each series of CPython."""
    return open_pack(request.param, TARGET, reporter=SilentReporter())


@pytest.fixture(scope="module")
def each_python(each_pack: Pack) -> Path:
    """The interpreter of the same series, in the ordinary form."""
    return interpreter(each_pack, full=True, reporter=SilentReporter())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """An HTTPS server on 127.0.0.1 with a certificate of its own CA; ``ca.pem`` is in ``tmp_path``."""
    make_certificates(needs.tool("openssl"), tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"secured")

        def log_message(self, *_: object) -> None:
            pass

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield httpd.server_address[1]
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def make_certificates(tool: str, folder: Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run([tool, *arguments], cwd=folder, check=True, capture_output=True)

    new = ("-newkey", "rsa:2048", "-nodes")
    openssl(
        "req",
        "-x509",
        *new,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=test CA",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    )
    openssl("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nbasicConstraints=CA:FALSE\n"
    )
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
    openssl("x509", "-req", "-in", "server.csr", *signing, "-out", "server.pem")
