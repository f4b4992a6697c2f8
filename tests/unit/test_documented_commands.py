"""The command lines in the pages are ones that the commands take, and each option is explained in some page."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer

from castiron.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")} - {ROOT / "CHANGELOG.md"})
PACKAGES = ("audit", "castiron", "common", "elf", "link", "manifests", "runtime", "trace", "wheels")
OF_EVERY_COMMAND = {"-h", "--help", "-v", "--verbose", "-q", "--quiet"}
_END = re.compile(r"[>|;&]|\s#|\s--\s|\s\(|\u2026")


def options() -> dict[str, set[str]]:
    """Return the options of each command, by its words: ``link``, ``cache prune``."""
    found = {}
    for name, row in COMMANDS.items():
        command = typer.main.get_command(importlib.import_module(row.module).app)
        parts = {f"{name} {part}": inner for part, inner in getattr(command, "commands", {}).items()} or {name: command}
        for words, inner in parts.items():
            found[words] = {
                flag for item in inner.params for flag in (*item.opts, *item.secondary_opts) if flag[0] == "-"
            }
    return found


OPTIONS = options()


def code(page: str) -> list[tuple[int, str]]:
    """Return the lines of code blocks, and the spans of code, each with its line number."""
    found, fenced = [], False
    for number, line in enumerate(page.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or re.match(r" {4}\S", line):
            found.append((number, line.strip()))
        else:
            found += [(number, span) for span in re.findall(r"`([^`]+)`", line)]
    return found


def command_lines(text: str) -> list[list[str]]:
    """Return the words of each of Castiron's commands in a line of code, without what the shell or the program gets."""
    found = []
    for match in re.finditer(r"(?:^|&&|\||;)\s*(?:\$ )?((?:castiron\s|trace\s|link\s).*?)(?=&&|;|$)", text):
        line = _END.split(match[1] + " ")[0]
        try:
            words = shlex.split(line)
        except ValueError:  # A quotation that is broken across lines in a table.
            continue
        found.append(words[1:] if words[0] == "castiron" else words)
    return found


def named(words: list[str]) -> str | None:
    """Return which command it is; none if it is only part of one, as ``castiron COMMAND``."""
    for count in (2, 1):
        if " ".join(words[:count]) in OPTIONS:
            return " ".join(words[:count])
    return None


def unknown(words: list[str]) -> list[str]:
    """Return the options that the command does not have."""
    name = named(words)
    if name is None:
        whole = len(words) == 1 or not words[1].islower()
        return (
            []
            if not re.match("[a-z]+$", words[0]) or (words[0] in COMMANDS and whole)
            else [f"no command {' '.join(words[:2])}"]
        )
    known = OPTIONS[name] | OF_EVERY_COMMAND
    flags = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [flag for flag in flags if flag not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_command_lines_have_options_that_exist(page: Path) -> None:
    wrong = [
        f"line {number}: {' '.join(words)}: {', '.join(bad)}"
        for number, text in code(page.read_text())
        for words in command_lines(text)
        if (bad := unknown(words))
    ]
    assert wrong == []


def test_the_pages_have_command_lines() -> None:
    """What is found in them is no empty list."""
    lines = [words for page in PAGES for _, text in code(page.read_text()) for words in command_lines(text)]
    assert len([words for words in lines if named(words)]) > 100
    assert unknown(["link", "m", "--no-such"]) == ["--no-such"]
    assert unknown(["cache", "prune", "--size", "0"]) == []
    assert unknown(["runtime", "nothing"]) == ["no command runtime nothing"]
    assert command_lines("trace --run a.py -- --x > m && link m -o a  # --y") == [
        ["trace", "--run", "a.py"],
        ["link", "m", "-o", "a"],
    ]


def test_messages_name_commands_that_exist() -> None:
    wrong, right = [], 0
    for source in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for words in (words for _, span in code(node.value) for words in command_lines(span)):
                    right += not (bad := unknown(words))
                    wrong += [f"{source.relative_to(ROOT)}:{node.lineno}: {' '.join(words)}: {bad}"] if bad else []
    assert wrong == []
    assert right > 30


def test_every_option_is_in_some_page() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    spans = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", text))
    shown = {"--output", "--requirements"}  # By their short names.
    missing = [
        f"{name} {flag}"
        for name, flags in OPTIONS.items()
        for flag in sorted(flags - OF_EVERY_COMMAND - shown - spans)
        if f"--no-{flag[2:]}" not in spans and flag.replace("--no-", "--") not in spans
    ]
    assert missing == []
