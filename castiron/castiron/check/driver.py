"""A check as a table of contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron.check.importing import failures
from castiron.check.model import Checked, Imports
from castiron.check.modules import importable
from castiron.check.programs import builtin_modules, foreign, interpreted, linked
from castiron.check.running import differences
from castiron.check.sandbox import sandbox_in
from castiron_common.clock import Clock
from castiron_common.errors import UsageError
from castiron_common.working import working_folder
from castiron_link.model import LinkOptions

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the check."""

    manifest: Manifest
    options: LinkOptions = field(default_factory=LinkOptions)
    run: tuple[str, ...] | None = None
    """Arguments to run the application with; None: it is not run."""
    folder: Path | None = None
    """Of which the runs get a copy; None: they get an empty folder."""
    source: Path | None = None
    """The application's folder, for the interpreter; None: the files that are in the manifest."""
    seconds: float = 60.0
    """What one import may take, and what a run may take in all, ten times as long."""


def check(request: Request, *, reporter: Reporter) -> Checked:
    """Link the application, and compare it with the same application under the target's interpreter."""
    manifest = request.manifest
    notes: list[str] = []
    others = foreign(manifest, reporter=reporter)
    if others.pure:
        notes.append(
            f"the interpreter has {', '.join(sorted(others.pure))} as pure Python: it cannot load the wheels in the "
            "binary, which are for another C library"
        )
    if lacking := ", ".join(others.lacking):
        instead = f"wheels of pure Python could not be looked for ({others.unknown})" if others.unknown else ""
        if request.run is not None:
            raise UsageError(
                f"--run compares with the target's interpreter, which cannot load the wheels of {lacking}: they are "
                f"for another C library, and {instead or 'there are none of pure Python of the same version'}.",
                hint="Check without --run, or trace with wheels for the target's own C library alone (--wheels).",
            )
        notes.append(
            f"the wheels of {lacking} are for another C library, so the interpreter cannot load them: what fails in "
            "the binary because of them counts as failing in both"
        )
        if instead:
            notes.append(instead)
    if request.run is not None and request.source is None:
        notes.append(
            "of the application's own files, the interpreter has only those that are in the manifest; "
            "--source FOLDER gives it all of them"
        )
    clock = Clock()
    with working_folder("check") as work:
        # programs: the binary, and the interpreter with the same distributions and files.
        # After it: whatever differs between the two differs because of Castiron.
        with clock("programs"):
            binary = linked(manifest, work, request.options, run=request.run is not None, reporter=reporter)
            reference = interpreted(manifest, work, source=request.source, pure=others.pure, reporter=reporter)

        # imports: every module in the binary; what fails there, alone in both.
        # After it: each failure is the binary's own, or the application's.
        with clock("imports"):
            names, left_out = importable(manifest, builtin_modules(binary))
            sandbox = sandbox_in(work)
            if not sandbox.cut:
                notes.append("the modules could reach the network: this system gives no process a network of its own")
            with reporter.task(f"import of {len(names)} modules", estimate=len(names) / 50):
                failed = failures(binary, names, sandbox, seconds=request.seconds)
                alone = [
                    item for one in failed for item in failures(binary, [one.module], sandbox, seconds=request.seconds)
                ]
                also = {
                    item.module
                    for one in alone
                    for item in failures(reference, [one.module], sandbox, seconds=request.seconds)
                }
            imports = Imports(
                imported=len(names) - len(alone),
                broken=tuple(item for item in alone if item.module not in also),
                same=tuple(item for item in alone if item.module in also),
                left_out=left_out,
            )

        # run: both programs with the same arguments.
        # After it: what can be seen of the two runs is compared.
        different = None
        if request.run is not None:
            limit = 10 * request.seconds
            with clock("run"), reporter.task("run of both"):
                different = differences(
                    binary, reference, request.run, work / "runs", given=request.folder, seconds=limit
                )
    return Checked(imports=imports, differences=different, notes=tuple(notes), seconds=clock.seconds)
