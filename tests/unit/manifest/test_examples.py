"""The golden manifests of manifests/examples: what the codec, the validation, the views and the docs make of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castiron_manifest.cli import app
from castiron_manifest.codec import decode, encode
from castiron_manifest.model import EntryKind, ModuleKind, Tier

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "manifests" / "examples"
EXAMPLES = sorted(FOLDER.glob("*.manifest"))


def command(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False, env={"COLUMNS": "110"})
    assert done.exit_code == 0, done.output
    return done.output


def test_each_folder_has_a_manifest_and_a_row_in_the_table() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert {path.stem for path in EXAMPLES} == folders
    listed = re.findall(r"^\| `(\w+)\.manifest` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(folders)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_encoded_to_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    assert encode(decode(data)) == data


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_valid_and_small_and_names_no_place(path: Path) -> None:
    manifest = decode(path.read_bytes())
    assert f"valid ({len(manifest.modules)} modules" in command("validate", str(path))
    assert path.stat().st_size < 64 << 10
    assert not re.search(rb"/(?:home|root|tmp|var|Users)/|\.cache", path.read_bytes())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_differs_from_the_others_and_not_from_itself(path: Path) -> None:
    assert command("diff", str(path), str(path)) == "no difference\n"
    other = EXAMPLES[EXAMPLES.index(path) - 1]
    assert CliRunner().invoke(app, ["diff", str(other), str(path)]).exit_code == 1


def test_hello_is_of_the_standard_library_alone() -> None:
    manifest = decode((FOLDER / "hello.manifest").read_bytes())
    assert (manifest.entry.kind, manifest.entry.path, manifest.distributions) == (EntryKind.SCRIPT, "hello.py", ())
    assert {module.origin for module in manifest.modules} == {"app", "stdlib"}


def test_domain_names_a_wheel_and_where_each_module_comes_from() -> None:
    manifest = decode((FOLDER / "domain.manifest").read_bytes())
    (idna,) = manifest.distributions
    assert (idna.purl, idna.wheel.embedded) == ("pkg:pypi/idna@3.10", False)
    assert idna.license.files
    (module,) = [module for module in manifest.modules if module.name == "idna"]
    assert module.via is not None
    assert (module.via.importer, module.via.line, module.via.tier) == ("__main__", 5, Tier.REQUIRED)
    chain = command("explain", str(FOLDER / "domain.manifest"), "idna.intranges").splitlines()
    assert [line.split("\t")[0] for line in chain] == ["idna.intranges", "idna", "__main__"]


def test_escape_has_an_extension_module() -> None:
    manifest = decode((FOLDER / "escape.manifest").read_bytes())
    (native,) = manifest.natives
    assert native.libc == "musl"
    (module,) = [module for module in manifest.modules if module.kind is ModuleKind.EXTENSION]
    assert (module.name, module.path) == ("markupsafe._speedups", native.path)


def test_greet_carries_its_wheel_and_tells_a_finding() -> None:
    manifest = decode((FOLDER / "greet.manifest").read_bytes())
    assert (manifest.entry.kind, manifest.entry.module, manifest.entry.function) == ("function", "greet.main", "greet")
    own = next(item for item in manifest.distributions if item.name == "greet")
    assert own.wheel.embedded
    assert own.wheel.sha256 in dict(manifest.blobs)
    assert {"greet/words/en.md", "greet/words/fr.md"} <= {item.path for item in manifest.resources}
    assert [finding.code for finding in manifest.findings] == ["computed-import"]


def test_the_page_of_the_format_shows_what_the_commands_print() -> None:
    page = (ROOT / "docs" / "manifest-format.md").read_text()
    given = re.findall(r"^    \$ castiron manifest (.+)\n((?:    .*\n)+)", page, re.MULTILINE)
    assert [arguments.split()[0] for arguments, _ in given] == ["show", "explain"]
    for arguments, text in given:
        shown = command(*arguments.replace("manifests/", f"{ROOT}/manifests/").split())
        assert [line.strip() for line in text.splitlines()] == [line.strip() for line in shown.splitlines()]
