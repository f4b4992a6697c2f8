from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import RuntimePackError
from castiron_runtime.stub import FOLDER, read_settings, stub_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_our_own_settings_are_right() -> None:
    settings = read_settings(FOLDER / "stub.toml")
    for name in settings.file_flags:
        assert (FOLDER / name).is_dir() if name.endswith("/") else (FOLDER / name).is_file()
    assert "open" in stub_settings().wrap


def test_without_settings_there_are_none(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / "stub.toml")
    assert (settings.flags, settings.wrap) == ((), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("flags = '-O2'", "flags is not a list of strings"),
        ("wrap = [1]", "wrap is not a list of strings"),
        ("[file]\n'a.c' = '-O2'", "a.c"),
        ("flag = []", "unknown key 'flag'"),
        ("flags = [", "not TOML"),
    ],
)
def test_wrong_settings_are_refused_by_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "stub.toml"
    path.write_text(text)
    with pytest.raises(RuntimePackError) as caught:
        read_settings(path)
    assert says in caught.value.what


def test_flags_of_a_folder_come_before_those_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "stub.toml"
    path.write_text("[file]\n'tree/' = ['-a']\n'tree/open.c' = ['-b']\n'libc/' = ['-c']\n")
    settings = read_settings(path)
    assert settings.flags_of("tree/open.c") == ("-a", "-b")
    assert settings.flags_of("tree/watch.c") == ("-a",)
    assert settings.flags_of("main.c") == ()


def test_no_two_files_make_the_same_member_of_the_archive() -> None:
    names = [path.stem for path in FOLDER.rglob("*.c")]
    assert len(names) > 50
    assert sorted(names) == sorted(set(names))


def test_only_series_asks_for_the_version_of_cpython() -> None:
    asking = {path.name for path in FOLDER.rglob("*.[ch]") if "PY_VERSION_HEX" in path.read_text()}
    assert asking == {"series.c", "series.h"}


def test_every_file_is_in_the_readme() -> None:
    text = (FOLDER / "README.md").read_text()
    table = text[text.index("## Files") : text.index("## Rules")]
    files = [path for path in FOLDER.rglob("*.[ch]") if path.relative_to(FOLDER).parts[0] != "machine"]
    assert [path.name for path in files if f"`{path.name}`" not in table and f"`{path.stem}.[ch]`" not in table] == []
    folders = [f"`{path.name}/`" for path in FOLDER.iterdir() if path.is_dir()]
    assert [name for name in folders if name not in text] == []
