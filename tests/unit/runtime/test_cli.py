from __future__ import annotations

import pytest
from typer.testing import CliRunner

from castiron_common.errors import UsageError
from castiron_runtime import cli
from castiron_runtime.target_files import defaults


@pytest.mark.parametrize("command", [["info"], ["build"], ["python", "--path"], ["export", "-o", "x.tar.zst"]])
def test_an_unknown_target_is_refused_with_those_there_are(command: list[str]) -> None:
    result = CliRunner().invoke(cli.app, [command[0], "--target", "x86_64-linux-muls", *command[1:]])
    assert isinstance(result.exception, UsageError)
    assert result.exception.what == "There is no target x86_64-linux-muls."
    assert defaults().target in result.exception.hint


def test_the_defaults_are_in_the_help() -> None:
    text = CliRunner().invoke(cli.app, ["info", "--help"], env={"COLUMNS": "200"}).stdout
    assert defaults().target in text
    assert defaults().python in text
