import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castiron.build import build
from castiron.build_cli import _OF_LINK, _OF_TRACE, app


def test_the_manifest_goes_from_one_stage_to_the_other(tmp_path: Path) -> None:
    seen = []
    build(lambda path: path.write_text("m"), lambda path: seen.append((path, path.read_text())))
    assert seen[0][1] == "m"
    assert not seen[0][0].exists()


def test_the_manifest_is_kept_on_request(tmp_path: Path) -> None:
    kept = tmp_path / "kept.manifest"
    build(lambda path: path.write_text("m"), lambda _: None, manifest=kept)
    assert kept.read_text() == "m"


def test_a_failing_trace_is_not_linked() -> None:
    def fail(path: Path) -> None:
        raise ValueError(path.name)

    with pytest.raises(ValueError, match=r"app\.manifest"):
        build(fail, lambda _: pytest.fail("linked"))


def test_options_of_both_stages_do_not_clash() -> None:
    both = {parameter.name for parameter in _OF_TRACE} & {parameter.name for parameter in _OF_LINK}
    assert both == {"quiet", "verbose"}  # which go to both
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    flags = re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", shown.partition("Application:")[2])
    assert {"-o", "-r", "--run", "--optimize", "--keep-manifest"} <= set(flags)
