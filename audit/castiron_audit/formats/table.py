"""Writes the report as a table for a terminal, with findings and obligations."""

from __future__ import annotations

from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from castiron_audit.copyleft import Strength, reach
from castiron_audit.file_size import missing_bytes, overhead_rows
from castiron_audit.findings import ADVICE
from castiron_audit.formats.order import in_tree_order
from castiron_audit.machine_needs import need_rows
from castiron_audit.model import Kind, Severity
from castiron_common.console import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_audit.model import Component, Report

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

_HEAD = tuple(Text(title, style="bold") for title in ("component", "version", "license", "known from", "form", "KiB"))
_GAP = "  "


def table(report: Report, *, width: int = 120, color: bool = False, brief: bool = False) -> str:
    """Return the table, the findings and the obligations as text.

    ``color`` adds terminal escapes; ``brief`` gives the titles of the obligations only.
    """
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        emoji=False,
    )
    _print_rows([*_component_rows(report), *_overhead_rows(report)], console)
    missing = missing_bytes(report)
    if report.file_size and not missing:
        console.print(f"Together {report.file_size:,} bytes, the whole file.", markup=False)
    elif missing:
        console.print(
            f"The file has {missing:,} bytes fewer than were linked: something changed it afterwards.", style="yellow"
        )
    if not report.linked:
        console.print(
            "Made from a manifest: what is linked of the runtime is known after the link, see `castiron audit BINARY`.",
            style="dim",
        )
    _findings(report, console)
    _obligations(report, console, brief=brief)
    if report.needs and not brief:
        console.print("\n[bold]What the machine must bring[/bold]")
        for row in need_rows(report):
            console.print(f"  {row.what}: {row.state} ({printable(row.modules)})", markup=False)
    if report.policy != "none":
        console.print(f"\nPolicy: {report.policy}", markup=False)
    return out.getvalue()


def _component_rows(report: Report) -> Iterator[tuple[Text, ...]]:
    """Yield a row for each component, and one for all crates of a component."""
    crates: dict[str | None, list[Component]] = {}
    for component in report.components:
        if component.kind is Kind.CRATE:
            crates.setdefault(component.parent, []).append(component)
    for component in in_tree_order(report):
        if component.kind is Kind.CRATE:
            continue
        indent = "  " if component.parent else ""
        yield (
            Text(indent + printable(component.name)),
            Text(printable(component.version)),
            _license(component),
            Text(_source(component)),
            Text("+".join(component.forms)),
            Text(f"{component.size / 1024:.0f}" if component.size else ""),
        )
        if contained := crates.get(component.id):
            yield _row_of_crates(contained)


def _row_of_crates(crates: Sequence[Component]) -> tuple[Text, ...]:
    unknown = sum(item.verdict.expression is None for item in crates)
    known = sorted({item.verdict.expression for item in crates if item.verdict.expression})
    licenses = f"{len(known)} different licenses" if len(known) > 3 else "; ".join(known)
    return (
        Text(f"  {len(crates)} Rust crates", style="dim"),
        Text(),
        Text(licenses + (f", {unknown} unknown" if unknown else ""), style="dim"),
        Text(),
        Text("static"),
        Text(),
    )


def _overhead_rows(report: Report) -> Iterator[tuple[Text, ...]]:
    for extra in overhead_rows(report):
        yield (Text(extra.title, style="dim"), *(Text() for _ in range(4)), Text(f"{extra.size / 1024:.0f}"))


def _print_rows(rows: Sequence[tuple[Text, ...]], console: Console) -> None:
    """Print the grid of components.

    Where it fits, as it nearly always does, without `rich.table`, which lays out each cell by itself: 2 ms a row.
    """
    widths = [max(row[place].cell_len for row in [_HEAD, *rows]) for place in range(len(_HEAD))]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > console.width:
        grid = Table(box=None, header_style="bold", pad_edge=False)
        for place, title in enumerate(_HEAD):
            grid.add_column(title, justify="right" if place == len(_HEAD) - 1 else "left")
        for row in rows:
            grid.add_row(*row)
        console.print(grid)
        return
    for row in [_HEAD, *rows]:
        parts: list[Text | str] = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell.cell_len)
            parts += [space, cell] if place == len(_HEAD) - 1 else [cell, space, _GAP]
        if console.color_system is None:
            console.file.write("".join(map(str, parts)) + "\n")
        else:
            console.print(Text.assemble(*parts), no_wrap=True, overflow="ignore", crop=False)


def _findings(report: Report, console: Console) -> None:
    open_ = [
        finding for finding in report.findings if finding.settled is None and finding.severity is not Severity.INFO
    ]
    notes = len([finding for finding in report.findings if finding.settled is None]) - len(open_)
    settled = [finding for finding in report.findings if finding.settled is not None]
    names = {component.id: component for component in report.components}
    if open_:
        console.print("\n[bold]Findings[/bold] (docs/licensing.md#findings)")
    for code, same in groupby(open_, key=lambda finding: finding.code):
        for finding in same:
            component = names.get(finding.component)
            name = finding.component if component is None else component.name
            console.print(
                Text.assemble(
                    (f"  {finding.severity}: ", _STYLE[finding.severity]),
                    printable(f"{name}: {finding.message} [{finding.code}]"),
                )
            )
        if advice := ADVICE.get(code):  # None of a code that another version of Castiron has put into the report.
            console.print(Padding(Text(advice, style="dim"), (0, 0, 0, 4), expand=False))
    for finding in settled:
        console.print(f"  settled: {finding.component}: {finding.code} ({finding.settled})", markup=False, style="dim")
    if notes:
        console.print(f"  and {notes} note{'' if notes == 1 else 's'} (--format html or json shows them)", style="dim")


def _obligations(report: Report, console: Console, *, brief: bool) -> None:
    if report.obligations and brief:
        titles = "; ".join(obligation.title[0].lower() + obligation.title[1:] for obligation in report.obligations)
        console.print(f"\nThe licenses ask for: {titles}.", markup=False, style="dim")
    elif report.obligations:
        console.print("\n[bold]What the licenses ask for[/bold]")
        for obligation in report.obligations:
            count = len(obligation.components)
            console.print(
                f"  {obligation.title} ({count} component{'' if count == 1 else 's'}): {obligation.text}", markup=False
            )


def _license(component: Component) -> Text:
    expression = component.verdict.expression
    if expression is None:
        return Text(
            "its own" if component.kind is Kind.APPLICATION else "unknown",
            style="bold red" if component.parent or component.kind is not Kind.APPLICATION else "",
        )
    return Text(printable(expression), style="" if reach(expression) <= Strength.FILE else "yellow")


def _source(component: Component) -> str:
    verdict = component.verdict
    if component.kind is Kind.APPLICATION or verdict.expression is None:
        return ""
    return verdict.source + (
        f" {verdict.similarity:.0%}" if verdict.source == "license text" and verdict.similarity else ""
    )
