"""Wheels for the emulated C library stand in where there is none for the target's own: real uv, an index here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.progress import SilentReporter
from castiron_wheels.requirements import from_lines
from castiron_wheels.resolve import resolve
from tests.unit.wheels.indexes import make_sdist
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget
    from castiron_wheels.model import Environment
    from tests.unit.wheels.indexes import Index

MUSL = "cp313-cp313-musllinux_1_2_x86_64"
GLIBC = "cp313-cp313-manylinux_2_17_x86_64"
OTHER = "cp313-cp313-manylinux_2_17_aarch64"


def run(target: PythonTarget, *lines: str, exact: bool = False) -> Environment:
    wanted = replace(from_lines(lines, target, origin="test"), exact=exact)
    return resolve(wanted, target, reporter=SilentReporter())


def tags(environment: Environment) -> dict[str, str]:
    return {item.name: item.wheel.filename.partition("-")[2].removesuffix(".whl") for item in environment.distributions}


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_own_wheels_then_the_emulated_ones_then_pure_ones(
    index: Index, any_target: PythonTarget, pinned: bool, exact: bool
) -> None:
    for tag in (MUSL, GLIBC, "py3-none-any"):
        make_wheel(index.folder, "has-all", "1.0", tag=tag)
    for tag in (GLIBC, "py3-none-any"):
        make_wheel(index.folder, "not-own", "1.0", tag=tag)
    make_wheel(index.folder, "pure", "1.0")
    make_wheel(index.folder, "glibc-alone", "1.0", tag=GLIBC)
    names = ["has-all", "not-own", "pure", "glibc-alone"]
    for _ in range(2):  # with uv's cache empty, and with what it then knows
        found = run(any_target, *(f"{name}==1.0" if pinned or exact else name for name in names), exact=exact)
        assert tags(found) == {
            "has-all": f"1.0-{MUSL}",
            "not-own": f"1.0-{GLIBC}",
            "pure": "1.0-py3-none-any",
            "glibc-alone": f"1.0-{GLIBC}",
        }
        assert {(item.code, item.subject) for item in found.findings} == {
            ("emulated-wheel", "not-own"),
            ("emulated-wheel", "glibc-alone"),
        }
        (message,) = [item.message for item in found.findings if item.subject == "not-own"]
        assert message == (
            "The wheel of not-own 1.0 for glibc was taken, as that for musl is of pure Python "
            "(--wheels musl avoids them)."
        )


def test_an_older_version_of_one_leaves_the_emulated_wheels_of_others(index: Index, any_target: PythonTarget) -> None:
    make_sdist(index.folder, "native", "2.0")
    make_wheel(index.folder, "native", "1.9", tag=MUSL)
    make_sdist(index.folder, "gnu", "1.0")
    make_wheel(index.folder, "gnu", "1.0", tag=GLIBC)
    found = run(any_target, "native", "gnu")
    assert tags(found) == {"native": f"1.9-{MUSL}", "gnu": f"1.0-{GLIBC}"}


def test_the_newest_version_has_a_wheel_for_glibc(index: Index, any_target: PythonTarget) -> None:
    make_wheel(index.folder, "app", "2.0", requires=["lib>=2"], tag=GLIBC)
    make_wheel(index.folder, "app", "1.9", tag=MUSL)
    make_wheel(index.folder, "lib", "2.0", tag=MUSL)
    make_wheel(index.folder, "lib", "2.0", tag=GLIBC)
    assert tags(run(any_target, "app")) == {"app": f"2.0-{GLIBC}", "lib": f"2.0-{MUSL}"}


def test_who_wants_own_wheels_alone_gets_them(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "not-own", "1.0", tag=GLIBC)
    make_wheel(index.folder, "not-own", "1.0")
    assert tags(run(target, "not-own")) == {"not-own": "1.0-py3-none-any"}


def test_what_nobody_has_for_the_target_is_refused(index: Index, any_target: PythonTarget) -> None:
    make_wheel(index.folder, "app", "1.0", requires=["elsewhere"], tag=GLIBC)
    make_wheel(index.folder, "elsewhere", "1.0", tag=OTHER)
    with pytest.raises(DependencyError, match="elsewhere"):
        run(any_target, "app")
