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
