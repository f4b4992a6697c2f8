"""Reports hints of the application that change nothing, perhaps because a name in them is wrong."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from castiron_manifest.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from castiron_trace.hints.model import Hints


def without_effect(own: Hints, modules: Collection[str], files: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Yield a finding for each name in a hint that does not exist.

    ``modules`` are those that go in, ``files`` the files of each distribution, relative to site-packages.
    """
    for hint in own.hidden_imports:
        if hint.module not in modules:
            yield _finding(f"hidden-import of {hint.module}", "that module does not go in")
            continue
        for name in hint.imports:
            if name.removesuffix(".*") not in modules:
                yield _finding(f"hidden-import of {hint.module}", f"there is no module {name.removesuffix('.*')}")
        for name in hint.distributions:
            if name not in files:
                yield _finding(f"hidden-import of {hint.module}", f"there is no distribution {name}")
    hosts = (*(hint.module for hint in own.plugin_hosts), *(hint.module for hint in own.named_packages))
    for module in (*(hint.module for hint in own.entry_points), *hosts):
        if module not in modules:
            yield _finding(f"entry points or plug-ins of {module}", "that module does not go in")
    for item in own.data:
        if item.distribution not in files:
            yield _finding(f"data of {item.distribution}", "there is no such distribution")
            continue
        for pattern in item.files:
            if not any(fnmatchcase(path, pattern) for path in files[item.distribution]):
                yield _finding(f"data of {item.distribution}", f"no file of it is called {pattern}")


def _finding(subject: str, message: str) -> Finding:
    return Finding(
        code="hint-without-effect",
        severity=Severity.WARNING,
        subject=subject,
        message=f"This hint of [tool.castiron.trace] changes nothing: {message}.",
    )
