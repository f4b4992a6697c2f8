"""Which library a shared object gets for a name that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_elf.headers import Dynamic
from castiron_link.absorb.closure import LibraryFile, plan
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


def test_a_compilers_library_serves_images_of_its_own_c_library_alone() -> None:
    musl, glibc = "libc.musl-x86_64.so.1", "libc.so.6"
    needs = {
        "gnu.so": ("libstdc++.so.6", glibc),
        "musl.so": ("libstdc++.so.6", musl),
        "a.libs/libstdc++-0d31ccbe.so.6.0.32": (glibc,),
        "b.libs/libstdc++-5d72f927.so.6.0.33": (musl,),
        "c.libs/libstdc++.so.6": (musl,),
    }
    files = [LibraryFile(path=path, owner=path[:1], sha256=path.encode().hex(), location=Path(path)) for path in needs]

    def read_needs(file: LibraryFile) -> SharedObject:
        return shared_object(dynamic=Dynamic(needed=needs[file.path]), sha256=file.sha256)

    images = {image.files[0].path: image for image in plan(files, {"gnu.so", "musl.so"}, read_needs, TARGET.libc)}
    order = list(images)
    assert [order[number] for number in images["gnu.so"].needed] == ["a.libs/libstdc++-0d31ccbe.so.6.0.32"]
    assert [order[number] for number in images["musl.so"].needed] == ["c.libs/libstdc++.so.6"]
    assert [path for path, image in images.items() if image.stand_ins] == [
        "a.libs/libstdc++-0d31ccbe.so.6.0.32",
        "gnu.so",
    ]
