"""Detects source files that were copied from other projects, by what their first lines say."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from castiron_audit.catalogue import project_license
from castiron_audit.detection.from_vendor_folders import is_vendored
from castiron_audit.model import Form, Kind, Severity
from castiron_audit.names import first_of, in_order, normalised, same_package
from castiron_audit.origins import head_of, origins, projects_in
from castiron_audit.text_evidence import text_evidence
from castiron_common.words import counted

if TYPE_CHECKING:
    from castiron_audit.detection.collector import Collector
    from castiron_audit.origins import Origin

_HEAD = 6000
"""Bytes in which the first lines stand."""
_TESTS = re.compile(r"(?:^|/)(?:tests?|testing|examples?|docs?|benchmarks?)/|(?:^|/)(?:test_|conftest)[^/]*$")
_MANY = 4
"""Files that say that they are part of one project: that is the distribution's own, under another name."""


def detect_from_origins(collector: Collector) -> None:
    """Add the projects that single files say they were taken from, and whose license they or the catalogue tell."""
    contents = collector.contents
    claimed = {path for component in collector.components.values() for path in component.paths}
    found: list[tuple[str, str, Origin]] = []
    for path in in_order(contents.paths):
        if not path.endswith(".py") or path in claimed or is_vendored(path) or _TESTS.search(path):
            continue
        head = head_of(contents.head(path, _HEAD))
        found += [(path, head, origin) for origin in origins(head)]
    own = _own_names(collector)
    members = Counter(normalised(origin.name) for _, _, origin in found if origin.member)
    untold: list[str] = []
    for path, head, origin in found:
        name = normalised(origin.name)
        if name in own or any(same_package(name, item) for item in own) or members[name] >= _MANY:
            continue
        # A notice above may be the distribution's own.
        said = text_evidence(path, head if origin.member else head[origin.place :])
        known = project_license(origin.name)
        evidence = [item for item in said if item.expression] or ([known] if known is not None else [])
        if not evidence:
            untold.append(f"{path} ({origin.name})")
            continue
        component = collector.component(Kind.VENDORED, origin.name)
        component.forms.add(Form.BYTECODE)
        component.version = component.version or origin.version
        component.evidence += [item for item in evidence if item not in component.evidence]
        component.texts.setdefault(path, head + "\n")
        if origin.member:
            component.paths.add(path)
    if untold:
        says = "says that it or a part of it comes" if len(untold) == 1 else "say that they or parts of them come"
        collector.add_finding(
            "copied-source",
            Severity.WARNING,
            f"{counted(len(untold), 'source file')} {says} from another project, but not under which license: "
            f"{first_of(untold)}.",
        )


def _own_names(collector: Collector) -> frozenset[str]:
    """Return what the distribution and its project are called: its packages, and the addresses in its metadata."""
    contents = collector.contents
    names = {contents.distribution.name}
    names |= {path.partition("/")[0].removesuffix(".py") for path in contents.paths}
    for path in contents.recorded():
        if path.count("/") == 1 and path.endswith(".dist-info/METADATA"):
            names |= projects_in((contents.read(path) or b"").decode("utf-8", "replace").partition("\n\n")[0])
    return frozenset(map(normalised, names))
