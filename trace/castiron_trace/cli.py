"""The command ``trace``: its options, and what it prints for a person."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castiron_common import command_line
from castiron_common.command_line import Loudness, Theme
from castiron_common.console import printable, relative, run_command
from castiron_common.errors import ModuleMissingError, UsageError
from castiron_common.lines import stderr_lines
from castiron_common.words import counted
from castiron_runtime.target_files import chosen_target, defaults
from castiron_trace.model import Carry, Stdlib

if TYPE_CHECKING:
    from castiron_common.target import Target
    from castiron_trace.driver import Outcome
    from castiron_trace.model import Options, Reached

app = command_line.application()

DEFAULTS = defaults()
_SHOWN_FINDINGS = 12


@command_line.command(app)
def trace(
    application: Annotated[
        str, typer.Argument(metavar="APP", help="A file, a project folder, module:function, or the name of a command.")
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="-- ARGS", help="With --run: the application's arguments.")
    ] = None,
    *,
    module: Annotated[
        bool, typer.Option("-m", help="APP is a module, as for `python -m`.", rich_help_panel=Theme.APPLICATION)
    ] = False,
    entry: Annotated[
        str | None,
        typer.Option(
            "--entry", metavar="NAME", help="Which script of the project to start.", rich_help_panel=Theme.APPLICATION
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the manifest to this file instead of standard output.",
            rich_help_panel=Theme.OUTPUT,
        ),
    ] = None,
    requirements: Annotated[
        list[Path] | None,
        typer.Option(
            "-r",
            "--requirements",
            metavar="FILE",
            help="Read requirements from this requirements.txt, pylock.toml or pyproject.toml.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="REQUIREMENT",
            help="Add this requirement, e.g. 'rich>=13'.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(
            "--extra", metavar="NAME", help="Include this extra of the project.", rich_help_panel=Theme.REQUIREMENTS
        ),
    ] = None,
    python_env: Annotated[
        Path | None,
        typer.Option(
            "--python-env",
            metavar="FOLDER",
            help="Use the exact versions that are installed in this virtual environment.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = None,
    host_python: Annotated[
        Path | None,
        typer.Option(
            "--host-python",
            metavar="PROGRAM",
            help="If there are no requirements, use the versions that are installed in this Python.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = None,
    allow_older: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-older",
            metavar="NAME",
            help="Accept a much older version of this distribution if there is no newer one for the target.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = None,
    renew: Annotated[
        bool,
        typer.Option(
            "--renew",
            help="Ask the package index again, even if it was asked within the last ten minutes.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = False,
    wheels: Annotated[
        str,
        typer.Option(
            "--wheels",
            metavar="any|LIBC",
            help="Which wheels to use: any (those for the target's C library, else those for glibc), "
            "or only those for the target's own (musl).",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = "any",
    cpu: Annotated[
        str | None,
        typer.Option(
            "--cpu",
            metavar="LEVEL",
            help="The level of the oldest processors that must run it, by default the first. Shared objects that need "
            "newer ones are reported, and wheels whose names say so are not taken.",
            rich_help_panel=Theme.REQUIREMENTS,
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="MODULE",
            help="Include this module, which no import statement names; pkg.* includes a whole package.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="MODULE",
            help="Leave out this module and its submodules.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = None,
    allow_missing: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-missing",
            metavar="NAME",
            help="Go on without this module or library, although it is certainly imported.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = None,
    stdlib: Annotated[
        Stdlib,
        typer.Option(
            "--stdlib",
            help="How much of the standard library to include: what is used, all, or (auto) all if the program runs "
            "code that is not part of it.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = Stdlib.AUTO,
    include_data: Annotated[
        list[Path] | None,
        typer.Option(
            "--include-data",
            metavar="PATH",
            help="Include this data file or folder of the application.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = None,
    carry: Annotated[
        list[Carry] | None,
        typer.Option(
            "--carry",
            help="Include this for machines that lack it; a machine's own takes precedence.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = None,
    no_data_guess: Annotated[
        bool,
        typer.Option(
            "--no-data-guess",
            help="Include no data files of the application but those named with --include-data.",
            rich_help_panel=Theme.CONTENT,
        ),
    ] = False,
    path: Annotated[
        list[Path] | None,
        typer.Option(
            "--path",
            metavar="FOLDER",
            help="A folder or zip archive with modules of the application, as if it were on sys.path.",
            rich_help_panel=Theme.APPLICATION,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="The program's name, instead of that of APP.",
            rich_help_panel=Theme.APPLICATION,
        ),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Run the application once, and add what it uses.", rich_help_panel=Theme.RUN)
    ] = False,
    run_by: Annotated[
        str | None,
        typer.Option(
            "--run-by",
            metavar="MODULE",
            help="Run this module instead, which uses the application, e.g. pytest.",
            rich_help_panel=Theme.RUN,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", metavar="FILE", help="Write to this file what the run used.", rich_help_panel=Theme.RUN
        ),
    ] = None,
    recorded: Annotated[
        list[Path] | None,
        typer.Option(
            "--recorded",
            metavar="FILE",
            help="Add what an earlier run used, from the file that its --record wrote.",
            rich_help_panel=Theme.RUN,
        ),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="With --run or --recorded: include nothing but what the runs used.",
            rich_help_panel=Theme.RUN,
        ),
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="MODULE",
            help="Print why this module is included; write no manifest.",
            rich_help_panel=Theme.OUTPUT,
        ),
    ] = None,
    python: Annotated[
        str, typer.Option("--python", metavar="X.Y", help="Python version of the binary.", rich_help_panel=Theme.TARGET)
    ] = DEFAULTS.python,
    target: Annotated[
        str, typer.Option("--target", metavar="NAME", help="Platform of the binary.", rich_help_panel=Theme.TARGET)
    ] = DEFAULTS.target,
    verbose: command_line.VerboseOption = False,
    quiet: command_line.QuietOption = False,
) -> None:
    """Analyse a Python application: which modules, data files, native libraries and licenses it needs.

    The manifest goes to standard output: trace app.py > app.manifest
    """
    to_terminal = output is None and explain is None and sys.stdout.isatty()
    if to_terminal:
        raise UsageError(
            "A manifest is binary data and is not written to a terminal.",
            hint=f"Redirect it: trace {application} > {Path(application).stem or 'app'}.manifest (or use -o FILE).",
        )
    if explain is not None and output is not None:
        raise UsageError("--explain writes no manifest, so -o has no effect.", hint="Give one of the two.")
    run = run or run_by is not None
    if prune and not (run or recorded):
        raise UsageError("--prune includes only what a run used, and there is no run.", hint="Add --run.")
    if record is not None and not (run or recorded):
        raise UsageError("--record writes what a run used, and there is no run.", hint="Add --run.")
    if arguments and not run:
        raise UsageError(
            f"Too many arguments: {' '.join(arguments)}.",
            hint="Arguments for the application go after --, with --run.",
        )
    from castiron_runtime.packs import python_target
    from castiron_trace.model import Options
    from castiron_wheels.tags import with_processors, with_wheels

    chosen = chosen_target(target)
    level = 0 if cpu is None else _level(cpu, chosen)
    options = Options(
        application=application,
        as_module=module,
        entry=entry,
        requirements=tuple(requirements or ()),
        with_=tuple(with_ or ()),
        environment=python_env,
        host_python=host_python,
        extras=tuple(extra or ()),
        allow_older=tuple(allow_older or ()),
        renew=renew,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        allow_missing=tuple(allow_missing or ()),
        explains=explain is not None,
        stdlib=stdlib,
        include_data=tuple(include_data or ()),
        carry=tuple(dict.fromkeys(carry or ())),
        guess_data=not no_data_guess,
        paths=tuple(path or ()),
        level=level,
        name=name,
        run=tuple(arguments or ()) if run else None,
        run_by=run_by,
        record=record,
        recorded=tuple(recorded or ()),
        prune=prune,
        folder=Path.cwd(),
        target=python_target(with_processors(with_wheels(chosen, wheels), level), python),
    )
    _run(options, output, explain, command_line.loudness(quiet=quiet, verbose=verbose))


def _level(cpu: str, target: Target) -> int:
    """Return the index in the target's levels of processors.  Raises `UsageError` for another name."""
    levels = target.elf.processors.levels if target.elf.processors else ()
    if cpu not in levels:
        raise UsageError(
            f"--cpu {cpu}: {target} has no such level of processors.", hint=f"Use one of {', '.join(levels)}."
        )
    return levels.index(cpu)


def _run(options: Options, output: Path | None, explain: str | None, loud: Loudness) -> None:
    from castiron_common.files import check_outputs, check_replaced
    from castiron_manifest.encoder import START
    from castiron_trace.driver import trace as analyse
    from castiron_trace.observations import RECORD_START

    check_outputs({"-o": output, "--record": options.record})
    if output is not None:
        check_replaced(output, START, "manifest")
    if options.record is not None:
        check_replaced(options.record, RECORD_START, "record of a run", option="--record")
    outcome = analyse(options, reporter=command_line.reporter_of(loud))
    if explain is not None:
        print(_explanation(outcome.reached, explain))
        return
    from castiron_common.files import atomic_write
    from castiron_manifest.encoder import encode

    data = encode(outcome.manifest)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        with atomic_write(output) as file:
            file.write(data)
    _summary(outcome, options, len(data), loud)


def _explanation(reached: Reached, name: str) -> str:
    """Return the chain of imports that brings a module in, or to where a missing one is imported, one line each."""
    from castiron_trace.certain_failures import place

    if name in reached.modules:
        return "\n".join(_chain(reached, name))
    if name in reached.missing:
        importer, line, _weakest = reached.missing[name]
        return "\n".join(
            [*_chain(reached, importer), f"{name} does not exist; {place(reached, importer, line)} imports it"]
        )
    raise ModuleMissingError(f"{name} is not included.", hint="Check the name; --include adds a module.")


def _chain(reached: Reached, name: str) -> list[str]:
    from castiron_trace.certain_failures import place
    from castiron_trace.graph import chain, tier_name

    steps = chain(reached, name)
    lines: list[str] = []
    for before, module in zip([None, *steps], steps, strict=False):
        if before is None:
            why = "is the application's entry" if module.name == reached.entry else _origin(module.importer)
            lines.append(f"{module.name} {why}")
        else:
            where = place(reached, before.name, module.line)
            lines.append(f"{before.name} -> {module.name}   ({tier_name(module.tier)}, {where})")
    return lines


def _origin(importer: str | None) -> str:
    return "was imported in the watched run" if importer == "(run)" else "is needed by the interpreter itself"


def _summary(outcome: Outcome, options: Options, size: int, loud: Loudness) -> None:
    from castiron_manifest.alike import united
    from castiron_manifest.model import Severity

    manifest = outcome.manifest
    console = stderr_lines()
    if loud >= Loudness.NORMAL:
        own = sum(module.origin == "app" for module in manifest.modules)
        standard = sum(module.origin == "stdlib" for module in manifest.modules)
        others = len(manifest.modules) - own - standard
        number = len(manifest.distributions)
        of_distributions = f"{others:,} of {counted(number, 'distribution')}, " if number else ""
        console.print(manifest.entry.name, style="bold", end="")
        console.print(
            f": {counted(own, 'own module')}, {of_distributions}{standard:,} of the standard library; "
            f"{counted(len(manifest.resources), 'data file')}, "
            f"{counted(len(manifest.natives), 'native library', 'native libraries')}; manifest of {size:,} bytes"
        )
        console.print(relative(printable(f"requirements: {outcome.source}")))
    if loud >= Loudness.NORMAL:
        for note in (*outcome.notes, *(outcome.details if loud is Loudness.VERBOSE else ())):
            console.print(relative(printable(note)))
        libc = options.target.target.libc
        # Other such wheels are of pure Python, or bring programs, which need no C library of ours.
        emulated = sorted({str(item.distribution) for item in manifest.natives if item.libc == libc.emulated} - {""})
        if emulated:
            console.print(
                f"wheels for {libc.emulated}, as no compiled one for {libc.name} was found: {', '.join(emulated)} "
                f"(--wheels {libc.name} avoids them)",
            )
    looks = {
        Severity.ERROR: ("red", Loudness.QUIET),
        Severity.WARNING: ("yellow", Loudness.NORMAL),
        Severity.INFO: ("dim", Loudness.VERBOSE),
    }
    findings = united(manifest.findings)
    told = [finding for finding in findings if loud >= looks[finding.severity][1]]
    shown = told if loud is not Loudness.NORMAL else told[:_SHOWN_FINDINGS]
    for finding in shown:
        console.print(finding.severity, style=looks[finding.severity][0], end="")
        console.print(relative(printable(f" {finding.subject}: {finding.message} [{finding.code}]")))
    if loud is Loudness.NORMAL and len(findings) > len(shown):
        rest = (counted(len(told) - len(shown), "more warning"), counted(len(findings) - len(told), "note"))
        hidden = len(findings) - len(shown)
        shows = f"-v shows {'it' if hidden == 1 else 'them'}"
        console.print(f"{' and '.join(text for text in rest if not text.startswith('0 '))} ({shows})")
    if loud is Loudness.VERBOSE:
        command_line.show_passes(outcome.seconds)


def main() -> None:
    """Run the ``trace`` command."""
    run_command(app, prog="trace")
