"""Reads license files of distributions: which software each is about, and which third-party software it lists.

Lists of third-party software behind a project's own license have one of two forms.  That of NumPy, SciPy and their
relatives has fields::

    Name: OpenBLAS
    Files: numpy.libs/libscipy_openblas*.so
    License: BSD-3-Clause
      Copyright ...

That of Pillow and others has a rule, a line with the name, and the text::

    ----

    BROTLI

    Copyright (c) 2009 ...
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.names import normalised, same_package
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

LICENSE_FILE_NAME = re.compile(r"licen[sc]e|copying|notice|copyright|lizenz|licencia|licen[çz]a", re.IGNORECASE)
"""Searched for in names of files; those with a match hold license texts."""

NOTICES_NAME = re.compile(r"(?:third|3rd)[-_ ]?part(?:y|ies)", re.IGNORECASE)
"""Searched for in names of files; those with a match hold notices of several projects."""
_IN_NAMES = ("licen", "copy", "notice", "lizenz", "part")
"""Of each name that one of the two patterns matches, one of these is a part, in lower case."""

_OWN_LICENSE_NAME = re.compile(
    r"^(?:un)?(?:licen[sc]e|copying|copyright|lizenz|licencia|licen[çz]a)(?:[-_.](?P<suffix>.+?))?(?:\.(?:txt|md|rst))?$",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(r"^[^/]+\.(?:tar\.\w+|tgz|zip)/")
"""The source distribution that a file is in."""
_LICENSE_WORDS = re.compile(
    r"(?:apache|mit|bsd|mpl|gpl|lgpl|lesser|lib|agpl|psf|python|isc|zlib|boost|bsl|busl|unlicense|artistic|cc0|ofl|zpl|epl"
    r"|eupl|cddl|cecill|wtfpl|upl|cc[-_]by(?:[-_](?:sa|nc|nd))*)?(?:[-_.]?v?\d[\d._]*)?"
    r"(?:[-_.](?:only|clause|or-later|license))?",
    re.IGNORECASE,
)
_LICENSE_BEFORE = re.compile(
    r"(?:(?:apache|mit|bsd|mpl|gpl|lgpl|agpl|psf|unlicense|artistic|cc0|ofl|zpl|epl|eupl|cddl|cecill|wtfpl|upl)"
    r"(?:[-_.]?v?\d[\d._]*)?(?:[-_.](?:only|clause|or-later))?)[-_.](?:licen[sc]e|copying)(?:\.(?:txt|md|rst))?",
    re.IGNORECASE,
)
"""``MIT-LICENSE``: after a license; those that are libraries, too (zlib, Boost, Python), are not among them."""
_OTHERS_LICENSE_NAME = re.compile(
    r"^(?P<before>.+?)[-_.]licen[sc]e|^licen[sc]e[-_.](?P<after>.+?)(?:\.(?:txt|md|rst))?$", re.IGNORECASE
)
_TEXT_SUFFIXES = frozenset({"txt", "md", "rst"})
_THIRD_PARTY_WORDS = frozenset({"external", "third-party", "thirdparty", "third_party", "bundled"})
_GENERIC_FOLDERS = frozenset(
    [
        "static",
        "assets",
        "css",
        "js",
        "javascripts",
        "stylesheets",
        "fonts",
        "webfonts",
        "images",
        "img",
        "icons",
        ".icons",
        "data",
        "dist",
        "build",
        "resources",
        "shared",
        "templates",
        "themes",
        "utils",
        "core",
        "_core",
        "locale-data",
        "config",
        "src",
        "source",
        "lib",
        "include",
        "licenses",
        "license",
        "python",
        "code",
        "subprojects",
        "vendor",
        "vendored",
        "_vendor",
        "third_party",
        "external",
        "external_licenses",
        "external-licenses",
        "docs",
    ]
)
"""Names of folders that do not name the software in them."""

_FIELD = re.compile(r"^(Name|Files|Description|Availability|License):[ \t]*(.*)$")
_RULE = re.compile(r"^\s*(?:-{4,}|={4,})\s*$")
_MARKED_NOTICE = re.compile(
    r"^%% (?P<name>[^\n]{1,80}?)\s+NOTICES(?:, INFORMATION,)? AND (?:LICENSE|INFORMATION)[^\n]*BEGIN HERE\s*$"
    r"(?P<text>.*?)^(?:=+\s*)?END OF ",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_NOTICE_TITLE = re.compile(
    r"^#{2,4} +(?:\d+[.)] *)?\[?(?P<name>[A-Za-z@][^\n\]#]{1,60}?)\]?(?:\([^\n)]*\))? *$", re.MULTILINE
)
_UNDERLINED_TITLE = re.compile(
    r"(?:\A|\n[ \t]*\n)(?:\d+[.)] *)?(?P<name>[A-Za-z@][^\n]{1,80}?)[ \t]*\n(?:-{4,}|={4,}|~{4,})[ \t]*(?=\n)"
)
_REMARK = re.compile(r"(?: *\([^()]*\))+$")
"""What a title has in parentheses: the library's file, or for which wheels it counts."""
_OTHER_SYSTEMS = re.compile(r"windows|mac ?os|darwin|win32|\bosx\b", re.IGNORECASE)
_NO_SOFTWARE = re.compile(
    r"third.?part|notice|licen[sc]e|acknowledg|copyright|:$"
    r"|^(?:introduction|preamble|(?:legal )?terms|overview|summary|definitions?|scope|grants?|redistribution"
    r"|advertising|contacts?|(?:no |disclaimer of )?warrant\w*|(?:limitation of )?liabilit\w*|limitation"
    r"|responsibilit\w*|termination|litigation|miscellaneous|inability|requirements|conditions|authors)\b",
    re.IGNORECASE,
)
"""Titles of the list itself, or of a text in it."""
_LICENSE_BODY = re.compile(r"permission is hereby granted|redistribution and use|licen[sc]e", re.IGNORECASE)
_SENTENCE = re.compile(
    r"this (?:project|product|software|package) includes? (?:\w+ ){0,3}(?:from|of|by|developed at) (?:the )?"
    r"(?P<name>.+?)(?: project)?\.?",
    re.IGNORECASE,
)
_TITLE = re.compile(r"^[A-Za-z][\w .+/'()-]{1,40}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensedSoftware:
    """The third-party software that a license file is about."""

    name: str
    version: str = ""
    """Empty if the path does not have it."""
    source_folder: str = ""
    """Folder of its sources in the project, empty if the path does not name one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSoftware:
    """An entry of a list of third-party software."""

    name: str
    files: tuple[str, ...] = ()
    """Patterns relative to site-packages or to the project's sources."""
    license: str | None = None
    """Content of the field ``License``."""
    text: str = ""
    """Its license text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFileSections:
    """A license file, split."""

    own_license: str
    """What precedes the list: the project's own license."""
    third_party: tuple[ListedSoftware, ...]


def may_hold_licenses(name: str) -> bool:
    """Return whether a file has a name that one of the two patterns may match; this is a fifth of their time."""
    lowered = name.lower()
    return any(part in lowered for part in _IN_NAMES)


def is_own_license(path: str) -> bool:
    """Return whether a file of a ``.dist-info`` folder states the distribution's own license.

    Files in folders below (``licenses/vendor/llhttp/LICENSE``) and files named after something else
    (``LICENSE.libsodium.txt``) are those of third parties.
    """
    relative = path.split("/", 1)[1] if ".dist-info/" in path else _ARCHIVE.sub("", path)
    folder, name = posixpath.split(relative)
    if folder not in {"", "licenses", "licenses/licenses", "licenses/LICENSES"}:
        return False
    if folder.endswith("/LICENSES") and _LICENSE_WORDS.fullmatch(posixpath.splitext(name)[0]):
        return True  # Named after their licenses, as REUSE has it.
    if _LICENSE_BEFORE.fullmatch(name):
        return True
    match = _OWN_LICENSE_NAME.match(name)
    if match is None:
        return False
    suffix = match["suffix"]
    return suffix is None or suffix.lower() in _TEXT_SUFFIXES or _LICENSE_WORDS.fullmatch(suffix) is not None


def licensed_software(folder: str, name: str) -> LicensedSoftware | None:
    """Return the third-party software that a license file is about; None if its path does not say it.

    ``folder`` is relative to the ``.dist-info`` folder, ``name`` the file's name.
    """
    match = _OTHERS_LICENSE_NAME.match(name)
    if match is not None:
        title = (match["before"] or match["after"] or "").strip("-_. ").lower()
        if title in _THIRD_PARTY_WORDS or NOTICES_NAME.search(title):
            return LicensedSoftware(name="third-party parts")
        if title and title not in _TEXT_SUFFIXES and not is_own_license(f"x.dist-info/licenses/{name}"):
            return LicensedSoftware(name=title)
    return _software_of_folder(folder)


def _software_of_folder(folder: str) -> LicensedSoftware | None:
    segments = [segment for segment in folder.split("/") if segment]
    segments = segments[1:] if segments[:1] == ["licenses"] else segments
    names = [segment for segment in segments if segment.lower() not in _GENERIC_FOLDERS]
    if not names:
        return None
    last = re.sub(r"\.(?:dist|egg)-info$", "", names[-1])  # the metadata folder of a vendored package
    source_folder = "/".join(segments).removeprefix("src/")
    match = re.fullmatch(r"(?P<name>[A-Za-z][\w.+-]*?)-v?(?P<version>\d[\w.]*)", last)
    if match is None:
        return LicensedSoftware(name=last, source_folder=source_folder)
    return LicensedSoftware(name=match["name"], version=match["version"], source_folder=source_folder)


def is_own_folder(folder: str, distribution: str, included: Collection[str]) -> bool:
    """Return whether a folder of a distribution is of the distribution itself, as is a license file in it.

    That is the top folder that is named after it or holds all of it, and folders below whose names only say what kind
    of files they have (``bokeh/LICENSE.txt``, ``fontpack/static/fontpack/LICENSE``).  ``included`` are the
    distribution's paths, relative to site-packages.
    """
    top, *below = folder.split("/")
    tops = {path.partition("/")[0] for path in included if "/" in path}
    is_named_after = same_package(top, distribution) or normalised(top) in normalised(distribution).split("-")
    is_only_one = {name for name in tops if not name.endswith((".dist-info", ".libs", ".data"))} == {top}
    return (is_named_after or is_only_one) and all(
        name.lower() in _GENERIC_FOLDERS or same_package(name, distribution) for name in below
    )


def split_license_file(text: str) -> LicenseFileSections:
    """Return the sections of a license file; a file without a list is all the project's own license."""
    lines = text.splitlines()
    starts = [index for index, line in enumerate(lines) if line.startswith("Name: ") and _starts_entry(lines, index)]
    if not starts:
        return _split_at_titles(lines)
    ends = [*starts[1:], len(lines)]
    entries = tuple(_entry_of_fields(lines[start:end]) for start, end in zip(starts, ends, strict=True))
    return LicenseFileSections(own_license="\n".join(lines[: starts[0]]), third_party=entries)


def _starts_entry(lines: list[str], index: int) -> bool:
    following = [match[1] for line in lines[index + 1 : index + 12] if (match := _FIELD.match(line))]
    return "License" in following[:4]


def _entry_of_fields(lines: list[str]) -> ListedSoftware:
    fields: dict[str, list[str]] = {}
    current = ""
    text: list[str] = []
    for line in lines:
        match = _FIELD.match(line)
        if match and "License" not in fields:
            current = match[1]
            fields[current] = [match[2].strip()]
        elif current == "License":
            text.append(line.removeprefix("  "))
        elif current:
            fields[current].append(line.strip())
    body = "\n".join(text).strip("\n")
    # A rule that ends the list is not a line of the license text.
    body = re.sub(r"(?:\n\s*[-=]{4,}\s*)+$", "", body)
    return ListedSoftware(
        name=fields["Name"][0],
        files=tuple(item for item in re.split(r"[\s,]+", " ".join(fields.get("Files", ()))) if item),
        license=fields.get("License", [""])[0] or None,
        text=body,
    )


def _split_at_titles(lines: list[str]) -> LicenseFileSections:
    starts = [index for index in range(len(lines) - 3) if _is_title(lines, index)]
    if len(starts) < 2:
        # A single title may be a heading of the license itself.
        return LicenseFileSections(own_license="\n".join(lines), third_party=())
    ends = [*starts[1:], len(lines)]
    return LicenseFileSections(
        own_license="\n".join(lines[: starts[0]]),
        third_party=tuple(
            ListedSoftware(name=_named(lines[start + 2].strip()), text="\n".join(lines[start + 3 : end]).strip("\n"))
            for start, end in zip(starts, ends, strict=True)
        ),
    )


def split_notices(text: str) -> tuple[ListedSoftware, ...]:
    """Return the entries of a list of third-party notices.

    They stand between Microsoft's marks, below Markdown's titles, or below titles that are underlined.  An entry
    without a license text of its own is left out, and one that is only in wheels for other systems.
    """
    marked = tuple(
        ListedSoftware(name=match["name"].strip(), text=match["text"].strip("\n=- "))
        for match in _MARKED_NOTICE.finditer(text)
    )
    if marked:
        return marked
    titles = list(_NOTICE_TITLE.finditer(text)) or list(_UNDERLINED_TITLE.finditer(text))
    ends = [title.start() for title in titles[1:]] + [len(text)] * bool(titles)
    return tuple(
        ListedSoftware(name=_REMARK.sub("", title["name"]).strip(" *`"), text=body)
        for title, end in zip(titles, ends, strict=True)
        if _LICENSE_BODY.search(body := text[title.end() : end].strip("\n"))
        and not _NO_SOFTWARE.search(title["name"])
        and not _is_for_others(title["name"])
    )


def _is_for_others(title: str) -> bool:
    """Return whether a title says that its software is only in wheels for other systems than Linux."""
    remark = _REMARK.search(title)
    return remark is not None and bool(_OTHER_SYSTEMS.search(remark[0])) and "linux" not in remark[0].lower()


def _named(title: str) -> str:
    """Return the software of a title, which may be a sentence: "This project includes code from Snappy"."""
    match = _SENTENCE.fullmatch(title)
    return match["name"] if match else title


def _is_title(lines: list[str], index: int) -> bool:
    """Return whether a rule, an empty line, a name and an empty line begin at ``index``, with an empty line before."""
    return (
        _RULE.match(lines[index]) is not None
        and not lines[index + 1].strip()
        and _TITLE.match(lines[index + 2].strip()) is not None
        and not lines[index + 3].strip()
        and (index == 0 or not lines[index - 1].strip())
    )
