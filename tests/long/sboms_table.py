"""The bills of materials of real applications, by the validators of those who ask for them, as a table.

``python -m tests.long.sboms_table [--link] [APPLICATION ...]``: traces the applications of
``tests/integration/applications`` (all of them by default), writes CycloneDX 1.6, SPDX 2.3 and SPDX 3.0.1 as of a
project with an author and a license, and has them checked by cyclonedx-python-lib, spdx-tools,
ntia-conformance-checker (NTIA, BSI) and the tables of BSI TR-03183-2.  By default the documents are those of the
manifests, which have no hash of a file; with ``--link`` those of the executables.  "explained" counts components
without a version, supplier or purl of their own, which say why.  Exit code 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from castiron_audit.enforcement import apply
from castiron_audit.formats import Format, render
from castiron_audit.load import load_report
from castiron_audit.policy import read_policy
from castiron_common.progress import SilentReporter
from castiron_manifest.reader import read_manifest
from tests.support.application import Application, applications
from tests.support.linking import COMMANDS, Outcome, run
from tests.support.sbom_checks import cyclonedx_problems, spdx3_problems, spdx_problems

EPOCH = 1790000000
ENDINGS = {Format.CYCLONEDX: "cdx", Format.SPDX: "spdx", Format.SPDX3: "spdx3"}
REASONS = ("castiron:version-reason", "castiron:supplier-reason", "castiron:no-purl")
PROJECT = """\
[project]
name = "{name}"
version = "1.0"
license = "LicenseRef-Internal"
authors = [{{name = "Example Ltd.", email = "sbom@example.org"}}]
{policy}"""
POLICY = """\
[[tool.castiron.licenses.exception]]
component = "*"
reason = "the table is about documents, not about licenses"
"""
"""An application without a license of its own would not have all fields, and this one's goes with nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was found of one application."""

    components: int
    crates: int
    explained: int
    problems: tuple[str, ...]


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.sboms_table")
    parser.add_argument("--link", action="store_true", help="link the applications; else their manifests are audited")
    parser.add_argument("names", metavar="APPLICATION", nargs="*")
    given = parser.parse_args()
    known = {item.name: item for item in applications()}
    if unknown := sorted(set(given.names) - set(known)):
        parser.error(f"there is no application {unknown[0]}")
    print("application\tcomponents\tcrates\texplained\tproblems", flush=True)
    wrong = 0
    for name in given.names or known:
        with tempfile.TemporaryDirectory() as place:
            row = checked(known[name], Path(place), link=given.link)
        wrong += bool(row.problems)
        shown = f"{len(row.problems)}: {'; '.join(row.problems[:3])}" if row.problems else "0"
        print(f"{name}\t{row.components}\t{row.crates}\t{row.explained}\t{shown}", flush=True)
    print(f"{len(given.names or known)} applications, {wrong} with problems")
    return 1 if wrong else 0


def checked(application: Application, place: Path, *, link: bool) -> Row:
    """Trace an application, write its documents, and have them checked."""
    project = place / "project"
    if (application.folder / "app").is_dir():
        shutil.copytree(application.folder / "app", project)
    project.mkdir(exist_ok=True)
    manifest = place / "app.manifest"
    shutil.copyfile(application.lock, project / "requirements.txt")
    options: tuple[str | Path, ...] = ("-r", "requirements.txt", "-o", manifest, "-q", *application.options)
    done = _command("trace", *options, *application.entry, cwd=project)
    if done.status:
        return Row(components=0, crates=0, explained=0, problems=(f"trace: {_last(done)}",))
    # The policy's own folder: the application's may have a pyproject.toml.
    work = place / "work"
    work.mkdir()
    read = read_manifest(manifest)
    (work / "pyproject.toml").write_text(PROJECT.format(name=read.entry.name, policy=POLICY))
    documents = {format_: work / f"app.{ending}.json" for format_, ending in ENDINGS.items()}
    if link:
        kinds = [option for format_ in documents for option in ("--licenses", format_)]
        done = _command("link", manifest, "-o", "app", "-q", *application.link_options, *kinds, cwd=work)
        if done.status:
            return Row(components=0, crates=0, explained=0, problems=(f"link: {_last(done)}",))
    else:
        rules = read_policy(work / "pyproject.toml")
        report = apply(load_report(manifest, rules, with_site=True, reporter=SilentReporter()), rules)
        for format_, path in documents.items():
            path.write_text(render(report, format_, epoch=EPOCH))
    return _row(documents, link=link)


def _row(documents: dict[Format, Path], *, link: bool) -> Row:
    text = documents[Format.CYCLONEDX].read_text()
    components = json.loads(text)["components"]
    # The hash of a file that is not linked yet is not known.
    passed = () if link else ("sha512_hash: ", "BSI: Deployable Component Hashes")
    told = [{item["name"] for item in row.get("properties", ())} for row in components]
    return Row(
        components=len(components),
        crates=sum(row.get("purl", "").startswith("pkg:cargo/") for row in components),
        explained=sum(bool(names & set(REASONS)) for names in told),
        problems=(
            *(f"CycloneDX: {item}" for item in cyclonedx_problems(text, hashes=link)),
            *(f"SPDX 2.3: {item}" for item in spdx_problems(documents[Format.SPDX])),
            *(f"SPDX 3: {item}" for item in spdx3_problems(documents[Format.SPDX3]) if not item.startswith(passed)),
        ),
    )


def _command(name: str, *arguments: str | Path, cwd: Path) -> Outcome:
    return run(["env", f"SOURCE_DATE_EPOCH={EPOCH}", COMMANDS / name, *arguments], cwd=cwd)


def _last(done: Outcome) -> str:
    return next((line for line in done.stderr.splitlines() if line.startswith("error")), f"exit code {done.status}")


if __name__ == "__main__":
    sys.exit(main())
