from dataclasses import replace

import pytest

from castiron_audit.collect import build_report
from castiron_audit.linked import Linked
from castiron_manifest.model import Module, ModuleKind, Origin
from tests.unit.audit.making import manifest, runtime

MEMBERS = ("Modules-audioop.o", "Modules-unicodedata.o", "Python-dtoa.o", "Python-qsbr.o")
MODULES = ("asynchat", "asyncio", "http.cookies", "uu")


def incorporated(version: str) -> dict[str, str | None]:
    """Return what a binary with all of these members and modules incorporates, with licenses."""
    interpreter = runtime("cpython", "PSF-2.0", members=MEMBERS)
    interpreter = replace(interpreter, component=replace(interpreter.component, version=version))
    modules = tuple(
        Module(name=name, kind=ModuleKind.SOURCE, origin=Origin.STDLIB, path=f"{name}.py") for name in MODULES
    )
    whole = replace(manifest(), modules=modules)
    report = build_report(whole, site=None, linked=Linked(components=(interpreter,), sizes={}, images=()))
    return {item.name: item.verdict.expression for item in report.components if item.parent == "runtime/cpython"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (
            "3.11.2",
            {
                "asynchronous-sockets": "HPND",
                "audioop": "LicenseRef-CPython-audioop",
                "dtoa": "dtoa",
                "http-cookies": "HPND",
                "unicode-character-database": "Unicode-DFS-2016",
                "uuencode": "HPND",
            },
        ),
        (
            "3.13.15",
            {
                "dtoa": "dtoa",
                "global-unbounded-sequences": "BSD-2-Clause",
                "http-cookies": "HPND",
                "unicode-character-database": "Unicode-3.0",
                "uvloop-parts": "MIT",
            },
        ),
    ],
)
def test_what_cpython_incorporates_depends_on_its_series(version: str, expected: dict[str, str]) -> None:
    assert incorporated(version) == expected
