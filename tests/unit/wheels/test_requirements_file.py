"""Requirements files, as pip reads them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from castiron_common.errors import InputError
from castiron_wheels.requirements import from_files, from_lines
from castiron_wheels.requirements_file import logical_lines
from tests.support.targets import target_for
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget


def test_lines_comments_continuations(tmp_path: Path, target: PythonTarget) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(
        "# all\n\nrequests >= 2 # newest\nflask[async] ; python_version > '3' \nurl @ https://h/x.whl#sha256=ab\n"
        "a==1 \\\n    --hash=sha256:AA \\\n    --hash=sha256:bb\n"
    )
    found = from_files([file], target)
    assert found.lines == (
        "requests>=2",
        'flask[async]; python_version > "3"',
        "url @ https://h/x.whl#sha256=ab",
        "a==1",
    )
    assert [(pin.name, pin.sha256) for pin in found.hashes] == [("a", ("aa", "bb"))]
    assert found.origin == "requirements.txt"
    assert bool(found)


def test_includes_and_constraints(tmp_path: Path, target: PythonTarget) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("b\n-c ../limits.txt\n")
    (tmp_path / "limits.txt").write_text("c<2\n")
    (tmp_path / "r.txt").write_text("a\n-r sub/more.txt\n--requirement=sub/more.txt\n")
    found = from_files([tmp_path / "r.txt"], target)
    assert found.lines == ("a", "b", "b")
    assert found.constraints == ("c<2", "c<2")


def test_index_options_in_uvs_words(tmp_path: Path, target: PythonTarget) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "r.txt").write_text(
        "-i https://h/simple\n--extra-index-url=https://g/simple\n-f links\n--pre\n--no-binary lz4\n--require-hashes\n"
    )
    assert from_files([tmp_path / "r.txt"], target).index_options == (
        *("--default-index", "https://h/simple", "--index", "https://g/simple"),
        *("--find-links", str(tmp_path / "links"), "--prerelease", "allow", "--no-binary", "lz4"),
    )


def test_local_projects_and_archives(tmp_path: Path, target: PythonTarget) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text("[project]\n")
    wheel = make_wheel(tmp_path)
    uri = (tmp_path / "one").as_uri()
    lines = ["./one", "-e two[x,Y_z]", f"one @ {uri}", f"./{wheel.name}[fast]", f"z @ {uri} ; sys_platform == 'win32'"]
    found = from_lines(lines, target, origin="t", folder=tmp_path)
    assert found.lines == ()
    assert [(item.path, item.name, item.extras) for item in found.projects] == [
        (tmp_path / "one", None, ()),
        (tmp_path / "two", None, ("x", "y-z")),
        (tmp_path / "one", "one", ()),
    ]
    assert found.archives == ((wheel, ("fast",)),)


def test_variables_are_expanded(tmp_path: Path, target: PythonTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "1.5")
    (tmp_path / "r.txt").write_text("a==${VERSION}\nb==1 # ${NOT_SET}\n")
    assert from_files([tmp_path / "r.txt"], target).lines == ("a==1.5", "b==1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ok\nfoo==\n", r"r.txt:2: 'foo==' is not a requirement"),
        ("--strange\n", r"r.txt:1: the option --strange"),
        ("./nowhere\n", r"r.txt:1: there is no project folder or archive"),
        ("./empty\n", "is not a Python project"),
        ("-r r.txt\n", "includes itself"),
        ("-r missing.txt\n", "missing.txt cannot be read"),
        ("a==1 --hash=md5:00\n", "the hash md5 is not supported"),
        ("a==1 --wrong=x\n", "the option --wrong"),
        ("-f 'x\n", "cannot be read"),
    ],
)
def test_errors_name_file_and_line(text: str, message: str, tmp_path: Path, target: PythonTarget) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "r.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        from_files([tmp_path / "r.txt"], target)


def test_binary_file_is_refused(tmp_path: Path, target: PythonTarget) -> None:
    (tmp_path / "r.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        from_files([tmp_path / "r.txt"], target)


@given(st.text())
def test_logical_lines_never_fail(text: str) -> None:
    numbers = [number for number, line in logical_lines(text) if line]
    assert numbers == sorted(set(numbers))


@example("~0")  # no user's home
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40))
def test_any_line_is_taken_or_refused_clearly(line: str) -> None:

    target = target_for()
    with contextlib.suppress(InputError):
        found = from_lines([line], target, origin="t", folder=Path("/nonexistent"))
        assert not any("\n" in item for item in found.lines)
