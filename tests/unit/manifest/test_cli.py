"""What the command shows of a manifest that somebody else wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from castiron_manifest import codec, model
from castiron_manifest.cli import app
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
