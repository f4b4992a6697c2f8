"""Compares one binary or a folder of binaries with advisories, and says it in rows for people and scripts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit.advisories.check import Database
from castiron_audit.advisories.ranges import State
from castiron_audit.advisories.reading import read_advisories
from castiron_audit.advisories.vex import vex as vex_document
from castiron_audit.embedded import read_embedded
from castiron_audit.fleet import members
from castiron_audit.formats.cyclonedx import cyclonedx
from castiron_audit.load import is_binary
from castiron_common.console import printable
from castiron_common.files import atomic_write
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from castiron_audit.advisories.check import Answer
    from castiron_audit.model import Report

_ONE = ("component", "advisory", "fixed in", "summary")
_FLEET = ("binary", "application", "component", "advisory", "fixed in", "summary")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBinary:
    """What advisories mean for one file of a folder."""

    path: str
    """Relative to the folder."""
    name: str = ""
    """The application's name and version."""
    answers: tuple[Answer, ...] = ()
    """Without those that do not affect it."""
    unread: str = ""
    """Why nothing is known of it."""


def check_one(
    path: Path, report: Report, advisories: Sequence[Path], *, vex: Path | None = None, epoch: int | None = None
) -> tuple[str, str, bool]:
    """Return (rows, summary, whether it is affected) for the report on ``path``; write VEX where it is asked for.

    Raises `InputError` or `OutputError`.
    """
    database = Database.of(read_advisories(advisories))
    answers = database.check(report.components)
    if vex is not None:
        with atomic_write(vex) as file:
            file.write(vex_document(report, answers, serial=_serial(path, report, epoch), epoch=epoch).encode())
    told = each_flaw_once(answers)
    affected = sum(answer.decision.state is State.AFFECTED for answer in told)
    summary = (
        f"{len(report.components)} components: {affected} affected by advisories, {len(told) - affected} undecided"
        f"{_unreadable(database)}."
    )
    return _table(_ONE, [_row(answer) for answer in told]), summary, affected > 0


def check_fleet(folder: Path, advisories: Sequence[Path]) -> tuple[str, str, bool]:
    """Return (rows, summary, whether any is affected) for the binaries in a folder.  Raises `InputError`."""
    database = Database.of(read_advisories(advisories))
    rows: list[tuple[str, ...]] = []
    count = affected = undecided = unread = 0
    for binary in check_folder(folder, database):
        count += 1
        states = {answer.decision.state for answer in binary.answers}
        affected += State.AFFECTED in states
        undecided += State.UNDECIDED in states
        rows += [(binary.path, binary.name, *_row(answer)) for answer in binary.answers]
        if binary.unread:
            unread += 1
            rows.append((binary.path, "-", "-", "-", "-", f"not read: {binary.unread}"))
    summary = (
        f"{count} executables: {affected} need a rebuild, {undecided} have advisories that cannot be decided, "
        f"{unread} could not be read{_unreadable(database)}."
    )
    return _table(_FLEET, rows), summary, affected > 0


def check_folder(folder: Path, database: Database) -> Iterator[CheckedBinary]:
    """Yield what advisories mean for each executable under a folder, sorted by path.

    Those that carry no report, or a damaged one, are named as well: nothing is known of them.
    """
    for member in members(folder):
        report = member.report
        if report is None:
            yield CheckedBinary(path=member.path, unread=member.unread)
            continue
        answers = each_flaw_once(database.check(report.components))
        yield CheckedBinary(path=member.path, name=f"{report.name} {report.version}".strip(), answers=tuple(answers))


def each_flaw_once(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers without "not affected"; records of one flaw in several databases are one, if they agree."""
    told: list[Answer] = []
    for answer in answers:
        if answer.decision.state is State.NOT_AFFECTED:
            continue
        same = next((at for at, known in enumerate(told) if _is_same_flaw(known, answer)), None)
        if same is None:
            told.append(answer)
            continue
        known = told[same]
        told[same] = replace(
            known,
            advisory=f"{known.advisory}, {answer.advisory}",
            aliases=(*known.aliases, answer.advisory, *answer.aliases),
            summary=known.summary or answer.summary,
        )
    return told


def _is_same_flaw(known: Answer, answer: Answer) -> bool:
    if known.component.id != answer.component.id or known.decision != answer.decision:
        return False
    names = {*known.advisory.split(", "), *known.aliases}
    return not names.isdisjoint({answer.advisory, *answer.aliases})


def _row(answer: Answer) -> tuple[str, ...]:
    component = f"{answer.component.name} {answer.component.version}".strip()
    if answer.decision.state is State.UNDECIDED:
        return component, answer.advisory, "-", f"undecided: {answer.decision.why}"
    return component, answer.advisory, answer.decision.fixed or "-", answer.summary


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return tab-separated rows; what would break a row, or command a terminal, is not in a field."""
    lines = ["\t".join(head), *("\t".join(" ".join(printable(field).split()) for field in row) for row in rows)]
    return "\n".join(lines) + "\n"


def _unreadable(database: Database) -> str:
    count = len(database.unreadable)
    if not count:
        return ""
    return f"; {count} advisories name no package: {', '.join(database.unreadable[:3])}{' ...' if count > 3 else ''}"


def _serial(path: Path, report: Report, epoch: int | None) -> str:
    """Return the serial number of the SBOM in a binary, or of the one that would be written for a manifest."""
    if str(path) != "-" and is_binary(path):
        return str(json.loads(read_embedded(path).sbom)["serialNumber"])
    return str(json.loads(cyclonedx(report, epoch=epoch))["serialNumber"])
