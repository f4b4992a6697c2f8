"""How commands look: options by theme, -h in every one, -v against -q, paths as a person types them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated

import pytest
import typer
from typer.testing import CliRunner

from castiron.cli import COMMANDS
from castiron_common import command_line
from castiron_common.command_line import Loudness, Theme
from castiron_common.console import relative
from castiron_common.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def help_of(app: typer.Typer, *words: str, columns: int = 100) -> str:
    done = CliRunner().invoke(app, [*words, "-h"], terminal_width=columns, env={"NO_COLOR": None, "FORCE_COLOR": "1"})
    assert done.exit_code == 0, done.output
    return done.output


def test_options_are_grouped_by_theme() -> None:
    app = command_line.application()

    @command_line.command(app)
    def some(
        place: Annotated[str, typer.Argument(metavar="PLACE", help="Where.")],
        deny: Annotated[str, typer.Option("--deny", help="No.", rich_help_panel=Theme.POLICY)] = "",
        run: Annotated[bool, typer.Option("--run", help="Yes.", rich_help_panel=Theme.RUN)] = False,
        quiet: command_line.QuietOption = False,
    ) -> None:
        """Do something."""

    lines = help_of(app).splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Arguments:", "Watched run:", "Policy:", "General:"]
    assert lines[0].endswith("[OPTIONS] PLACE")


def test_a_command_with_few_options_has_one_group() -> None:
    app = command_line.application()

    @command_line.command(app)
    def some(*, deep: Annotated[bool, typer.Option("--deep")] = False) -> None:
        """Do something."""

    assert "\nOptions:\n  --deep" in help_of(app)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("columns", [60, 100])
def test_every_command_has_the_same_look(name: str, columns: int) -> None:
    app = importlib.import_module(COMMANDS[name].module).app
    groups = {"cache": ["prune"], "manifest": ["show"], "runtime": ["build"]}
    for words in ([], groups.get(name, [])):
        text = help_of(app, *words, columns=columns)
        assert not set(text) & set("\x1b╭─│{}"), text
        assert max(map(len, text.splitlines())) <= columns, text
        assert "-h, --help" in text


@pytest.mark.parametrize("name", ["trace", "link", "build", "check", "audit"])
def test_every_command_that_makes_or_judges_a_program_can_say_more_or_less(name: str) -> None:
    general = help_of(importlib.import_module(COMMANDS[name].module).app).partition("\nGeneral:\n")[2]
    assert [line.split()[:2] for line in general.splitlines() if line.startswith("  -")] == [
        ["-v,", "--verbose"],
        ["-q,", "--quiet"],
        ["-h,", "--help"],
    ]


def test_build_takes_each_option_of_both_stages_once() -> None:
    text = help_of(importlib.import_module(COMMANDS["build"].module).app)
    for option in ("--requirements", "--policy", "--verbose", "--quiet", "--output", "--keep-manifest"):
        assert text.count(f"{option} ") == 1, text


def test_loudness() -> None:
    assert command_line.loudness(quiet=False, verbose=False) is Loudness.NORMAL
    assert command_line.loudness(quiet=True, verbose=False) is Loudness.QUIET
    assert command_line.loudness(quiet=False, verbose=True) is Loudness.VERBOSE
    with pytest.raises(UsageError):
        command_line.loudness(quiet=True, verbose=True)


def test_paths_below_the_current_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    here = f"{tmp_path}/in"
    assert relative(f"{here}/a.py: no; see {here}/b and '{here}/c'") == "a.py: no; see b and 'c'"
    for kept in (here, f"{here}side/a", f"/other{here}/a", f"{tmp_path}/a", f"{here}/"):
        assert relative(kept) == kept


def test_a_current_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert relative(f"{tmp_path}/gone/a") == f"{tmp_path}/gone/a"
