"""The downloader against servers that misbehave, over plain HTTP, TLS and proxies."""

from __future__ import annotations

import base64
import hashlib
import resource
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from castiron_common.download_errors import DownloadError, Failure
from castiron_common.downloads import Downloader, Limits
from castiron_common.network import Login, Network, configured
from castiron_common.pools import thread_pool
from tests.support.http_servers import (
    Proxy,
    Server,
    broken_off,
    chunks,
    dripping,
    rest,
    stalled,
    status,
    whole,
)
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(DATA).hexdigest()
PATIENT = Limits(connect=PATIENCE, silence=PATIENCE, total=PATIENCE, pause=0)
DIRECT = Network()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "file"


def fetch(
    url: str, destination: Path, *, network: Network = DIRECT, limits: Limits = PATIENT, sha256: str | None = SHA256
) -> str:
    with Downloader(network, limits) as downloader:
        return downloader.fetch(url, destination, sha256=sha256)


def fails(url: str, destination: Path, network: Network = DIRECT, limits: Limits = PATIENT) -> DownloadError:
    destination.write_bytes(b"as before")
    with pytest.raises(DownloadError) as caught:
        fetch(url, destination, network=network, limits=limits)
    assert [path.name for path in destination.parent.iterdir() if path.name.startswith("file")] == ["file"]
    assert destination.read_bytes() == b"as before"
    return caught.value


def test_a_file_and_its_hash(server: Server, destination: Path) -> None:
    server.answers["/f"] = [whole(DATA)]
    assert fetch(f"{server.url}/f", destination) == SHA256
    assert fetch(f"{server.url}/f", destination, sha256=None) == SHA256
    assert destination.read_bytes() == DATA
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_connections_are_kept(server: Server, destination: Path) -> None:
    server.answers["/f"] = [whole(DATA)]
    server.answers["/chunks"] = [chunks(DATA, end=True)]
    with Downloader(DIRECT, PATIENT) as downloader:
        for name in ("f", "chunks", "f", "chunks"):
            downloader.fetch(f"{server.url}/{name}", destination, sha256=SHA256)
    assert len({asked.peer for asked in server.asked}) == 1


def test_threads_share_connections(server: Server, tmp_path: Path) -> None:
    server.answers["/f"] = [whole(DATA)]
    with Downloader(DIRECT, PATIENT) as downloader, thread_pool(4) as pool:
        todo = [pool.submit(downloader.fetch, f"{server.url}/f", tmp_path / str(n), sha256=SHA256) for n in range(40)]
        assert {done.result() for done in todo} == {SHA256}
    assert len({asked.peer for asked in server.asked}) <= 4
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(str(number) for number in range(40))


def test_a_wrong_hash_is_not_tried_again(server: Server, destination: Path) -> None:
    server.answers["/f"] = [whole(b"other")]
    error = fails(f"{server.url}/f", destination)
    assert (error.failure, error.sha256) == (Failure.CHANGED, hashlib.sha256(b"other").hexdigest())
    assert len(server.asked) == 1


def test_a_connection_that_breaks_off_is_begun_anew(server: Server, destination: Path) -> None:
    server.answers["/f"] = [broken_off(DATA, 70_000), broken_off(DATA, 3), whole(DATA)]
    assert fetch(f"{server.url}/f", destination) == SHA256
    assert [asked.headers.get("range") for asked in server.asked] == [None, None, None]
    server.answers["/f"] = [broken_off(DATA, 10)]
    error = fails(f"{server.url}/f", destination)
    assert error.failure is Failure.UNREACHABLE
    assert "broke off" in error.reason
    assert len(server.asked) == 3 + PATIENT.attempts


def test_a_body_is_continued_where_the_server_can(server: Server, destination: Path) -> None:
    server.answers["/f"] = [broken_off(DATA, 70_000, ETag='"v1"'), rest(DATA, '"v1"')]
    assert fetch(f"{server.url}/f", destination) == SHA256
    assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=70000-"]
    # Meanwhile the file has changed: it comes from its beginning.
    server.answers["/g"] = [broken_off(b"z" * 5000, 2000, ETag='"v1"'), rest(DATA, '"v2"')]
    assert fetch(f"{server.url}/g", destination) == SHA256
    # Another part than what was asked for is not taken.
    lies = status(206, Content_Range="bytes 7-9/10", ETag='"v1"')
    server.answers["/h"] = [broken_off(DATA, 2000, ETag='"v1"'), lies]
    assert fails(f"{server.url}/h", destination).status == 206


def test_what_cannot_be_continued_is_begun_anew(server: Server, destination: Path) -> None:
    server.answers["/f"] = [broken_off(DATA, 2000, ETag='"v1"'), status(416), whole(DATA)]
    assert fetch(f"{server.url}/f", destination) == SHA256


def test_chunks_without_an_end(server: Server, destination: Path) -> None:
    server.answers["/f"] = [chunks(DATA, end=False), chunks(DATA, end=True)]
    assert fetch(f"{server.url}/f", destination) == SHA256
    assert len(server.asked) == 2


def test_servers_that_are_busy(server: Server, destination: Path) -> None:
    server.answers["/f"] = [status(503), status(429), status(502), whole(DATA)]
    assert fetch(f"{server.url}/f", destination) == SHA256
    server.answers["/f"] = [status(503)]
    error = fails(f"{server.url}/f", destination)
    assert (error.failure, error.status) == (Failure.STATUS, 503)
    assert error.reason == "127.0.0.1 answers 503 Service Unavailable"


def test_another_attempt_is_told_with_its_reason(server: Server, destination: Path) -> None:
    server.answers["/f"] = [status(503), broken_off(DATA, 7), whole(DATA)]
    told: list[str] = []
    with Downloader(DIRECT, PATIENT, tell=told.append) as downloader:
        downloader.fetch(f"{server.url}/f", destination, sha256=SHA256)
    assert told[0] == "trying again: 127.0.0.1 answers 503"
    assert told[1].startswith("trying again: the connection to 127.0.0.1 broke off (")
    assert len(told) == 2


def test_a_server_says_how_long_to_wait(server: Server, destination: Path) -> None:
    server.answers["/f"] = [status(503, Retry_After="1"), whole(DATA)]
    before = time.monotonic()
    fetch(f"{server.url}/f", destination)
    assert time.monotonic() - before > 0.9


@pytest.mark.parametrize("code", [401, 403, 404, 410, 501])
def test_refusals_are_not_tried_again(code: int, server: Server, destination: Path) -> None:
    server.answers["/f"] = [status(code)]
    assert fails(f"{server.url}/f", destination).status == code
    assert len(server.asked) == 1


def test_nobody_listens(destination: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = fails(f"http://127.0.0.1:{port}/f", destination)
    assert error.failure is Failure.UNREACHABLE
    assert error.reason == "127.0.0.1 cannot be reached (Connection refused)"
    error = fails("http://no-such-host.invalid/f", destination)
    assert error.failure is Failure.UNREACHABLE
    assert fails("file:///nonexistent/x", destination).failure is Failure.UNREACHABLE
    assert fails("gopher://127.0.0.1/f", destination).failure is Failure.UNREACHABLE


def test_files(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "a b").write_bytes(DATA)
    assert fetch((tmp_path / "a b").as_uri(), destination) == SHA256


def test_a_stalled_connection_is_given_up(server: Server, destination: Path) -> None:
    server.answers["/f"] = [stalled(DATA, 1000), whole(DATA)]
    # As many attempts as a busy machine may need.
    assert fetch(f"{server.url}/f", destination, limits=Limits(silence=0.2, attempts=500, pause=0)) == SHA256
    server.answers["/f"] = [stalled(DATA, 1000)]
    error = fails(f"{server.url}/f", destination, limits=Limits(silence=0.2, attempts=2, pause=0))
    assert error.failure is Failure.TOO_SLOW


def test_a_connection_that_drips_is_given_up(server: Server, destination: Path) -> None:
    server.answers["/f"] = [dripping(0.05)]
    error = fails(f"{server.url}/f", destination, limits=Limits(silence=PATIENCE, total=0.5))
    assert error.failure is Failure.TOO_SLOW


def test_more_than_expected(server: Server, destination: Path) -> None:
    server.answers["/f"] = [whole(DATA)]
    server.answers["/chunks"] = [chunks(DATA, end=True)]
    for name in ("f", "chunks"):
        limits = Limits(size=len(DATA) - 1)
        assert fails(f"{server.url}/{name}", destination, limits=limits).failure is Failure.TOO_LARGE
        with Downloader(DIRECT, PATIENT) as downloader, pytest.raises(DownloadError, match="more than the 99 bytes"):
            downloader.fetch(f"{server.url}/{name}", destination, sha256=SHA256, size=99)
    assert len(server.asked) == 4


def test_a_file_that_cannot_be_written_is_no_fault_of_the_network(server: Server, tmp_path: Path) -> None:
    server.answers["/f"] = [whole(DATA)]
    with pytest.raises(FileNotFoundError):
        fetch(f"{server.url}/f", tmp_path / "no" / "file")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            fetch(f"{server.url}/f", tmp_path / "file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_redirects(server: Server, destination: Path) -> None:
    server.answers["/f"] = [status(302, Location="/g")]
    server.answers["/g"] = [status(307, Location=f"{server.url}/h")]
    server.answers["/h"] = [whole(DATA)]
    assert fetch(f"{server.url}/f", destination) == SHA256
    server.answers["/round"] = [status(302, Location="/round")]
    assert "again and again" in fails(f"{server.url}/round", destination).reason
    server.answers["/away"] = [status(302, Location="file:///etc/passwd")]
    assert "not secured" in fails(f"{server.url}/away", destination).reason


def test_a_login_stays_with_its_host(server: Server, destination: Path, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    server.answers["/f"] = [status(302, Location=f"{server.url.replace('127.0.0.1', 'localhost')}/g")]
    server.answers["/g"] = [whole(DATA)]

    def sent(url: str, network: Network) -> list[str | None]:
        del server.asked[:]
        fetch(url, destination, network=network)
        told = [asked.headers.get("authorization") for asked in server.asked]
        return [value and base64.b64decode(value.removeprefix("Basic ")).decode() for value in told]

    url = f"{server.url}/f"
    from_file = Network(netrc=tmp_path / "netrc")
    assert sent(url, DIRECT) == [None, None]
    assert sent(url, from_file) == ["me:secret", None]
    assert sent(url.replace("//", "//a:p%40@"), from_file) == ["a:p@", None]
    given = Network(logins=(Login(host="127.0.0.1", user="u", password="v"),), netrc=tmp_path / "netrc")
    assert sent(url, given) == ["u:v", None]
    (tmp_path / "netrc").write_text("machine localhost login it password too\n")
    assert sent(url, from_file) == [None, "it:too"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(context) as server:
        server.answers["/f"] = [whole(DATA)]
        yield server


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> Network:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return Network(ca_file=tmp_path / "ca.pem")


def test_certificates(secure: Server, trusting: Network, destination: Path) -> None:
    assert fetch(f"{secure.url}/f", destination, network=trusting) == SHA256
    error = fails(f"{secure.url}/f", destination)
    assert error.failure is Failure.UNTRUSTED
    assert "certificate of 127.0.0.1 is not trusted" in error.reason
    # The certificate is for 127.0.0.1.
    error = fails(f"{secure.url.replace('127.0.0.1', 'localhost')}/f", destination, trusting)
    assert error.failure is Failure.UNTRUSTED
    assert len(secure.asked) == 1


def test_certificates_that_cannot_be_read(secure: Server, destination: Path, tmp_path: Path) -> None:
    for text in (None, "no certificate"):
        if text is not None:
            (tmp_path / "ca.pem").write_text(text)
        error = fails(f"{secure.url}/f", destination, Network(ca_file=tmp_path / "ca.pem"))
        assert error.failure is Failure.CONFIGURATION
        assert "ca.pem cannot be read" in error.reason


def test_only_a_hash_allows_to_leave_tls(secure: Server, server: Server, trusting: Network, destination: Path) -> None:
    secure.answers["/away"] = [status(302, Location=f"{server.url}/f")]
    server.answers["/f"] = [whole(DATA)]
    assert fetch(f"{secure.url}/away", destination, network=trusting) == SHA256
    with pytest.raises(DownloadError, match="not secured"):
        fetch(f"{secure.url}/away", destination, network=trusting, sha256=None)


def test_a_plain_server_where_tls_is_expected(server: Server, destination: Path) -> None:
    assert fails(server.url.replace("http:", "https:"), destination).failure is Failure.UNREACHABLE


LOGIN = base64.b64encode(b"me:p@ss").decode()


def test_plain_requests_by_way_of_a_proxy(server: Server, destination: Path) -> None:
    server.answers["/f"] = [whole(DATA)]
    with Proxy() as proxy:
        for scheme in ("http", "all"):
            address = proxy.url if scheme == "http" else f"127.0.0.1:{proxy.port}"
            fetch(f"{server.url}/f", destination, network=Network(proxies=((scheme, address),)))
        assert [asked.path for asked in proxy.asked] == [f"{server.url}/f"] * 2
        around = Network(proxies=(("all", proxy.url), ("no", "other, 127.0.0.1")))
        fetch(f"{server.url}/f", destination, network=around)
        assert len(proxy.asked) == 2


def test_tls_through_a_proxy_that_asks_for_a_login(secure: Server, trusting: Network, destination: Path) -> None:
    def by_way_of(address: str) -> Network:
        return Network(ca_file=trusting.ca_file, proxies=(("https", address),))

    with Proxy(LOGIN) as proxy:
        known = proxy.url.replace("//", "//me:p%40ss@")
        assert fetch(f"{secure.url}/f", destination, network=by_way_of(known)) == SHA256
        assert [(asked.method, asked.path) for asked in proxy.asked] == [("CONNECT", f"127.0.0.1:{secure.port}")]
        assert "proxy-authorization" not in secure.asked[0].headers
        error = fails(f"{secure.url}/f", destination, by_way_of(proxy.url))
        assert error.failure is Failure.UNREACHABLE
        assert "by way of the proxy" in error.reason
        assert "407" in error.reason


def test_proxies_that_cannot_be_used(server: Server, destination: Path) -> None:
    error = fails(f"{server.url}/f", destination, Network(proxies=(("http", "ftp://127.0.0.1:1"),)))
    assert error.failure is Failure.CONFIGURATION
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert fails(f"{server.url}/f", destination, Network(proxies=(("http", address),))).failure is Failure.UNREACHABLE
    assert server.asked == []


def test_socks_needs_another_package(server: Server, destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    network = Network(proxies=(("all", "socks5://me:secret@127.0.0.1:1"),))
    error = fails(f"{server.url}/f", destination, network)
    assert error.failure is Failure.CONFIGURATION
    assert error.reason == ("the proxy socks5://127.0.0.1:1 needs the package PySocks (python -m pip install PySocks)")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without settings, but for an empty file of pip's."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    for name in ("SSL_CERT_FILE", "PIP_CERT", "PIP_PROXY", "PIP_INDEX_URL", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    return tmp_path / "pip.conf"


def test_settings_of_the_environment(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured().netrc == bare.parent / ".netrc"
    monkeypatch.setenv("SSL_CERT_FILE", "/a/ca.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://one:1")
    monkeypatch.setenv("https_proxy", "http://two:2")
    monkeypatch.setenv("no_proxy", "internal")
    monkeypatch.setenv("NETRC", "/a/netrc")
    found = configured()
    assert (found.ca_file, found.netrc) == (Path("/a/ca.pem"), Path("/a/netrc"))
    assert found.proxy("https", "h") == "http://two:2"
    assert found.proxy("https", "www.internal") is None
    assert found.proxy("http", "h") is None


def test_settings_of_pip(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.write_text(f"[global]\ncert = {bare}\nproxy = pip:1\n[install]\nproxy = pip:2\n")
    found = configured()
    assert (found.ca_file, found.proxy("http", "h")) == (bare, "http://pip:2")
    monkeypatch.setenv("PIP_PROXY", "pip:3")
    assert configured().proxy("https", "h") == "http://pip:3"
    monkeypatch.setenv("ALL_PROXY", "own:4")
    assert configured().proxy("https", "h") == "http://own:4"
    bare.write_text("not [ a file of pip's")
    monkeypatch.delenv("PIP_PROXY")
    assert configured().ca_file != bare


def test_threads_find_urllib3_imported() -> None:
    # Two threads that import it at once may end with "deadlock detected by _ModuleLock": its modules import each other.
    code = (
        "import sys\n"
        "from castiron_common.downloads import Downloader\n"
        "from castiron_common.network import Network\n"
        "with Downloader(Network()):\n"
        "    print(sorted({'urllib3', 'urllib3.util', 'urllib3.exceptions'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['urllib3', 'urllib3.exceptions', 'urllib3.util']\n"
