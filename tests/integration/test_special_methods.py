"""A class gets the slots of its special methods, whether its bases are searched for each of them or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import run
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("special_methods.py")
SLOTS = Path(__file__).with_name("type_slots.py")
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
