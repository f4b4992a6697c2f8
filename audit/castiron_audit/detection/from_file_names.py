"""Detects shared libraries by their file names: those that auditwheel or the project put beside the modules."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit import build_info
from castiron_audit.catalogue import collected_library, library_of_file, original_file_name
from castiron_audit.model import Form, Kind
from castiron_audit.names import same_package

if TYPE_CHECKING:
    from castiron_audit.detection.collector import Collector
    from castiron_audit.detection.contents import DistributionContents
    from castiron_manifest.model import Native

_GCC_CPE = "cpe:2.3:a:gnu:gcc"
_FILE_VERSION = re.compile(r"-r?(?P<name>\d+\.\d+(?:\.\d+)*)\.so|\.so\.(?P<soname>\d+\.\d+\.\d+)$")
"""``libopenblasp-r0.3.28.so``, ``libgeos.so.3.14.1``."""


def detect_from_file_names(collector: Collector) -> None:
    """Add the libraries that are shared objects of their own and no extension modules."""
    for native in collector.contents.natives:
        owner = collector.contents.distribution.name
        title = re.split(r"\.so|-\d", original_file_name(native.path, owner))[0]
        entry = library_of_file(native.path, owner)
        if entry is None and title.startswith("lib") and native.module is None:
            known = collected_library(title.lower(), title.lower().removeprefix("lib"))
            entry = None if known is None or same_package(known.name, owner) else known
        bundled = entry is not None or posixpath.dirname(native.path).endswith(".libs")
        if not bundled or native.module is not None:
            continue
        if entry is not None and collector.contents.distribution.name in entry.distributions:
            continue
        file_name = original_file_name(native.path, collector.contents.distribution.name)
        library = collector.component(Kind.LIBRARY, entry.name if entry else title)
        library.natives.append(native)
        library.forms.add(Form.STATIC)
        library.paths.add(native.path)
        if entry is not None:
            soname_version = re.search(r"\.so\.(\d+)", file_name)
            library.add_catalogue_entry(entry, int(soname_version[1]) if soname_version else None)
            if entry.cpe == _GCC_CPE and not library.version:
                library.version = _gcc_version(collector.contents, native)
            version = _FILE_VERSION.search(file_name)
            if version is not None and (entry.soname_is_version or version["name"]):
                library.version = library.version or version["name"] or version["soname"]


def _gcc_version(contents: DistributionContents, native: Native) -> str:
    """Return the version of GCC that compiled a library of GCC's runtime: it is that library's own."""
    path = contents.site / native.path if contents.site is not None else None
    if path is None or not path.is_file():
        return ""
    return build_info.read_build_info(path, native.sha256, contents.elf).gcc or ""
