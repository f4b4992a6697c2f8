import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_audit.compatibility import compatibility
from castiron_audit.copyleft import Strength, reach, strength_of
from castiron_audit.expressions import (
    all_of,
    any_of,
    choose,
    from_classifier,
    from_field,
    licenses_in,
    normalise,
    satisfied,
)
from castiron_audit.spdx_list import license_list
from castiron_audit.tables import table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mit", "MIT"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", "MPL-2.0 AND (Apache-2.0 OR MIT)"),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1"),
        ("LicenseRef-own AND MIT", "LicenseRef-own AND MIT"),
        ("MPL-2.0+", "MPL-2.0"),
        ("MIT OR (MPL-2.0+ AND ISC)", "MIT OR (MPL-2.0 AND ISC)"),
        ("Acme-2.0+", None),
        ("BSD", None),
        ("GPL", None),
        ("Dual License", None),
        ("MIT AND", None),
        ("", None),
        ("(" * 300, None),
    ],
)
def test_normalise(text: str, expected: str | None) -> None:
    assert normalise(text) == expected


identifiers = st.sampled_from(
    ["MIT", "ISC", "GPL-2.0-only", "MPL-2.0", "Apache-2.0 WITH LLVM-exception", "LicenseRef-x"]
)
trees = st.recursive(
    identifiers,
    lambda inner: st.tuples(st.sampled_from([" AND ", " OR "]), inner, inner).map(lambda t: f"({t[1]}{t[0]}{t[2]})"),
    max_leaves=6,
)


@given(trees)
def test_normal_forms_are_stable_and_keep_their_meaning(text: str) -> None:
    once = normalise(text)
    assert once is not None
    assert normalise(once) == once
    assert set(licenses_in(once)) <= {
        "MIT",
        "ISC",
        "GPL-2.0-only",
        "MPL-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "LicenseRef-x",
    }
    assert satisfied(once, lambda _: True)
    assert not satisfied(once, lambda _: False)
    assert satisfied(once, set(choose(once, strength_of)).__contains__)


@given(st.text(max_size=60))
def test_never_fails(text: str) -> None:
    normalise(text)
    from_field(text)


def test_joining() -> None:
    assert all_of(["MIT", "Apache-2.0 OR MIT", "MIT"]) == "MIT AND (Apache-2.0 OR MIT)"
    assert any_of(["MIT", "ISC AND Zlib"]) == "MIT OR (ISC AND Zlib)"
    assert all_of([]) is None


def test_choices_take_the_mildest_way() -> None:
    assert choose("GPL-2.0-only OR (MIT AND MPL-2.0) OR ISC", strength_of) == ("ISC",)
    assert choose("GPL-2.0-only OR (MIT AND MPL-2.0)", strength_of) == ("MIT", "MPL-2.0")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", Strength.PERMISSIVE),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", Strength.PERMISSIVE),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Strength.FILE),
        ("MPL-2.0", Strength.FILE),
        ("EPL-2.0", Strength.FILE),
        ("LGPL-2.1-or-later", Strength.LIBRARY),
        ("LGPL-3.0-only OR GPL-2.0-or-later", Strength.LIBRARY),
        ("GPL-2.0-only AND MIT", Strength.WORK),
        ("Sleepycat", Strength.WORK),
        ("AGPL-3.0-only", Strength.NETWORK),
        ("BUSL-1.1", Strength.RESTRICTED),
        ("JSON", Strength.RESTRICTED),
        ("LicenseRef-whatever", Strength.UNKNOWN),
    ],
)
def test_how_far_copyleft_reaches(expression: str, expected: Strength) -> None:
    assert reach(expression) is expected


def test_every_license_of_the_list_has_a_strength() -> None:
    unknown = [
        name
        for name, row in license_list()["licenses"].items()
        if not row["deprecated"] and strength_of(name) is Strength.UNKNOWN
    ]
    assert set(unknown) <= {"any-OSI", "any-OSI-perl-modules"}


def test_compatibility() -> None:
    assert compatibility("GPL-2.0-only", "Apache-2.0") == "No"
    assert compatibility("GPL-3.0-only", "Apache-2.0") == "Yes"
    assert compatibility("MIT", "MIT") == "Yes"
    assert compatibility("MIT", "GPL-3.0-or-later WITH GCC-exception-3.1") == "Yes"
    assert compatibility("MIT", "LicenseRef-x") == ""


def test_fields_and_classifiers() -> None:
    assert from_field("Apache License, Version 2.0.") == "Apache-2.0"
    assert from_field("BSD") is None
    assert from_field("GPL") is None
    assert from_field("MPL-2.0 AND MIT") == "MPL-2.0 AND MIT"
    assert from_field("A license of our own, see the file") is None
    assert from_classifier("License :: OSI Approved :: MIT License") == ("MIT", ())
    assert from_classifier("License :: OSI Approved :: BSD License")[0] is None


@pytest.mark.parametrize("name", ["libraries", "cpython"])
def test_tables_hold_valid_expressions(name: str) -> None:
    for row in table(name).get("library", []) + table(name).get("part", []):
        for expression in (row["license"], *(text for _, text in row.get("since", []))):
            assert normalise(expression) == expression, row["name"]


def test_the_table_of_names_is_valid() -> None:
    names = table("names")
    for section in ("deprecated", "fields", "classifiers"):
        for text, expression in names[section].items():
            assert normalise(expression) == expression, text
    for candidates in names["ambiguous"].values():
        assert [normalise(item) for item in candidates] == candidates
