from __future__ import annotations

import functools
import hashlib
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from castiron_common.cache import discard
from castiron_common.errors import RuntimePackError
from castiron_common.progress import SilentReporter
from castiron_runtime import debian, sources
from castiron_runtime.recipe import parse_recipe, sources_key
from tests.support.http_servers import Server, broken_off, stalled, status, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_runtime.recipe import Recipe
    from castiron_runtime.sources import Source

DATA = b"source archive"
SHA256 = hashlib.sha256(DATA).hexdigest()


def recipe(*pins: str) -> Recipe:
    head = 'series = "1."\n'
    sources = "".join(f"[[source]]\n{pin}\n" for pin in pins)
    rest = '[license]\nspdx = "MIT"\nevidence = "e"\nfiles = ["L"]\npurl = "p"\n[build]\n'
    return parse_recipe("x", (head + sources + rest).encode())


def upstream(url: str, version: str = "1.0", sha256: str = SHA256) -> str:
    return f'version = "{version}"\nurl = "{url}"\nsha256 = "{sha256}"'


def package(version: str = "1.0", sha256: str = SHA256) -> str:
    return f'version = "{version}"\npackage = "x"\nsuite = "sid"\nfile = "x_{version}.orig.tar.gz"\nsha256 = "{sha256}"'


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CASTIRON_SOURCES", raising=False)
    monkeypatch.setattr(sources, "_unreachable", {})
    monkeypatch.setattr(sources, "CONNECT_TIMEOUT", 1.0)
    return tmp_path / "cache"


@pytest.fixture
def no_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def gone(*_: object) -> Iterator[None]:
        raise debian.UnavailableError("Debian's sid no longer lists it")
        yield

    monkeypatch.setattr(debian, "fetch_by_hash", gone)
    monkeypatch.setattr(debian, "fetch_series", gone)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def fetch(wanted: Recipe) -> Source:
    with SilentReporter().task("x") as task:
        return sources.fetch(wanted, task=task)


@pytest.mark.usefixtures("no_debian")
def test_upstream_serves_and_the_second_time_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "x-1.0.tar.gz").write_bytes(DATA)
    with serving(tmp_path) as address:
        wanted = recipe(upstream(f"{address}/x-1.0.tar.gz"))
        found = fetch(wanted)
    assert found.path.read_bytes() == DATA
    assert found.pinned
    assert fetch(wanted) == found == sources.recorded(wanted)


@pytest.mark.usefixtures("no_debian")
def test_a_choice_outlives_its_archive_which_comes_back_for_a_build(tmp_path: Path) -> None:
    (tmp_path / "x-1.0.tar.gz").write_bytes(DATA)
    with serving(tmp_path) as address:
        wanted = recipe(upstream(f"{address}/x-1.0.tar.gz"))
        found = fetch(wanted)
        discard(found.path)
        assert sources.recorded(wanted) == found, "what is built of it can be used without the network"
        with SilentReporter().task("x") as task:
            sources.require_intact(wanted, found, task=task)
    assert found.path.read_bytes() == DATA


@pytest.mark.usefixtures("no_debian")
def test_a_local_folder_comes_before_upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = tmp_path / "local"
    local.mkdir()
    (local / "x-1.0.tar.gz").write_bytes(DATA)
    monkeypatch.setenv("CASTIRON_SOURCES", f"{tmp_path}/nowhere:{local}")
    assert fetch(recipe(upstream("http://127.0.0.1:9/x-1.0.tar.gz"))).path.read_bytes() == DATA


@pytest.mark.usefixtures("no_debian")
def test_a_local_file_of_another_hash_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x-1.0.tar.gz").write_bytes(b"something else")
    monkeypatch.setenv("CASTIRON_SOURCES", str(tmp_path))
    with pytest.raises(RuntimePackError, match="No source archive of x can be had"):
        fetch(recipe(upstream("http://127.0.0.1:9/x-1.0.tar.gz")))


@pytest.mark.usefixtures("no_debian")
def test_what_upstream_serves_must_have_the_hash(tmp_path: Path) -> None:
    (tmp_path / "x-1.0.tar.gz").write_bytes(b"changed")
    with serving(tmp_path) as address, pytest.raises(RuntimePackError, match="and not"):
        fetch(recipe(upstream(f"{address}/x-1.0.tar.gz")))


@pytest.mark.usefixtures("no_debian")
def test_upstream_is_asked_again_where_that_is_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "SILENCE", 0.2)
    with Server() as server:
        server.answers["/x-1.0.tar.gz"] = [status(503), broken_off(DATA, 3), whole(DATA)]
        assert fetch(recipe(upstream(f"{server.url}/x-1.0.tar.gz"))).path.read_bytes() == DATA
        assert len(server.asked) == 3
        server.answers["/y-1.0.tar.gz"] = [stalled(DATA, 3)]
        for version in ("1.1", "1.2"):
            with pytest.raises(RuntimePackError, match="has sent nothing for too long"):
                fetch(recipe(upstream(f"{server.url}/y-1.0.tar.gz", version)))
        assert len(server.asked) == 3 + 3, "a host that does not answer is not waited for twice"


def test_debian_follows_when_upstream_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x_1.0.orig.tar.gz"
    file.write_bytes(DATA)

    @contextmanager
    def by_hash(name: str, suite: str, sha256: str) -> Iterator[Path]:
        assert (name, suite, sha256) == ("x", "sid", SHA256)
        yield file

    monkeypatch.setattr(debian, "fetch_by_hash", by_hash)
    found = fetch(recipe(upstream("http://127.0.0.1:9/x-1.0.tar.gz"), package()))
    assert found.path.name == "x_1.0.orig.tar.gz"


def test_another_version_of_the_series_stands_in_when_all_pins_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x_1.7.orig.tar.gz"
    file.write_bytes(b"newer")

    def gone(*_: object) -> None:
        raise debian.UnavailableError("gone")

    @contextmanager
    def series(name: str, suite: str, start: str) -> Iterator[tuple[str, Path]]:
        assert (name, suite, start) == ("x", "sid", "1.")
        yield "1.7", file

    monkeypatch.setattr(debian, "fetch_by_hash", gone)
    monkeypatch.setattr(debian, "fetch_series", series)
    wanted = recipe(package())
    found = fetch(wanted)
    assert (found.version, found.pinned) == ("1.7", False)
    assert found.sha256 == hashlib.sha256(b"newer").hexdigest()
    assert fetch(wanted) == found, "the choice is recorded"
    sources.forget(wanted)
    assert sources.recorded(wanted) is None


@pytest.mark.usefixtures("no_debian")
def test_the_error_names_every_place_and_the_way_out() -> None:
    with pytest.raises(RuntimePackError) as caught:
        fetch(recipe(upstream("http://127.0.0.1:9/x-1.0.tar.gz"), package()))
    assert "127.0.0.1 cannot be reached" in caught.value.what
    assert "no longer lists it" in caught.value.what
    assert "CASTIRON_SOURCES" in caught.value.hint


def test_a_damaged_record_is_ignored(own_cache: Path) -> None:
    wanted = recipe(package())
    record = own_cache / "2/sources" / f"x-{sources_key(wanted)[:16]}.json"
    record.parent.mkdir(parents=True)
    for text in ("", "{", "[]", '{"version": 1}'):
        record.write_text(text)
        assert sources.recorded(wanted) is None
