"""Real applications do as a static binary what they do under ordinary CPython."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.linking import Application, applications, ordinary, run, trace_and_link

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]


@pytest.mark.parametrize("application", applications(), ids=lambda application: application.name)
def test_an_application_does_the_same(
    application: Application, tmp_path: Path, plain_environment: dict[str, str], pack: Pack
) -> None:
    del pack
    if application.script is not None:
        (tmp_path / application.entry[0]).write_text(application.script)
    binary = trace_and_link(
        application.entry, cwd=tmp_path, name=application.name, requirements=application.requirements
    )
    usual = ordinary(application, tmp_path)
    if application.script is not None:
        (tmp_path / application.entry[0]).rename(tmp_path / "usual.py")
        usual = [usual[0], str(tmp_path / "usual.py")]
    work = tmp_path / "work"
    work.mkdir()
    for given in application.runs:
        argv = [part.replace("{work}", str(work)) for part in given.argv]
        env = plain_environment | {"COLUMNS": "80", "TERM": "dumb", "HOME": str(work)} | given.env
        expected = run([*usual, *argv], cwd=work, stdin=given.stdin, env=env)
        actual = run([binary, *argv], cwd=work, stdin=given.stdin, env=env)
        assert (actual.status, actual.stdout) == (expected.status, expected.stdout), (argv, actual.stderr)
        assert ("Traceback" in actual.stderr) == ("Traceback" in expected.stderr), actual.stderr


def test_httpie_asks_a_server_whose_certificate_it_verifies(server: int, tmp_path: Path, pack: Pack) -> None:
    del pack
    (httpie,) = (application for application in applications() if application.name == "http")
    binary = trace_and_link(httpie.entry, cwd=tmp_path, name="http", requirements=httpie.requirements)
    url = f"https://localhost:{server}/"
    answered = run([binary, "--ignore-stdin", "--body", "--verify", "ca.pem", url], cwd=tmp_path)
    assert (answered.status, answered.stdout.strip()) == (0, "secured"), answered.stderr
    refused = run([binary, "--ignore-stdin", url], cwd=tmp_path)
    assert refused.status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr
