"""The command ``castiron build``, with all options of ``trace`` and ``link``."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from castiron.build import build
from castiron_common import command_line
from castiron_common.command_line import Theme
from castiron_link.cli import link
from castiron_trace.cli import trace

if TYPE_CHECKING:
    from collections.abc import Callable

app = command_line.application()

_KEEP = "keep_manifest"
_CHECK = "check"
_NOT_OF_TRACE = frozenset({"output", "explain"})
_NOT_OF_LINK = frozenset({"manifest"})

KeepOption = Annotated[
    Path | None,
    typer.Option(
        "--keep-manifest",
        metavar="FILE",
        help="Also write the manifest to this file.",
        show_default=False,
        rich_help_panel=Theme.OUTPUT,
    ),
]
CheckOption = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Afterwards, import every module in the binary, as `castiron check` does.",
        rich_help_panel=Theme.OUTPUT,
    ),
]


def parameters(command: Callable[..., Any], leave_out: frozenset[str]) -> list[inspect.Parameter]:
    """Return the parameters of a command, annotations evaluated, without those in ``leave_out``."""
    hints = typing.get_type_hints(command, include_extras=True)
    return [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name not in leave_out
    ]


_OF_TRACE = parameters(trace, _NOT_OF_TRACE)
_OF_LINK = parameters(link, _NOT_OF_LINK)
_OF_CHECK = frozenset(
    {"optimize", "sources", "sys_path", "full_finalize", "obey_environment", "pie", "verbose", "quiet"}
)
"""Options of the link that a check has, too: they decide what it finds."""


def _build(**values: Any) -> None:
    """Trace and link a Python application: make one static executable, and a report of what is in it.

    Takes the options of both `trace` and `link`.
    """
    of_trace = {parameter.name: values[parameter.name] for parameter in _OF_TRACE}
    of_link = {parameter.name: values[parameter.name] for parameter in _OF_LINK}
    keep = values[_KEEP]
    if of_link["output"] is not None:
        # As `link` does, but before the trace, which may take minutes.
        from castiron_link.write import check_places

        check_places(
            of_link["output"],
            symbols=of_link["symbols"],
            keep_map=of_link["keep_map"],
            others={"--keep-manifest": keep, "--record": of_trace["record"]},
        )
    build(
        lambda manifest: trace(**of_trace, output=manifest, explain=None),
        lambda manifest: _link(manifest, of_link, checked=values[_CHECK]),
        manifest=keep,
    )


def _link(manifest: Path, options: dict[str, Any], *, checked: bool) -> None:
    link(manifest, **options)
    if checked:
        from castiron.check.cli import check

        check(manifest, **{name: value for name, value in options.items() if name in _OF_CHECK})


def _signature() -> inspect.Signature:
    keep = inspect.Parameter(_KEEP, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=KeepOption)
    check = inspect.Parameter(_CHECK, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=CheckOption)
    # A stable sort: positional arguments first.
    both = {parameter.name: parameter for parameter in (*_OF_TRACE, *_OF_LINK, keep, check)}
    return inspect.Signature(sorted(both.values(), key=lambda parameter: parameter.kind))


_build.__signature__ = _signature()  # type: ignore[attr-defined]  # what typer reads
_build.__annotations__ = {name: item.annotation for name, item in _signature().parameters.items()}
command_line.command(app)(_build)
