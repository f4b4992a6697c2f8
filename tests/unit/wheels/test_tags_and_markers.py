"""Which wheels the target can use, and what markers say there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from packaging.markers import Marker

from castiron_common.errors import UsageError
from castiron_wheels.markers import holds, marker_environment
from castiron_wheels.tags import fits, is_emulated, processors_for, supported_tags, with_processors, with_wheels
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-cp313-cp313-musllinux_1_2_x86_64.whl", True),
        ("a-1-cp313-cp313-musllinux_1_1_x86_64.whl", True),
        ("a-1-cp37-abi3-musllinux_1_1_x86_64.whl", True),
        ("a-1-cp313-cp313-linux_x86_64.whl", True),
        ("a-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl", True),
        ("a-1-cp313-cp313-manylinux_2_17_x86_64.whl", False),
        ("a-1-cp312-cp312-musllinux_1_2_x86_64.whl", False),
        ("a-1-cp313-cp313t-musllinux_1_2_x86_64.whl", False),
        ("a-1-cp313-cp313-musllinux_1_2_aarch64.whl", False),
        ("a-1-cp313-cp313-musllinux_1_3_x86_64.whl", False),
        ("a-1-py2-none-any.whl", False),
        ("not a wheel", False),
    ],
)
def test_fits(filename: str, expected: bool, target: PythonTarget) -> None:
    assert fits(filename, target) is expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1-cp39-abi3-manylinux_2_28_x86_64.whl", True),
        ("a-1-py3-none-manylinux1_x86_64.whl", True),
        ("a-1-cp313-cp313-manylinux_2_41_x86_64.whl", False),
        ("a-1-cp313-cp313-manylinux_2_17_aarch64.whl", False),
        ("a-1-cp312-cp312-manylinux_2_17_x86_64.whl", False),
    ],
)
def test_wheels_for_the_emulated_c_library(
    filename: str, expected: bool, target: PythonTarget, any_target: PythonTarget
) -> None:
    assert fits(filename, any_target) is expected
    assert not expected or is_emulated(filename, any_target)
    assert not fits(filename, target)


def test_a_wheel_for_both_is_for_the_targets_own(any_target: PythonTarget) -> None:
    assert not is_emulated("a-1-cp313-cp313-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl", any_target)
    assert not is_emulated("a-1-py3-none-any.whl", any_target)
    assert not is_emulated("no wheel", any_target)


def test_own_wheels_come_first_and_those_for_everybody_last(any_target: PythonTarget) -> None:
    tags = [str(tag) for tag in supported_tags(any_target)]
    order = [
        "cp313-cp313-musllinux_1_2_x86_64",
        "cp37-abi3-musllinux_1_2_x86_64",
        "py3-none-musllinux_1_2_x86_64",
        "cp313-cp313-manylinux_2_28_x86_64",
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp37-abi3-manylinux_2_28_x86_64",
        "py3-none-any",
    ]
    assert [tag for tag in tags if tag in order] == order


def test_another_choice_of_wheels_is_refused() -> None:
    with pytest.raises(UsageError, match="--wheels uclibc") as caught:
        with_wheels(TARGET, "uclibc")
    assert caught.value.hint == "Use --wheels any or --wheels musl."
    assert with_wheels(TARGET, "any") is TARGET


@pytest.mark.parametrize(
    ("filename", "level"),
    [
        ("a-1-cp313-cp313-manylinux_2_34_x86_64_v2.whl", 1),
        ("a-1-cp39-abi3-musllinux_1_2_x86_64_v3.whl", 2),
    ],
)
def test_wheels_for_newer_processors(filename: str, level: int, any_target: PythonTarget) -> None:
    for index, name in enumerate(("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")):
        target = replace(any_target, target=with_processors(any_target.target, index))
        assert fits(filename, target) is (index >= level), name
        assert fits("a-1-cp313-cp313-manylinux_2_34_x86_64.whl", target)
        assert str(supported_tags(target)[0]) == str(supported_tags(any_target)[0])
        assert is_emulated(filename, target) is ("manylinux" in filename and index >= level)
        assert index != level or processors_for(filename, any_target) == name


def test_wheels_that_no_newer_processor_helps(any_target: PythonTarget) -> None:
    assert processors_for("a-1-cp313-cp313-manylinux_2_34_x86_64_v5.whl", any_target) is None
    assert processors_for("a-1-cp313-cp313-manylinux_2_34_aarch64.whl", any_target) is None
    assert with_processors(TARGET, 0) is TARGET


def test_specific_tags_come_first(target: PythonTarget) -> None:
    tags = [str(tag) for tag in supported_tags(target)]
    order = [
        "cp313-cp313-musllinux_1_2_x86_64",
        "cp313-cp313-musllinux_1_1_x86_64",
        "cp37-abi3-musllinux_1_2_x86_64",
        "py3-none-any",
    ]
    assert [tag for tag in tags if tag in order] == order


@pytest.mark.parametrize(
    ("marker", "extras", "expected"),
    [
        ("python_version >= '3.13'", (), True),
        ("python_version < '3.11'", (), False),
        ("sys_platform == 'linux' and platform_machine == 'x86_64'", (), True),
        ("sys_platform == 'win32'", (), False),
        ("extra == 'socks'", (), False),
        ("extra == 'socks'", ("socks",), True),
        ("platform_python_implementation != 'PyPy'", (), True),
    ],
)
def test_markers_hold_for_the_target_not_the_host(
    marker: str, extras: tuple[str, ...], expected: bool, target: PythonTarget
) -> None:
    assert holds(Marker(marker), target, extras) is expected


def test_no_marker_holds(target: PythonTarget) -> None:
    assert holds(None, target)


def test_marker_values_are_complete(target: PythonTarget) -> None:
    from packaging.markers import default_environment

    assert set(marker_environment(target)) == set(default_environment())
