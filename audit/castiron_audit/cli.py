"""``castiron audit``: everything that a person sees of the license audit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_audit.formats import Format
from castiron_common.console import run_command, stderr_console

if TYPE_CHECKING:
    from castiron_audit.model import Report
    from castiron_audit.policy import Policy

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def audit(
    subject: Annotated[
        Path,
        typer.Argument(
            metavar="APP_OR_MANIFEST", help="A binary that castiron linked, or a manifest; with --outdated a folder."
        ),
    ],
    *,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; default: standard output.", show_default=False),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="A pyproject.toml, or a TOML file with the table's keys.",
            show_default=False,
        ),
    ] = None,
    deny: Annotated[
        list[str] | None, typer.Option("--deny", metavar="LICENSE", help="Refuse this license; * matches anything.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse unknown licenses and unsettled findings, too.")
    ] = False,
    components: Annotated[
        bool, typer.Option("--components", help="Only what scanners need: name, version, CPE, purl.")
    ] = False,
    osv: Annotated[
        list[Path] | None,
        typer.Option("--osv", metavar="FILE", help="Check against advisories in OSV format (JSON, or a zip of such)."),
    ] = None,
    outdated: Annotated[
        str | None,
        typer.Option(
            "--outdated",
            metavar="PYTHON",
            help="SUBJECT is a folder: list the binaries linked with an older Python than this, 3.13.5 say.",
            show_default=False,
        ),
    ] = None,
    site: Annotated[
        bool,
        typer.Option(
            "--site/--no-site",
            help="For a manifest: look into the wheels, too (fetches them if they are not in the cache).",
        ),
    ] = True,
) -> None:
    """Tell what a binary or manifest consists of, and under which licenses."""
    from castiron_audit import load
    from castiron_audit.formats import render
    from castiron_audit.policy import apply, enforce

    if outdated is not None:
        _show_outdated(subject, outdated)
        return
    from castiron_common.progress import RichReporter

    rules = load_policy(policy, deny=deny or [], strict=strict)
    found = load.read(subject, rules, with_site=site, reporter=RichReporter(stderr_console()))
    report = apply(found, rules)
    if components:
        _write(_component_lines(report), output)
        return
    if osv:
        _check(report, osv, output)
        return
    if format_ is Format.TABLE and output is None:
        from castiron_audit.formats.table import table

        sys.stdout.write(table(report, width=_width(), color=sys.stdout.isatty()))
    else:
        _write(render(report, format_, epoch=source_date_epoch()), output)
    enforce(report, hint="")


def load_policy(path: Path | None, *, deny: list[str], strict: bool) -> Policy:
    """Return the policy of a file, else that of the current folder's pyproject.toml, with what options add.

    Raises `InputError` or `UsageError`.
    """
    from dataclasses import replace

    from castiron_audit.policy import Policy, find_policy, patterns, read_policy
    from castiron_common.errors import UsageError

    if path is None:
        path = find_policy(Path.cwd())
        if path is not None:
            stderr_console().print(f"license policy: {path.name} of this folder", style="dim")
    policy = read_policy(path) if path is not None else Policy()

    def wrong(what: str) -> UsageError:
        return UsageError(f"--deny: {what}.", hint="Name SPDX identifiers: https://spdx.org/licenses/.")

    return replace(policy, deny=(*policy.deny, *patterns(deny, "deny", wrong)), strict=policy.strict or strict)


def source_date_epoch() -> int | None:
    """Return ``SOURCE_DATE_EPOCH`` in seconds, None if it is not set.  Raises `UsageError` if it is no number."""
    from castiron_common.errors import UsageError

    said = os.environ.get("SOURCE_DATE_EPOCH")
    if not said:
        return None
    if not said.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH is {said!r}, not a number of seconds.", hint="Unset it, or correct it.")
    return int(said)


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((140, 40)).columns


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    from castiron_common.files import atomic_write

    with atomic_write(output) as file:
        file.write(text.encode())


def _component_lines(report: Report) -> str:
    rows = [
        "\t".join((component.name, component.version or "-", component.cpe or "-", component.purl or "-"))
        for component in report.components
        if component.id != "application"
    ]
    return "\n".join(("name\tversion\tcpe\tpurl", *rows)) + "\n"


def _check(report: Report, files: list[Path], output: Path | None) -> None:
    from castiron_audit.osv import matches, read_advisories

    found = matches(report.components, read_advisories(files))
    lines = [
        f"{hit.component.name} {hit.component.version}\t{hit.advisory}\t{hit.fixed or '-'}\t{hit.summary}"
        for hit in found
    ]
    _write("\n".join(("component\tadvisory\tfixed in\tsummary", *lines)) + "\n", output)
    if found:
        raise typer.Exit(1)


def _show_outdated(folder: Path, newest: str) -> None:
    from castiron_audit.load import outdated

    rows = outdated(folder, newest)
    print("\n".join(("binary\tpython\tname", *(f"{path}\t{python}\t{name}" for path, python, name in rows))))
    if rows:
        raise typer.Exit(1)


def main() -> None:
    """Run the command on its own."""
    run_command(app, prog="castiron audit")
