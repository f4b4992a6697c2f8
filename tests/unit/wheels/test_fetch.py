"""Wheels by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError, ManifestError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.progress import SilentReporter
from castiron_manifest.model import Distribution, Target, Wheel
from castiron_wheels import uv_client
from castiron_wheels.fetch import fetch, fetch_all
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.wheels.indexes import Index


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv_client.time, "sleep", lambda _: None)


def described(path: Path, *, embedded: bool = False) -> Wheel:
    return Wheel(filename=path.name, sha256=sha256_file(path), size=path.stat().st_size, embedded=embedded)


def test_from_the_index_then_from_the_cache(index: Index, target: Target) -> None:
    made = make_wheel(index.folder, "a")
    path = fetch("a", "1.0", described(made), target, reporter=SilentReporter())
    assert path.read_bytes() == made.read_bytes()
    index.asked.clear()
    assert fetch("a", "1.0", described(made), target, reporter=SilentReporter()) == path
    assert index.asked == []


def test_the_exact_file_of_several(index: Index, target: Target) -> None:
    pure = make_wheel(index.folder, "a")
    make_wheel(index.folder, "a", tag="cp313-cp313-musllinux_1_2_x86_64")
    assert fetch("a", "1.0", described(pure), target, reporter=SilentReporter()).name == pure.name


def test_all_at_once_with_blobs(index: Index, target: Target, tmp_path: Path) -> None:
    one, two = make_wheel(index.folder, "one"), make_wheel(index.folder, "two")
    own = make_wheel(tmp_path, "own")
    items = [
        Distribution(name=path.name.split("-")[0], version="1.0", wheel=described(path, embedded=path == own), purl="")
        for path in (one, own, two)
    ]
    paths = fetch_all(items, target, blobs={sha256_file(own): own.read_bytes()}, reporter=SilentReporter())
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in (one, own, two)]
    assert fetch_all(items, target, blobs={}, reporter=SilentReporter()) == paths


def test_another_file_on_the_index_is_refused(index: Index, target: Target) -> None:
    made = make_wheel(index.folder, "a")
    wheel = Wheel(filename=made.name, sha256="0" * 64, size=1)
    with pytest.raises(DependencyError, match="another file of that name"):
        fetch("a", "1.0", wheel, target, reporter=SilentReporter())


def test_no_such_file_on_the_index(index: Index, target: Target) -> None:
    make_wheel(index.folder, "a")
    wheel = Wheel(filename="a-1.0-cp313-cp313-musllinux_1_1_x86_64.whl", sha256="0" * 64, size=1)
    with pytest.raises(DependencyError, match="no such file"):
        fetch("a", "1.0", wheel, target, reporter=SilentReporter())


def test_changed_bytes_are_refused_and_leave_nothing(index: Index, target: Target, cache: Path) -> None:
    made = make_wheel(index.folder, "a")
    wheel = described(made)
    page = index.page("a")
    assert page is not None
    index.broken["a"] = page
    index.broken[made.name] = made.read_bytes() + b"evil"
    index.folder.joinpath(made.name).write_bytes(made.read_bytes())
    with pytest.raises(DependencyError, match=r"SHA-256|hash"):
        fetch("a", "1.0", wheel, target, reporter=SilentReporter())
    assert not list((cache / "2/wheels").rglob("*.whl"))


def test_a_failing_server_is_asked_again(index: Index, tmp_path: Path) -> None:
    made = make_wheel(index.folder, "a")
    index.failures[made.name] = 2
    url = f"{index.url.removesuffix('/simple')}/files/{made.name}"
    uv_client.download(url, tmp_path / "out", sha256=sha256_file(made), label="a")
    assert (tmp_path / "out").read_bytes() == made.read_bytes()
    index.failures[made.name] = 99
    with pytest.raises(DependencyError, match="503"):
        uv_client.download(url, tmp_path / "out", sha256=None, label="a")
    with pytest.raises(DependencyError, match="404"):
        uv_client.download(f"{url}x", tmp_path / "out", sha256=None, label="a")


def test_embedded_wheels_come_from_the_manifest_only(cache: Path, target: Target) -> None:
    wheel = Wheel(filename="a-1-py3-none-any.whl", sha256=sha256_bytes(b"data"), size=4, embedded=True)
    with pytest.raises(ManifestError, match="not in the manifest"):
        fetch("a", "1", wheel, target, reporter=SilentReporter())
    with pytest.raises(ManifestError, match="another hash"):
        fetch("a", "1", wheel, target, blob=b"other", reporter=SilentReporter())
    assert fetch("a", "1", wheel, target, blob=b"data", reporter=SilentReporter()).read_bytes() == b"data"


@pytest.mark.parametrize(
    ("filename", "sha256"), [("../x.whl", "0" * 64), ("..", "0" * 64), ("x.whl", "../../etc"), ("x.whl", "AB")]
)
def test_names_that_would_leave_the_cache(filename: str, sha256: str, cache: Path, target: Target) -> None:
    with pytest.raises(ManifestError, match="does not name a wheel"):
        fetch("a", "1", Wheel(filename=filename, sha256=sha256, size=1), target, blob=b"", reporter=SilentReporter())


def test_pip_settings_serve_where_uv_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "SSL_CERT_FILE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror/simple\nproxy = http://proxy:1\n")
    uv_client._pip_settings.cache_clear()
    try:
        found = uv_client.client_environment({})
        assert found["UV_DEFAULT_INDEX"] == "https://mirror/simple"
        assert found["ALL_PROXY"] == "http://proxy:1"
        assert uv_client.client_environment({"UV_INDEX": "x"}).get("UV_DEFAULT_INDEX") is None
    finally:
        uv_client._pip_settings.cache_clear()


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, "https://u:p%40@h/x.whl", "u:p@"),
        ({"UV_DEFAULT_INDEX": "https://a:b@h/simple"}, "https://h/x.whl", "a:b"),
        (
            {"UV_INDEX": "own=https://h/simple", "UV_INDEX_OWN_USERNAME": "n", "UV_INDEX_OWN_PASSWORD": "s"},
            "https://h/x",
            "n:s",
        ),
        ({"UV_INDEX": "https://a:b@other/simple"}, "https://h/x.whl", None),
    ],
)
def test_credentials(
    environment: dict[str, str], url: str, expected: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import base64
    from urllib.parse import urlsplit

    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "netrc").write_text("machine netrc.example login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bare, header = uv_client._credentials(urlsplit(url))
    assert "@" not in bare
    assert header == (None if expected is None else "Basic " + base64.b64encode(expected.encode()).decode())
    assert uv_client._credentials(urlsplit("https://netrc.example/x"))[1] is not None
