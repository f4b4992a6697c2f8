"""The command ``castiron relink``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from castiron_common import command_line
from castiron_common.command_line import Loudness, Theme
from castiron_common.console import printable
from castiron_common.errors import UsageError
from castiron_common.lines import stderr_lines
from castiron_link.cli import OutputOption, RelinkOption, SbomOption  # noqa: TC001  # typer reads the annotations

app = command_line.application()

ReplaceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--replace",
        metavar="PATH=FILE",
        help="Put FILE in the place of this file of a distribution; PATH is relative to site-packages.",
        show_default=False,
        rich_help_panel=Theme.CONTENT,
    ),
]


@command_line.command(app)
def relink(
    kit: Annotated[Path, typer.Argument(metavar="KIT", help="The folder that `link --relink-kit` wrote.")],
    *,
    output: OutputOption = None,
    replace: ReplaceOption = None,
    sbom: SbomOption = True,
    relink_kit: RelinkOption = None,
    verbose: command_line.VerboseOption = False,
    quiet: command_line.QuietOption = False,
) -> None:
    """Link an executable again from its relink kit, with changed files or wheels of its distributions."""
    from castiron.relink import relink as relink_kit_of
    from castiron_audit.cli import source_date_epoch
    from castiron_link.cli import show_result

    loud = command_line.loudness(quiet=quiet, verbose=verbose)
    result, changed = relink_kit_of(
        kit,
        replaced=dict(map(_replacement, replace or ())),
        output=output,
        relink_kit=relink_kit,
        epoch=source_date_epoch(),
        sbom=sbom,
        reporter=command_line.reporter_of(loud),
    )
    if loud is not Loudness.QUIET:
        told = f"changed: {', '.join(changed)}" if changed else "nothing is changed"
        stderr_lines().print(printable(told))
    show_result(result, loud, table=False)


def _replacement(given: str) -> tuple[str, Path]:
    path, equals, file = given.partition("=")
    if not (path and equals and file):
        raise UsageError(
            f"--replace {given!r} is not PATH=FILE.", hint="PATH is the file's path relative to site-packages."
        )
    return path, Path(file)
