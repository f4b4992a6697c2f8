"""What the target gets where other systems get another version: real uv, an index on the loopback."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.progress import SilentReporter
from castiron_manifest.model import Severity
from castiron_wheels import known_choices
from castiron_wheels.model import Candidate, Environment
from castiron_wheels.nearness import floor, is_near
from castiron_wheels.requirements import from_lines
from castiron_wheels.resolve import resolve
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from tests.unit.wheels.indexes import Index

MUSL = "cp313-cp313-musllinux_1_2_x86_64"
GLIBC = "cp313-cp313-manylinux_2_17_x86_64"


def run(target: PythonTarget, *lines: str, older: tuple[str, ...] = (), renew: bool = False) -> Environment:
    wanted = replace(from_lines(lines, target, origin="test"), older=frozenset(older))
    return resolve(wanted, target, reporter=SilentReporter(), renew=renew)


def versions(environment: Environment) -> dict[str, str]:
    return {item.name: item.version for item in environment.distributions}


def test_what_forces_another_version_is_named(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "app", "2.0", requires=["middle"])
    make_wheel(index.folder, "app", "1.0")
    make_wheel(index.folder, "middle", "5.0", requires=["glibconly"])
    make_wheel(index.folder, "glibconly", "7.0", tag=GLIBC)
    make_wheel(index.folder, "bystander", "1.0")
    make_wheel(index.folder, "bystander", "0.5")
    found = run(target, "app", "bystander")
    assert versions(found) == {"app": "1.0", "bystander": "1.0"}
    (finding,) = found.findings
    assert (finding.code, finding.subject, finding.severity) == ("older-version", "app", Severity.WARNING)
    assert "other systems get 2.0, another major version" in finding.message
    assert "glibconly 7.0, which that needs, has neither a wheel" in finding.message
    assert "app<=1.0" in finding.message


def test_who_confirms_the_older_version_hears_nothing(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "app", "2.0", tag=GLIBC)
    make_wheel(index.folder, "app", "1.0")
    assert [item.subject for item in run(target, "app").findings] == ["app"]
    assert run(target, "app<=1.0").findings == ()


def test_a_version_of_long_ago_is_asked_for(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "app", "4.0", tag=GLIBC)
    make_wheel(index.folder, "app", "0.10")
    with pytest.raises(DependencyError, match=r"app 4\.0 has neither a wheel") as caught:
        run(target, "app")
    assert "--allow-older app" in caught.value.hint
    assert versions(run(target, "app", older=("app",))) == {"app": "0.10"}


def test_what_needs_it_falls_back_no_further_than_near(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "app", "9.0", requires=["glibconly"])
    make_wheel(index.folder, "app", "1.0")
    make_wheel(index.folder, "glibconly", "1.0", tag=GLIBC)
    with pytest.raises(DependencyError, match=r"glibconly 1\.0, which app needs, has neither") as caught:
        run(target, "app")
    assert "--allow-older app" in caught.value.hint
    assert versions(run(target, "app", older=("app",))) == {"app": "1.0"}


def test_versions_that_go_together_are_kept_together(index: Index, target: PythonTarget) -> None:
    """The older version of one needs an older one of another, which nothing else forces."""
    make_wheel(index.folder, "app", "2.0", requires=["lib>=2"], tag=GLIBC)
    make_wheel(index.folder, "app", "1.9", requires=["lib<2"])
    make_wheel(index.folder, "lib", "2.0")
    make_wheel(index.folder, "lib", "1.0")
    found = run(target, "app")
    assert versions(found) == {"app": "1.9", "lib": "1.0"}
    assert {item.subject for item in found.findings} == {"app", "lib"}


def file(version: str, year: int | None = None) -> Candidate:
    uploaded = None if year is None else f"{year}-06-01T00:00:00+00:00"
    return Candidate(name="a", version=version, filename="a", uploaded=uploaded)


@pytest.mark.parametrize(
    ("older", "newer", "near"),
    [
        (file("1.9"), file("2.0"), True),
        (file("1.9"), file("3.0"), False),
        (file("1.1", 2020), file("1.9", 2026), False),
        (file("1.8", 2024), file("1.9", 2026), True),
    ],
)
def test_near_is_one_major_version_and_three_years(older: Candidate, newer: Candidate, near: bool) -> None:
    assert is_near(older, newer) is near


def test_floor_keeps_one_major_version() -> None:
    assert floor("a", "4.2") == "a>=3"
    assert floor("a", "2!4.2") == "a>=2!3"
    assert floor("a", "1.9") is None


# What is kept --------------------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a", requires=["b"])
    make_wheel(index.folder, "b")
    first = run(target, "a")
    index.asked.clear()
    assert run(target, "a") == first
    assert index.asked == []


def test_an_answer_counts_for_ten_minutes(
    index: Index, target: PythonTarget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_wheel(index.folder, "a", "1.0")
    run(target, "a")
    make_wheel(index.folder, "a", "2.0")
    assert versions(run(target, "a")) == {"a": "1.0"}
    now = known_choices.time.time()
    monkeypatch.setattr(known_choices.time, "time", lambda: now + known_choices.CURRENT + 1)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv of later"))
    assert versions(run(target, "a")) == {"a": "2.0"}


def test_renew_asks_at_once(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a", "1.0")
    run(target, "a")
    make_wheel(index.folder, "a", "2.0")
    assert versions(run(target, "a", renew=True)) == {"a": "2.0"}
    assert versions(run(target, "a")) == {"a": "2.0"}


def test_another_setting_of_uv_is_another_question(
    index: Index, target: PythonTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(index.folder, "a", "1.0")
    make_wheel(index.folder, "a", "2.0b1")
    assert versions(run(target, "a")) == {"a": "1.0"}
    monkeypatch.setenv("UV_PRERELEASE", "allow")
    assert versions(run(target, "a")) == {"a": "2.0b1"}


def test_a_folder_as_index_is_looked_into_each_time(
    index: Index, target: PythonTarget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "links"))
    make_wheel(tmp_path / "links", "a", "1.0")
    assert versions(run(target, "a")) == {"a": "1.0"}
    make_wheel(tmp_path / "links", "a", "2.0")
    assert versions(run(target, "a")) == {"a": "2.0"}
