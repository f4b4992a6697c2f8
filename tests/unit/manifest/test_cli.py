"""What the command shows of a manifest that somebody else wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from castiron_common.errors import UsageError
from castiron_manifest import codec, model
from castiron_manifest.cli import app
from castiron_manifest.show import license_name
from tests.unit.manifest.test_codec import small

if TYPE_CHECKING:
    from pathlib import Path


def shown(path: Path, manifest: model.Manifest, *options: str) -> str:
    path.write_bytes(codec.encode(manifest))
    result = CliRunner().invoke(app, ["show", str(path), *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_foreign_text_is_no_markup(tmp_path: Path) -> None:
    name = "[/bold][link=x]"
    wheel = model.Wheel(filename="a-1-py3-none-any.whl", sha256="0" * 64, size=1)
    license_ = model.LicenseEvidence(expression="[/x]")
    item = model.Distribution(name=name, version="[/v]", wheel=wheel, purl="p", license=license_)
    text = shown(tmp_path / "m", replace(small(), generator="[/bold]", distributions=(item,)))
    for part in ("[/bold] with", name, "[/v]", "[/x]"):
        assert part in text


def test_foreign_text_does_not_command_the_terminal(tmp_path: Path) -> None:
    finding = model.Finding(code="x", severity=model.Severity.INFO, subject="a\x1b]0;title\x07", message="\x9b2J")
    module = replace(small().modules[0], name="m\x1b[2J")
    manifest = replace(small(), findings=(finding,), modules=(module,))
    for text in (shown(tmp_path / "m", manifest), shown(tmp_path / "m", manifest, "--modules")):
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
    assert r"m\x1b[2J" in text


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        (model.LicenseEvidence(expression="MIT", text="x"), "MIT"),
        (model.LicenseEvidence(text="BSD", classifiers=("License :: OSI Approved :: BSD License",)), "BSD"),
        (model.LicenseEvidence(text="C\n1", classifiers=("License :: OSI Approved :: BSD License",)), "BSD License"),
        (model.LicenseEvidence(text="Copyright (c) 2001-2002 Enthought, Inc. 2003, SciPy Developers. All rights"),
         "(a text in its metadata)"),
        (model.LicenseEvidence(files=(model.LicenseFile(path="a-1.dist-info/licenses/COPYING", sha256="0"),)),
         "(in COPYING)"),
        (model.LicenseEvidence(), "none"),
    ],
)  # fmt: skip
def test_a_license_is_shown_by_its_name(evidence: model.LicenseEvidence, name: str) -> None:
    assert license_name(evidence) == name


@pytest.mark.parametrize("options", [("--contents",), ("--json", "--modules")])
def test_options_that_would_have_no_effect(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "m").write_bytes(codec.encode(small()))
    with pytest.raises(UsageError, match="--json"):
        CliRunner().invoke(app, ["show", str(tmp_path / "m"), *options], catch_exceptions=False)
