from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_common.progress import SilentReporter
from castiron_runtime import source_changes
from castiron_runtime.recipe import Replacement, SourceChange, cpython_recipe, supported_pythons

if TYPE_CHECKING:
    from pathlib import Path

CHANGE = SourceChange(
    file="Objects/a.c",
    summary="Two is three.",
    replacements=(Replacement(before="two", after="three"), Replacement(before="one\n", after="1\n")),
)


@dataclass
class _Notes:
    said: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.said.append(text)


def _tree(folder: Path, text: str) -> Path:
    (folder / "Objects").mkdir()
    (folder / "Objects" / "a.c").write_text(text)
    return folder


def test_a_change_is_made_and_said(tmp_path: Path) -> None:
    tree = _tree(tmp_path, "one\ntwo\n")
    with SilentReporter().task("x") as task:
        assert source_changes.apply((CHANGE,), tree, task=task)
    assert (tree / "Objects" / "a.c").read_text() == "1\nthree\n"
    notice = (tree / source_changes.NOTICE).read_text()
    assert "* Objects/a.c: Two is three.\n" in notice


def test_a_change_of_another_version_is_left_out_as_a_whole(tmp_path: Path) -> None:
    for number, text in enumerate(("two\n", "one\ntwo two\n")):
        folder = tmp_path / str(number)
        folder.mkdir()
        tree = _tree(folder, text)
        notes = _Notes()
        assert not source_changes.apply((CHANGE,), tree, task=notes)  # type: ignore[arg-type]
        assert (tree / "Objects" / "a.c").read_text() == text
        assert not (tree / source_changes.NOTICE).exists()
        assert len(notes.said) == 1
        assert "Objects/a.c" in notes.said[0]


def test_without_changes_there_is_no_notice(tmp_path: Path) -> None:
    with SilentReporter().task("x") as task:
        assert not source_changes.apply((), tmp_path, task=task)
    assert not list(tmp_path.iterdir())


def test_changes_of_recipes_say_what_they_do() -> None:
    """That they fit their version shows in a pack: test_runtime_packs."""
    changes = [change for python in supported_pythons() for change in cpython_recipe(python).cpython.changes]
    assert changes
    for change in changes:
        assert change.summary.endswith(".")
        assert change.replacements
        assert all(item.before != item.after for item in change.replacements)
