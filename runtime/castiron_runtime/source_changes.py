"""What a recipe changes in CPython's sources, and the notice of it that its license asks for (PSF-2.0, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_common.progress import Task
    from castiron_runtime.recipe import SourceChange

NOTICE = "CHANGES-BY-CASTIRON.txt"
"""File in the source tree; it becomes one of the component's texts."""


def apply(changes: Iterable[SourceChange], tree: Path, *, task: Task) -> bool:
    """Make these changes in a source tree, and write ``NOTICE`` there if there was any; return whether there was.

    A change whose texts are not all there, each once, is left out with a note: it was written for another version.
    """
    made = [change for change in changes if _apply(change, tree, task)]
    if made:
        (tree / NOTICE).write_text(notice(made))
    return bool(made)


def notice(changes: Iterable[SourceChange]) -> str:
    """Return the text that says what was changed."""
    lines = (f"* {change.file}: {change.summary}\n" for change in changes)
    return "Castiron builds this Python from its original sources with these changes:\n\n" + "".join(lines)


def _apply(change: SourceChange, tree: Path, task: Task) -> bool:
    path = tree / change.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for item in change.replacements:
        if text.count(item.before) != 1:
            task.note(
                f"The recipe's change of {change.file} does not fit this version of CPython: it is compiled as it is."
            )
            return False
        text = text.replace(item.before, item.after)
    path.write_text(text, encoding="utf-8")
    return True
