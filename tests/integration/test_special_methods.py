"""What the recipe changes in CPython's types shows in nothing that a program can ask for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter
from tests.support.linking import run
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("special_methods.py")
SLOTS = Path(__file__).with_name("type_slots.py")
DICTIONARIES = Path(__file__).with_name("type_dictionaries.py")
CLASSES = "2000"


def _printed(python: Path, folder: Path, arguments: Sequence[str]) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = run([python, PROGRAM, *arguments], cwd=folder, env=environment, timeout=PATIENCE)
    assert done.status == 0, done.stderr
    return done.stdout.splitlines()


def test_what_instances_can_do_does_not_depend_on_how_slots_are_found(each_python: Path, tmp_path: Path) -> None:
    short = _printed(each_python, tmp_path, [CLASSES])
    searched = _printed(each_python, tmp_path, [CLASSES, "searched"])
    assert len(short) > int(CLASSES)
    assert short == searched


def test_types_have_the_methods_of_their_slots_and_c_code_interns_what_python_does(
    each_python: Path, tmp_path: Path
) -> None:
    done = run([each_python, SLOTS], cwd=tmp_path, timeout=PATIENCE)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["True True", "1000 True"]


@pytest.mark.parametrize("order", ["first", "second", "third"])
def test_built_in_types_have_all_attributes_in_whatever_order_they_are_asked_for(
    order: str, pack: Pack, tmp_path: Path
) -> None:
    python = interpreter(pack, full=True, reporter=SilentReporter())
    done = run([python, DICTIONARIES, order], cwd=tmp_path, timeout=PATIENCE)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["None", "True True True"]
