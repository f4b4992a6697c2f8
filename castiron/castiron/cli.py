"""The command ``castiron COMMAND``; each command is imported only when it is called."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import version
from typing import NamedTuple

from castiron_common.console import print_and_end, printable, run_command
from castiron_common.errors import UsageError
from castiron_common.lines import stderr_lines
from castiron_common.streams import prepare_streams


class _Command(NamedTuple):
    module: str
    """Has a typer application named ``app``."""
    summary: str


COMMANDS = {
    "trace": _Command("castiron_trace.cli", "Analyse an application: which modules, files and libraries it needs."),
    "link": _Command("castiron_link.cli", "Link a manifest into one static executable, with a license report."),
    "build": _Command("castiron.build_cli", "Trace and link an application with one command."),
    "relink": _Command("castiron.relink_cli", "Link an executable again from its relink kit, with changed files."),
    "check": _Command("castiron.check.cli", "Compare a binary with the application under an ordinary interpreter."),
    "manifest": _Command("castiron_manifest.cli", "Show, compare, explain or validate a manifest."),
    "audit": _Command("castiron_audit.cli", "Show what a binary or manifest consists of, and under which licenses."),
    "cache": _Command("castiron.cache_cli", "Show what is in the cache, verify it, or make it smaller."),
    "runtime": _Command("castiron_runtime.cli", "Build, list and export runtime packs."),
}


def main() -> None:
    """Run the ``castiron`` command."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        print_and_end(_usage())
    if arguments and arguments[0] == "--version":
        print_and_end(f"castiron {version('castiron')}")
    if not arguments or arguments[0] not in COMMANDS:
        prepare_streams()
        wrong = f"error: there is no command {printable(arguments[0])!r}.\n\n" if arguments else ""
        stderr_lines().print(f"{wrong}{_usage()}")
        sys.exit(UsageError.exit_code)
    name = arguments[0]
    module = importlib.import_module(COMMANDS[name].module)
    run_command(module.app, prog=f"castiron {name}", args=arguments[1:])


def _usage() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items())
    return (
        "usage: castiron COMMAND ...\n\n"
        "Turn a Python application into one fully static executable, and show what is in it.\n\n"
        f"{rows}\n\n`castiron COMMAND --help` explains a command; `castiron --version` prints the version."
    )
