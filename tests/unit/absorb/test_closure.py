"""Which library a shared object gets for a name that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_elf.abi import STB_GLOBAL, STT_FUNC, STV_DEFAULT
from castiron_elf.headers import Dynamic
from castiron_elf.shared_object import Definition, Definitions
from castiron_link.absorb.closure import ImagePlan, LibraryFile, plan
from castiron_link.absorb.opened_before import Guess, with_opened_before
from castiron_link.absorb.scope import Missing
from tests.support.elf_values import TARGET, shared_object

if TYPE_CHECKING:
    from castiron_elf.shared_object import SharedObject

_NEEDS = {
    "user.so": ("libstdc++.so.6", "libcurl.so.4"),
    "a.libs/libstdc++-0d31ccbe.so.6.0.32": (),
    "b.libs/libstdc++-5d72f927.so.6.0.33": (),
    "b.libs/libcurl-5d72f927.so.4": (),
}


def read(file: LibraryFile) -> SharedObject:
    dynamic = Dynamic(soname=file.path.rpartition("/")[2], needed=_NEEDS[file.path])
    return shared_object(dynamic=dynamic, sha256=file.sha256)


def test_the_newest_copy_of_a_compilers_library_serves_who_brings_none() -> None:
    files = [LibraryFile(path=path, owner=path[:1], sha256=path.encode().hex(), location=Path(path)) for path in _NEEDS]
    images = plan(files, {"user.so"}, read, TARGET.libc)
    assert [image.files[0].path for image in images] == ["b.libs/libstdc++-5d72f927.so.6.0.33", "user.so"]
    assert images[1].absent == ("libcurl.so.4",)


def test_a_library_of_the_system_that_the_executable_has_is_not_absent() -> None:
    file = LibraryFile(path="user.so", owner="u", sha256="00", location=Path("user.so"))
    needed = ("libz.so.1", "libexpat.so.1", "libX11.so.6")
    facts = shared_object(dynamic=Dynamic(soname="user.so", needed=needed), sha256="00")
    (image,) = plan([file], None, lambda _: facts, TARGET.libc)
    assert image.absent == ("libX11.so.6",)


def image(name: str, *defines: str, owner: str = "", absent: tuple[str, ...] = (), libc: str = "") -> ImagePlan:
    file = LibraryFile(path=f"{name}.so", owner=owner or name, sha256="00", location=Path(name))
    there = Definition(8, STT_FUNC, STB_GLOBAL, STV_DEFAULT, False)
    facts = shared_object(definitions=Definitions(dict.fromkeys(defines, there)), sha256="00")
    return ImagePlan(id=name, files=(file,), facts=facts, libc=libc, needed=(), absent=absent)


def test_a_library_that_was_opened_before_is_taken_if_it_alone_has_what_is_missing() -> None:
    images = [image("kernels", "dot", "sum"), image("user"), image("other", "sum")]
    changed, guessed = with_opened_before(images, [Missing(image=1, symbol="dot"), Missing(image=1, symbol="none")])
    assert [item.needed for item in changed] == [(), (0,), ()]
    assert guessed == (Guess(user="user.so (user)", library="kernels.so (kernels)", symbol="dot"),)
    # Two distributions have it: nothing tells which is meant.
    assert with_opened_before(images, [Missing(image=1, symbol="sum")])[1] == ()


def test_no_library_is_guessed_for_one_that_is_absent_or_across_c_libraries() -> None:
    absent = [image("kernels", "dot"), image("user", absent=("libdot.so",))]
    assert with_opened_before(absent, [Missing(image=1, symbol="dot")])[1] == ()
    foreign = [image("kernels", "dot", libc="musl"), image("user", libc="glibc")]
    assert with_opened_before(foreign, [Missing(image=1, symbol="dot")])[1] == ()
