"""``castiron audit``: the command line of the license audit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_audit.formats import Format
from castiron_common import command_line
from castiron_common.command_line import Loudness, Theme
from castiron_common.console import printable, run_command
from castiron_common.errors import UsageError
from castiron_common.lines import stderr_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_audit.model import Report
    from castiron_audit.policy import Policy
    from castiron_common.clock import Clock
    from castiron_manifest.model import Manifest

app = command_line.application()


@command_line.command(app)
def audit(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="APP_OR_MANIFEST",
            help="A binary that castiron linked, or a manifest; with --osv or --outdated also a folder of binaries.",
        ),
    ],
    *,
    format_: Annotated[
        Format, typer.Option("--format", help="The format of the report.", rich_help_panel=Theme.OUTPUT)
    ] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the report to this file instead of standard output.",
            show_default=False,
            rich_help_panel=Theme.OUTPUT,
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="A pyproject.toml, or a TOML file with the keys of its table [tool.castiron.licenses].",
            show_default=False,
            rich_help_panel=Theme.POLICY,
        ),
    ] = None,
    deny: Annotated[
        list[str] | None,
        typer.Option(
            "--deny",
            metavar="LICENSE",
            help="Refuse this license; * matches any characters.",
            rich_help_panel=Theme.POLICY,
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Also refuse unknown licenses and open findings.", rich_help_panel=Theme.POLICY),
    ] = False,
    components: Annotated[
        bool,
        typer.Option(
            "--components", help="List only what scanners need: name, version, CPE, purl.", rich_help_panel=Theme.OUTPUT
        ),
    ] = False,
    osv: Annotated[
        list[Path] | None,
        typer.Option(
            "--osv",
            metavar="PATH",
            help="Check against advisories in OSV format: JSON, a zip file of such files, or a folder of them.",
            rich_help_panel=Theme.VULNERABILITIES,
        ),
    ] = None,
    vex: Annotated[
        Path | None,
        typer.Option(
            "--vex",
            metavar="FILE",
            help="With --osv: also write, as CycloneDX VEX, what the advisories mean for the binary.",
            show_default=False,
            rich_help_panel=Theme.VULNERABILITIES,
        ),
    ] = None,
    outdated: Annotated[
        str | None,
        typer.Option(
            "--outdated",
            metavar="PYTHON",
            help="List the binaries in the folder APP_OR_MANIFEST that contain an older Python than this, e.g. 3.13.5.",
            show_default=False,
            rich_help_panel=Theme.VULNERABILITIES,
        ),
    ] = None,
    site: Annotated[
        bool,
        typer.Option(
            "--site/--no-site",
            help="For a manifest: also examine its wheels, which are downloaded if they are not in the cache.",
            rich_help_panel=Theme.SOURCES,
        ),
    ] = True,
    sdists: Annotated[
        bool,
        typer.Option(
            "--sdists",
            help="For a manifest: also read the source distributions of its wheels, which are downloaded: what the "
            "wheels contain of others shows better beside its sources.",
            rich_help_panel=Theme.SOURCES,
        ),
    ] = False,
    verbose: command_line.VerboseOption = False,
    quiet: command_line.QuietOption = False,
) -> None:
    """Show what a binary or manifest consists of, and under which licenses."""
    from castiron_audit.enforcement import apply, enforce
    from castiron_audit.load import load_report
    from castiron_common.clock import Clock

    loud, clock = command_line.loudness(quiet=quiet, verbose=verbose), Clock()
    _check_choice({"--components": components, "--osv": bool(osv), "--outdated": outdated is not None}, format_)
    if output is not None or vex is not None:
        from castiron_common.files import check_outputs

        check_outputs({"-o": output, "--vex": vex}, read=path)
    if sdists and (not site or outdated is not None or path.is_dir()):
        raise UsageError(
            "--sdists compares the wheels of one manifest with their sources.",
            hint="Name a manifest, and leave --no-site and --outdated out.",
        )
    if outdated is not None:
        _show_outdated(path, outdated, output, loud)
        return
    if vex is not None and (not osv or path.is_dir()):
        raise UsageError("--vex needs --osv and one binary or manifest.", hint="Name both, or leave --vex out.")
    if osv and path.is_dir():
        from castiron_audit.advisories.command import check_fleet

        with clock("advisories"):
            checked = check_fleet(path, osv)
        _write_and_judge(checked, output, loud, clock)
        return
    rules = load_policy(policy, deny=deny or [], strict=strict, quiet=loud is Loudness.QUIET)
    with clock("report"):
        made = load_report(path, rules, with_site=site, with_sdists=sdists, reporter=command_line.reporter_of(loud))
    with clock("policy"):
        report = apply(made, rules)
    if components:
        _write(_component_lines(report), output)
        _show_passes(loud, clock)
        return
    if osv:
        from castiron_audit.advisories.command import check_one

        with clock("advisories"):
            checked = check_one(path, report, osv, vex=vex, epoch=source_date_epoch())
        _write_and_judge(checked, output, loud, clock)
        return
    if output is not None:
        # As in a link, a refusal leaves no file.
        enforce(report)
    with clock("document"):
        text = _document(path, report, format_, output=output)
    _write(text, output)
    _show_passes(loud, clock)
    enforce(report, hint="")


def _check_choice(lists: Mapping[str, bool], format_: Format) -> None:
    """Raise `UsageError` if more than one list is asked for, or a list and a format of the report."""
    asked = [option for option, given in lists.items() if given]
    asked += [f"--format {format_}"] if format_ is not Format.TABLE else []
    if len(asked) > 1:
        raise UsageError(f"{asked[0]} and {asked[1]} cannot both be written.", hint="Give one of the two.")


def _document(path: Path, report: Report, format_: Format, *, output: Path | None) -> str:
    if format_ is Format.TABLE and output is None:
        from castiron_audit.formats.table import table

        return table(report, width=_width(), color=sys.stdout.isatty())
    from castiron_audit.formats import render
    from castiron_audit.load import artifact_of

    return render(report, format_, epoch=source_date_epoch(), artifact=artifact_of(path))


def load_policy(
    path: Path | None, *, deny: list[str], strict: bool, manifest: Manifest | None = None, quiet: bool = False
) -> Policy:
    """Return the policy of a file, else that of the current folder's pyproject.toml, with what the options add.

    Of a pyproject.toml without a policy it holds what its project says of itself.  What the policy lets pass unawares
    is told; unless ``quiet`` also what was read, and with a manifest whether the application is that project's.  Raises
    `InputError` or `UsageError`.
    """
    from dataclasses import replace

    from castiron_audit.enforcement import weaknesses
    from castiron_audit.policy import Policy, find_policy, patterns, read_policy, sentence
    from castiron_audit.project import parse_project, read_toml

    console = stderr_lines()
    if path is None:
        path = find_policy(Path.cwd())
        if path is not None and not quiet:
            console.print(f"license policy: {path.name} of this folder", style="dim")
    policy = read_policy(path) if path is not None else Policy()
    project = Path.cwd() / "pyproject.toml"
    if not policy.project.name and project.is_file():
        policy = replace(policy, project=parse_project(read_toml(project), project.parent))
    if manifest is not None and policy.project.is_of(manifest):
        if not quiet:
            console.print(f"application: {policy.project.describe()} (pyproject.toml)", style="dim")
        if policy.project.unread:
            console.print(
                f"warning: its license {policy.project.unread!r} is not an SPDX expression, and counts as unknown.",
            )

    def wrong(what: str) -> UsageError:
        return UsageError(
            f"--deny: {sentence(what.removeprefix('deny: '))}",
            hint="Name SPDX identifiers: https://spdx.org/licenses/.",
        )

    policy = replace(policy, deny=(*policy.deny, *patterns(deny, "deny", wrong)), strict=policy.strict or strict)
    for warning in weaknesses(policy):
        console.print(f"warning: {warning}")
    return policy


def source_date_epoch() -> int | None:
    """Return ``SOURCE_DATE_EPOCH`` in seconds, None if it is not set.  Raises `UsageError` if it is not a number."""
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


def _write_and_judge(checked: tuple[str, str, bool], output: Path | None, loud: Loudness, clock: Clock) -> None:
    """Write the rows, tell their sum, and exit with 1 if anything is affected."""
    text, summary, affected = checked
    _write(text, output)
    if loud is not Loudness.QUIET:
        stderr_lines().print(summary)
    _show_passes(loud, clock)
    if affected:
        raise typer.Exit(1)


def _show_passes(loud: Loudness, clock: Clock) -> None:
    if loud is Loudness.VERBOSE:
        command_line.show_passes(clock.seconds)


def _show_outdated(folder: Path, newest: str, output: Path | None, loud: Loudness) -> None:
    from castiron_audit.fleet import outdated_binaries

    found = outdated_binaries(folder, newest)
    rows = [(item.path, item.python, item.name) for item in found.binaries]
    rows += [(item.path, "-", f"not read: {item.unread}") for item in found.unread]
    lines = ("\t".join(printable(field) for field in row) for row in sorted(rows))
    _write("\n".join(("binary\tpython\tname", *lines)) + "\n", output)
    if loud is not Loudness.QUIET:
        stderr_lines().print(
            f"{found.count} executables: {len(found.binaries)} contain an older Python than {newest}, "
            f"{len(found.unread)} could not be read.",
        )
    if found.binaries:
        raise typer.Exit(1)


def main() -> None:
    """Run the command on its own."""
    run_command(app, prog="castiron audit")
