"""Wheels by their hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError, ManifestError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.network import Login
from castiron_common.progress import SilentReporter
from castiron_manifest.model import Distribution, Wheel
from castiron_wheels import uv_client
from castiron_wheels.fetch import fetch, fetch_all, fetch_candidates
from castiron_wheels.index_logins import index_logins
from castiron_wheels.model import Candidate
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from tests.unit.wheels.indexes import Index


def described(path: Path, *, embedded: bool = False) -> Wheel:
    return Wheel(filename=path.name, sha256=sha256_file(path), size=path.stat().st_size, embedded=embedded)


def test_from_the_index_then_from_the_cache(index: Index, target: PythonTarget) -> None:
    made = make_wheel(index.folder, "a")
    path = fetch("a", "1.0", described(made), target, reporter=SilentReporter())
    assert path.read_bytes() == made.read_bytes()
    index.asked.clear()
    assert fetch("a", "1.0", described(made), target, reporter=SilentReporter()) == path
    assert index.asked == []


def test_the_exact_file_of_several(index: Index, target: PythonTarget) -> None:
    pure = make_wheel(index.folder, "a")
    make_wheel(index.folder, "a", tag="cp313-cp313-musllinux_1_2_x86_64")
    assert fetch("a", "1.0", described(pure), target, reporter=SilentReporter()).name == pure.name


def test_all_at_once_with_blobs(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    one, two = make_wheel(index.folder, "one"), make_wheel(index.folder, "two")
    own = make_wheel(tmp_path, "own")
    items = [
        Distribution(name=path.name.split("-")[0], version="1.0", wheel=described(path, embedded=path == own), purl="")
        for path in (one, own, two)
    ]
    paths = fetch_all(items, target, blobs={sha256_file(own): own.read_bytes()}, reporter=SilentReporter())
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in (one, own, two)]
    assert fetch_all(items, target, blobs={}, reporter=SilentReporter()) == paths


def test_another_file_on_the_index_is_refused(index: Index, target: PythonTarget) -> None:
    made = make_wheel(index.folder, "a")
    wheel = Wheel(filename=made.name, sha256="0" * 64, size=1)
    with pytest.raises(DependencyError, match="another file of that name"):
        fetch("a", "1.0", wheel, target, reporter=SilentReporter())


def test_no_such_file_on_the_index(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a")
    wheel = Wheel(filename="a-1.0-cp313-cp313-musllinux_1_1_x86_64.whl", sha256="0" * 64, size=1)
    with pytest.raises(DependencyError, match="no such file"):
        fetch("a", "1.0", wheel, target, reporter=SilentReporter())


def test_changed_bytes_are_refused_and_leave_nothing(index: Index, target: PythonTarget, cache: Path) -> None:
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


def test_a_failing_server_is_asked_again(index: Index, target: PythonTarget) -> None:
    made = make_wheel(index.folder, "a")
    index.failures[made.name] = 1
    path = fetch("a", "1.0", described(made), target, reporter=SilentReporter())
    assert path.read_bytes() == made.read_bytes()


def test_what_cannot_be_fetched_is_told_with_what_to_do(index: Index, cache: Path) -> None:
    made = make_wheel(index.folder, "a")
    url = f"{index.url.removesuffix('/simple')}/files/{made.name}"
    given = Candidate(name="a", version="1.0", filename=made.name, url=url, sha256=sha256_file(made))

    def told(candidate: Candidate) -> DependencyError:
        with pytest.raises(DependencyError) as caught:
            fetch_candidates([candidate], reporter=SilentReporter())
        assert caught.value.what.startswith(f"The file {made.name} cannot be fetched: ")
        assert not list((cache / "2/wheels").rglob("*.whl"))
        return caught.value

    gone = told(replace(given, url=f"{url}x"))
    assert "answers 404" in gone.what
    assert "gone from the index" in gone.hint
    other = told(replace(given, sha256="0" * 64))
    assert sha256_file(made) in other.what
    assert "serves another file" in other.hint
    longer = told(replace(given, size=10))
    assert "more than the 10 bytes expected" in longer.what


def test_embedded_wheels_come_from_the_manifest_only(cache: Path, target: PythonTarget) -> None:
    wheel = Wheel(filename="a-1-py3-none-any.whl", sha256=sha256_bytes(b"data"), size=4, embedded=True)
    with pytest.raises(ManifestError, match="not in the manifest"):
        fetch("a", "1", wheel, target, reporter=SilentReporter())
    with pytest.raises(ManifestError, match="another hash"):
        fetch("a", "1", wheel, target, blob=b"other", reporter=SilentReporter())
    assert fetch("a", "1", wheel, target, blob=b"data", reporter=SilentReporter()).read_bytes() == b"data"


@pytest.mark.parametrize(
    ("filename", "sha256"), [("../x.whl", "0" * 64), ("..", "0" * 64), ("x.whl", "../../etc"), ("x.whl", "AB")]
)
def test_names_that_would_leave_the_cache(filename: str, sha256: str, cache: Path, target: PythonTarget) -> None:
    with pytest.raises(ManifestError, match="does not name a wheel"):
        fetch("a", "1", Wheel(filename=filename, sha256=sha256, size=1), target, blob=b"", reporter=SilentReporter())


def test_pip_settings_serve_where_uv_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "SSL_CERT_FILE", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://mirror/simple\nproxy = http://proxy:1\n")
    found = uv_client.client_environment({})
    assert found["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert found["ALL_PROXY"] == "http://proxy:1"
    assert uv_client.client_environment({"UV_INDEX": "x"}).get("UV_DEFAULT_INDEX") is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"UV_DEFAULT_INDEX": "https://a:b%40@h/simple"}, Login(host="h", user="a", password="b@")),
        (
            {"UV_INDEX": "own=https://h/simple", "UV_INDEX_OWN_USERNAME": "n", "UV_INDEX_OWN_PASSWORD": "s"},
            Login(host="h", user="n", password="s"),
        ),
        ({"UV_INDEX": "x=https://c@other/simple https://a:b@h/"}, Login(host="h", user="a", password="b")),
        ({"UV_INDEX": "https://a:b@other/simple", "UV_EXTRA_INDEX_URL": "https://h/simple"}, None),
    ],
)
def test_logins_of_indexes(environment: dict[str, str], expected: Login | None) -> None:
    assert next((login for login in index_logins(environment) if login.host == "h"), None) == expected


def test_the_login_of_an_index_is_used_for_its_files(
    index: Index, target: PythonTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_wheel(index.folder, "a")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url.replace("//", "//me:secret@"))
    fetch("a", "1.0", described(made), target, reporter=SilentReporter())
    assert index.logins[f"/files/{made.name}"] == "Basic bWU6c2VjcmV0"
