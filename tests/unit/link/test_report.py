from pathlib import Path

import pytest

from castiron_common.errors import LinkError
from castiron_link.audit import audit
from castiron_link.model import Inclusion, Piece
from castiron_link.report import Contribution, license_of, render
from castiron_manifest.model import LicenseEvidence, LicenseFile
from castiron_runtime.model import LinkInputs
from tests.unit.link.making import component, distribution, manifest, sha256

MIT = "Permission is hereby granted ..."


def inputs() -> LinkInputs:
    return LinkInputs(
        archives=(),
        components=(component("cpython", "PSF"), component("musl", MIT), component("openssl", "Apache")),
        owners={
            Path("/p/libpython.a"): ("cpython",),
            Path("/p/libc.a"): ("musl",),
            Path("/p/libssl.a"): ("openssl",),
        },
        extensions=(),
    )


def made() -> object:
    evidence = LicenseEvidence(
        expression="MIT", files=(LicenseFile(path="d-1.0.dist-info/LICENSE", sha256=sha256(MIT.encode())),)
    )
    return manifest({"app.py": b""}, distributions=(distribution("d", evidence), distribution("unused")), texts=(MIT,))


def report() -> tuple:
    return audit(
        made(),
        contributions=[
            Contribution(owner="app", inclusion=Inclusion.BYTECODE, size=10),
            Contribution(owner="stdlib", inclusion=Inclusion.BYTECODE, size=100),
            Contribution(owner="d", inclusion=Inclusion.BYTECODE, size=5),
            Contribution(owner="d", inclusion=Inclusion.DATA, size=6),
        ],
        taken=[
            Piece(source="/w/app.o", member=None, size=99),
            Piece(source="/p/libpython.a", member="a.o", size=1000),
            Piece(source="/p/libpython.a", member="b.o", size=1000),
            Piece(source="/p/libcastiron.a", member="main.o", size=7),
            Piece(source="/p/libc.a", member="printf.o", size=30),
        ],
        inputs=inputs(),
        stub=Path("/p/libcastiron.a"),
        own=(Path("/w/app.o"),),
    )


def test_lists_what_is_in_and_nothing_else() -> None:
    rows = [(row.kind, row.name, row.license, row.inclusion, row.size) for row in report()]
    assert rows == [
        ("application", "app", "its own", (Inclusion.BYTECODE,), 10),
        ("distribution", "d", "MIT", (Inclusion.BYTECODE, Inclusion.DATA), 11),
        ("runtime", "castiron", "Apache-2.0 OR MIT", (Inclusion.STATIC,), 7),
        ("runtime", "cpython", "MIT", (Inclusion.STATIC, Inclusion.BYTECODE), 2100),
        ("runtime", "musl", "MIT", (Inclusion.STATIC,), 30),
    ]


def test_each_text_is_printed_once() -> None:
    text = render("app", report())
    assert text.count(MIT) == 1
    assert "d 1.0: d-1.0.dist-info/LICENSE" in text
    assert "musl 1.0: LICENSE" in text
    assert "openssl" not in text
    assert text == render("app", report())


def test_code_that_nobody_owns_is_an_error() -> None:
    with pytest.raises(LinkError, match=r"/x/libghost\.a is in the binary, and no component owns it"):
        audit(
            made(),
            contributions=[],
            taken=[Piece(source="/x/libghost.a", member="a.o", size=1)],
            inputs=inputs(),
            stub=Path("/p/libcastiron.a"),
            own=(),
        )


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (LicenseEvidence(expression="MIT OR Apache-2.0", text="x"), ("MIT OR Apache-2.0", "License-Expression")),
        (
            LicenseEvidence(classifiers=("License :: OSI Approved :: MIT License",), text="x"),
            ("MIT License", "classifier"),
        ),
        (
            LicenseEvidence(classifiers=("License :: OSI Approved",), text="BSD-3-Clause\nlong text"),
            ("BSD-3-Clause", "license field"),
        ),
        (
            LicenseEvidence(
                classifiers=(
                    "License :: OSI Approved :: Apache Software License",
                    "License :: OSI Approved :: BSD License",
                )
            ),
            ("Apache Software License AND BSD License", "classifier"),
        ),
        (LicenseEvidence(files=(LicenseFile(path="LICENSE", sha256="0" * 64),)), ("unknown", "license file")),
        (LicenseEvidence(), ("unknown", "none")),
    ],
)
def test_best_evidence_wins(evidence: LicenseEvidence, expected: tuple[str, str]) -> None:
    assert license_of(evidence) == expected
