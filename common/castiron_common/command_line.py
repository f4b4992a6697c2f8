"""How every command looks: options grouped by theme, the same -h, -v and -q, help as wide as the terminal.

Help is click's plain text, which every terminal, pager and log shows; no colours, no boxes.
"""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from castiron_common.errors import UsageError
from castiron_common.lines import stderr_lines
from castiron_common.progress import RichReporter, SilentReporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from castiron_common.progress import Reporter

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_RANGE = re.compile(r"; [^;\]]*(?:<=x|x>=|x<=)[^;\]]*\]$")
"""What click adds to the default of a number; the message about one outside of it says it, too."""

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Theme(StrEnum):
    """The headings of --help, in the order in which they stand there."""

    APPLICATION = "Application"
    REQUIREMENTS = "Requirements"
    CONTENT = "What goes in"
    RUN = "Watched run"
    COMPARED = "Comparison"
    TARGET = "Target"
    CODE = "Code and files"
    BEHAVIOUR = "Behaviour of the executable"
    LICENSES = "Licenses"
    POLICY = "Policy"
    VULNERABILITIES = "Security fixes"
    SOURCES = "What is read"
    OUTPUT = "Output"
    GENERAL = "General"


class Loudness(IntEnum):
    """How much a command tells a person."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


QuietOption = Annotated[
    bool,
    typer.Option("-q", "--quiet", help="Print only what is wrong.", rich_help_panel=Theme.GENERAL, show_default=False),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "-v",
        "--verbose",
        help="Print details, and how long each pass took.",
        rich_help_panel=Theme.GENERAL,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Print JSON, for other programs.", rich_help_panel=Theme.OUTPUT, show_default=False),
]


def loudness(*, quiet: bool, verbose: bool) -> Loudness:
    """Return what -q and -v ask for.  Raises `UsageError` for both."""
    if quiet and verbose:
        raise UsageError("-q and -v contradict each other.", hint="Give one of the two.")
    return Loudness.QUIET if quiet else Loudness.VERBOSE if verbose else Loudness.NORMAL


def reporter_of(loud: Loudness) -> Reporter:
    """Return what shows the progress of a command, which is stderr's business."""
    return SilentReporter() if loud is Loudness.QUIET else RichReporter(stderr_lines())


def show_passes(seconds: Iterable[tuple[str, float]]) -> None:
    """Print how long each pass of a stage took."""
    stderr_lines().print(", ".join(f"{name} {spent:.2f} s" for name, spent in seconds), style="dim")


def application(help_: str | None = None) -> typer.Typer:
    """Return an empty typer application that looks like all commands; with ``help_`` one of several commands."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        no_args_is_help=help_ is not None,
        help=help_,
        context_settings=CONTEXT,
    )


def command(app: typer.Typer, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
    """Return the decorator that makes a function a command of ``app``; ``settings`` are click's of the context."""
    return app.command(name, cls=ThemedCommand, context_settings={**CONTEXT, **settings})


class ThemedCommand(TyperCommand):
    """A command whose --help lists arguments, then each theme's options; those without a theme come last."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line, without the braces that typer puts around an argument."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options; click's types are not public in typer."""
        arguments: list[tuple[str, str]] = []
        themes: dict[str, list[tuple[str, str]]] = {theme: [] for theme in Theme}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "argument":
                arguments.append(record)
            else:
                name, text = record
                theme = getattr(parameter, "rich_help_panel", None) or Theme.GENERAL
                themes[theme].append((name, _RANGE.sub("]", text)))
        if not any(records for theme, records in themes.items() if theme != Theme.GENERAL):
            themes = {"Options": themes[Theme.GENERAL]}
        for heading, records in (("Arguments", arguments), *themes.items()):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
