from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_trace.own.choice import included_by
from castiron_trace.own.naming import in_full

if TYPE_CHECKING:
    from pathlib import Path


def test_files_that_data_files_name_go_in_and_theirs_too(tmp_path: Path) -> None:
    (tmp_path / "sheet.xsl").write_text('<xsl:include href="parts.xsl"/>')
    (tmp_path / "parts.xsl").write_text("<!-- see (deep/notes.txt) and missing.xsl, ../outside.xsl -->")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "notes.txt").write_text("sheet.xsl\nother.bin\n")
    (tmp_path / "deep" / "other.bin").write_bytes(b"\0\xff")
    (tmp_path / "unnamed.txt").write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in included_by([tmp_path / "sheet.xsl"])]
    assert found == ["parts.xsl", "deep/notes.txt", "deep/other.bin"]


def test_a_name_at_the_end_of_a_line_counts(tmp_path: Path) -> None:
    (tmp_path / "app.ini").write_text("[a]\ninclude = more.ini\n")
    (tmp_path / "more.ini").write_text("")
    assert list(included_by([tmp_path / "app.ini"])) == [tmp_path / "more.ini"]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("main.lark", "%import .deep.part (RULE -> x)"),
        ("main.lark", "  %import deep.part.RULE"),
        ("main.g4", "import Other, deep.part;"),
        ("main.tex", r"\input{deep/part}"),
        ("main.scss", "@use 'deep/part';"),
        ("main.json", '{\n  "extends": "./deep/part"\n}'),
        ("main.yaml", "extends: deep/part"),
    ],
)
def test_what_a_statement_includes_has_the_suffix_of_its_file(tmp_path: Path, name: str, statement: str) -> None:
    main = tmp_path / name
    part = tmp_path / "deep" / f"part{main.suffix}"
    part.parent.mkdir()
    part.write_text("")
    part.with_suffix(".other").write_text("")
    main.write_text(f"first line\n{statement}\nlast\n")
    assert list(included_by([main])) == [part]


def test_a_word_that_includes_nothing_names_no_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("To use the part, see above.\nThe import part: done.\n")
    (tmp_path / "part.txt").write_text("")
    assert list(included_by([tmp_path / "notes.txt"])) == []


def test_a_program_that_lies_beside_the_script_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"\x7fELF rest")
    (tmp_path / "notes").write_text("text")
    assert list(in_full(tmp_path, "hello")) == []
    assert list(in_full(tmp_path, "notes")) == [tmp_path / "notes"]
