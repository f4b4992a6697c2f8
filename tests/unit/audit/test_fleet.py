"""Folders of binaries, among them what somebody may put there to disturb the look at the others."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castiron_audit.advisories.command import check_fleet
from castiron_audit.cli import app
from castiron_audit.embedded import REPORT_SECTION, SBOM_SECTION, embed
from castiron_audit.fleet import members, outdated_binaries
from castiron_elf.sections import append_sections
from tests.unit.audit.making import distribution, report
from tests.unit.audit.test_embedded import an_elf

NOBODY = 65534


def binary(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    embed(an_elf(place), report(distribution("some-thing", "MIT")))
    return place


@pytest.fixture
def advisories(tmp_path: Path) -> Path:
    row = {
        "id": "A",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "some-thing"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}],
            }
        ],
    }
    (tmp_path / "osv.json").write_text(json.dumps(row))
    return tmp_path / "osv.json"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


def told(folder: Path) -> dict[str, str]:
    return {item.path: item.unread for item in members(folder)}


def test_links_are_followed_once_and_only_out_of_the_folder(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    binary(fleet / "bin" / "app")
    binary(tmp_path / "other" / "tool")
    (fleet / "again").symlink_to("bin/app")
    (fleet / "outside").symlink_to(tmp_path / "other" / "tool")
    (fleet / "folder").symlink_to(tmp_path / "other")
    (fleet / "up").symlink_to(fleet)
    (fleet / "bin" / "circle").symlink_to("circle")
    (fleet / "nowhere").symlink_to("gone")
    found = told(fleet)
    assert sorted(found) == ["bin/app", "folder", "outside"]
    assert found["bin/app"] == found["outside"] == ""
    assert found["folder"] == "It is a link to another folder, which can be checked by itself."


def test_a_folder_that_is_a_link_is_looked_through(tmp_path: Path) -> None:
    binary(tmp_path / "fleet" / "app")
    (tmp_path / "link").symlink_to("fleet")
    assert told(tmp_path / "link") == {"app": ""}


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("x")
    (tmp_path / "empty").write_bytes(b"")
    binary(tmp_path / "app")
    assert told(tmp_path) == {"app": ""}


@pytest.mark.parametrize("kept", [5, 63, 200, 0.5, 0.9, -1])
def test_executables_that_were_cut_short_are_named(tmp_path: Path, kept: float) -> None:
    whole = binary(tmp_path / "app").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    binary(tmp_path / "z")
    found = told(tmp_path)
    assert found["app"] == found["z"] == ""
    assert found["cut"].startswith("cut cannot be read: ")


def test_every_flipped_byte_gives_a_report_or_a_reason(tmp_path: Path) -> None:
    whole = binary(tmp_path / "app").read_bytes()
    for at in range(0, len(whole), 41):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        (tmp_path / "app").write_bytes(changed)
        found = list(members(tmp_path))
        assert len(found) == (at > 3), at  # the first four bytes say that it is an ELF file
        assert all((item.report is None) == bool(item.unread) for item in found)


def test_a_section_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = an_elf(tmp_path / "app")
    append_sections(path, {SBOM_SECTION: b"{}", REPORT_SECTION: b"x"})
    data = bytearray(path.read_bytes())
    at, size = int.from_bytes(data[40:48], "little"), 4 << 30
    count = int.from_bytes(data[60:62], "little")
    for index in range(count):
        row = at + 64 * index
        if int.from_bytes(data[row + 32 : row + 40], "little") == 1:
            data[row + 32 : row + 40] = size.to_bytes(8, "little")
    path.write_bytes(data)
    os.truncate(path, 5 << 30)  # it takes no space
    assert told(tmp_path) == {"app": f"app cannot be read: one of its sections has {size} bytes."}


def test_what_may_not_be_read_is_named(open_folder: Path) -> None:
    binary(open_folder / "app")
    binary(open_folder / "secret").chmod(0)
    binary(open_folder / "closed" / "app")
    (open_folder / "closed").chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        (open_folder / "app").stat()
        found = told(open_folder)
    finally:
        os.seteuid(user)
        (open_folder / "closed").chmod(stat.S_IRWXU)
    assert found == {
        "app": "",
        "closed": "The folder cannot be read: Permission denied.",
        "secret": "Permission denied.",
    }


def test_names_that_are_no_text_and_names_that_command_a_terminal(tmp_path: Path, advisories: Path) -> None:
    fleet = tmp_path / "fleet"
    binary(fleet / os.fsdecode(b"\xff\xfe"))
    binary(fleet / "red\x1b[31m\tand\nmore")
    text, summary, affected = check_fleet(fleet, [advisories])
    assert affected
    assert summary.startswith("2 executables: 2 need a rebuild")
    assert [line.split("\t")[0] for line in text.splitlines()[1:]] == ["red\\x1b[31m and more", "\\udcff\\udcfe"]
    text.encode()


def test_the_command_on_a_folder(tmp_path: Path, advisories: Path) -> None:
    binary(tmp_path / "fleet" / "app")
    an_elf(tmp_path / "fleet" / "foreign")
    run = CliRunner()
    done = run.invoke(app, [str(tmp_path / "fleet"), "--osv", str(advisories)])
    assert done.exit_code == 1
    assert "2 executables: 1 need a rebuild" in done.stderr
    done = run.invoke(app, [str(tmp_path / "fleet"), "--osv", str(advisories), "-q"])
    assert (done.exit_code, done.stderr) == (1, "")
    assert "app\tapp 3.2\tsome-thing 1.0\tA\t2\t\n" in done.stdout
    done = run.invoke(app, [str(tmp_path / "fleet"), "--outdated", "99.0", "-v"])
    assert done.exit_code == 1
    assert "foreign\t-\tnot read: foreign carries no bill of materials of castiron." in done.stdout
    assert "1 contain an older Python than 99.0, 1 could not be read" in done.stderr
    assert outdated_binaries(tmp_path / "fleet", "3.0").binaries == ()
