"""Which shared objects count as examined, and what tables of them may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import InputError
from castiron_elf.shared_object import SharedObject
from castiron_link.absorb.closure import ImagePlan, LibraryFile
from castiron_link.examined.examination import Examination
from castiron_link.examined.reader import examinations_in, own_examinations, shipped_examinations
from castiron_link.examined.tables import Examined
from castiron_manifest.model import Native, Origin
from tests.unit.link.making import distribution, manifest

if TYPE_CHECKING:
    from castiron_manifest.model import Distribution

NOTHING = Examined()
ROW = """
[[distribution]]
name = "d"
versions = ">=1.2,<=1.4.1"
files = ["d/*"]
reason = "frees"
source = "d.c"
"""


def read(tmp_path: Path, text: str) -> Examined:
    (tmp_path / "d.toml").write_text(text)
    return examinations_in(tmp_path)


def own(tmp_path: Path, text: str) -> Examined:
    (tmp_path / "own.toml").write_text(text)
    return own_examinations([tmp_path / "own.toml"])


def image(
    path: str, owner: str = "d", *, undefined: tuple[str, ...] = ("PyList_New",), dlsym: bool = False
) -> ImagePlan:
    file = LibraryFile(path=path, owner=owner, sha256="0" * 64, location=Path(path))
    # Of a shared object, only these two facts are looked at.
    facts = SharedObject(sha256="0" * 64, size=1, headers=None, undefined=undefined, uses_dlsym=dlsym)  # type: ignore[arg-type]
    return ImagePlan(id="0" * 16, files=(file,), facts=facts, libc="", needed=(), absent=())


def version(text: str, *, embedded: bool = False) -> Distribution:
    made = distribution("d")
    return replace(made, version=text, wheel=replace(made.wheel, embedded=embedded))


def examination(shipped: Examined, *, of: Distribution, given: Examined = NOTHING) -> Examination:
    return Examination.of(manifest({"app.py": b""}, distributions=(of,)), shipped=shipped, own=given)


@pytest.mark.parametrize(
    ("at_hand", "known"),
    [("1.1.9", False), ("1.2", True), ("1.4.1", True), ("1.4.2", False), ("1.4.1+patched", False), ("1.4rc1", False)],
)
def test_only_versions_that_were_read_count(tmp_path: Path, at_hand: str, known: bool) -> None:
    found = examination(read(tmp_path, ROW), of=version(at_hand)).noted_types(image("d/_c.so"))
    assert found == (() if known else None)


def test_files_that_are_not_named_do_not_count(tmp_path: Path) -> None:
    known = examination(read(tmp_path, ROW.replace("d/*", "d/_c.*")), of=version("1.2"))
    assert known.noted_types(image("d/_c.cpython-313-x86_64-linux-musl.so")) == ()
    assert known.noted_types(image("d/_tests.so")) is None
    assert known.noted_types(image("d/_c.so", "another")) is None


def test_a_wheel_that_no_index_served_counts_only_where_the_user_says_so(tmp_path: Path) -> None:
    shipped, built = read(tmp_path, ROW), version("1.2", embedded=True)
    assert examination(shipped, of=built).noted_types(image("d/_c.so")) is None
    given = own(tmp_path, '[[distribution]]\nname = "d"\nfiles = ["d/*"]\n')
    assert examination(shipped, of=built, given=given).noted_types(image("d/_c.so")) == ()
    unreleased = version("0.1.dev3+gabcdef", embedded=True)
    assert examination(shipped, of=unreleased, given=given).noted_types(image("d/_c.so")) == ()


def test_libraries_that_do_not_know_python_need_no_examination(tmp_path: Path) -> None:
    nothing = examination(Examined(), of=version("1.2"))
    assert nothing.noted_types(image("d.libs/libm.so", undefined=("malloc", "puts"))) == ()
    assert nothing.noted_types(image("d.libs/libm.so", undefined=("malloc", "_PyObject_GC_New"))) is None
    assert nothing.noted_types(image("d.libs/libm.so", undefined=(), dlsym=True)) is None


def test_shared_objects_of_the_application(tmp_path: Path) -> None:
    made = manifest({"app.py": b""}, distributions=(version("1.2"),))
    native = Native(path="fast.so", distribution="", soname=None, sha256="0" * 64, size=1, origin=Origin.APP)
    made = replace(made, natives=(native,))
    given = own(tmp_path, '[[application]]\nfiles = ["fast.*"]\nnoted-types = ["fast:Log"]\n')
    fast = image("fast.so", "app")
    assert Examination.of(made, shipped=Examined(), own=given).noted_types(fast) == ("fast:Log",)
    assert Examination.of(made, shipped=Examined(), own=Examined()).noted_types(fast) is None


def test_reasons_for_a_full_end(tmp_path: Path) -> None:
    shipped = read(tmp_path, ROW.replace("d/*", "d/_c.*"))

    def why(at_hand: Distribution, *paths: str, owner: str = "d") -> str:
        (found,) = examination(shipped, of=at_hand).unexamined([image(path, owner) for path in paths])
        return f"{found.subject}: {found.reason}"

    assert why(version("1.5"), "d/_c.so", "d/_e.so") == "d 1.5: versions >=1.2,<=1.4.1 were examined"
    assert why(version("1.2", embedded=True), "d/_c.so") == "d 1.2: its wheel comes from no index"
    assert why(version("1.2"), "d/_tests.so", "d/_c.so") == "d/_tests.so of d 1.2: not examined, or with effects"
    tests = [f"d/_t{number}.so" for number in range(4)]
    assert why(version("1.2"), *tests) == "d/_t0.so, d/_t1.so or 2 more files of d 1.2: not examined, or with effects"
    assert why(version("1.2"), "fast.so", owner="app") == "the application: not examined"
    assert examination(shipped, of=version("1.2")).unexamined([image("d/_c.so")]) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROW.replace("<=1.4.1", "<2"), "has no last one"),
        (ROW.replace(">=1.2,<=1.4.1", "==1.*"), "has no last one"),
        (ROW.replace(">=1.2,<=1.4.1", "new ones"), "not a set of versions"),
        (
            ROW.replace("reason", "raeson"),
            "distribution\\[0\\].raeson: there is no key 'raeson'; perhaps reason is meant",
        ),
        (ROW.replace('source = "d.c"', ""), "distribution\\[0\\].source is missing"),
        (ROW.replace('["d/*"]', "[]"), "files is empty"),
        (ROW + 'noted-types = ["d.Type"]\n', "'d.Type' is not 'module:type'"),
        (ROW.replace("[[distribution]]", "[[distributions]]"), "there is no key 'distributions'"),
        ("distribution = 1", "distribution is not an array"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_a_file_of_the_user_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.toml cannot be read"):
        own_examinations([tmp_path / "absent.toml"])
    with pytest.raises(InputError, match=r"own\.toml cannot be read"):
        own(tmp_path, "distribution = [")
    with pytest.raises(InputError, match=r"own\.toml: distribution is not an array"):
        own(tmp_path, "distribution = 1")


def test_what_is_shipped_is_well_formed() -> None:
    rows = shipped_examinations().distribution
    assert {row.name for row in rows} >= {"numpy", "pandas", "markupsafe"}
    assert all(row.reason.strip() and row.source.strip() for row in rows)
    assert all("==" in row.versions or "<=" in row.versions for row in rows)
    numpy = next(row for row in rows if row.name == "numpy" and row.covers("2.2.4"))
    assert "numpy._core._multiarray_umath:nditer" in numpy.noted_types
    assert not numpy.covers("99.0")
