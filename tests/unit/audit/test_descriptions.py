"""What long descriptions say of licenses: a choice, and the licenses of data."""

from dataclasses import replace

import pytest

from castiron_audit.conclusions import conclude_distribution
from castiron_audit.descriptions import choice_in_description, licenses_of_data
from castiron_manifest.model import LicenseEvidence
from tests.unit.audit.making import distribution

DATA = "The data is licensed under the Creative Commons Attribution-Share Alike <http://creativecommons.org/licenses/by-sa/3.0/>."
MIT = ("License :: OSI Approved :: MIT License",)


def said(description: str, included: tuple[str, ...] = ("x/a.dict",)) -> list[str | None]:
    return [item.expression for item in licenses_of_data(description, included, "METADATA")]


def test_a_choice_needs_both_texts_or_a_grant() -> None:
    for line, there, expression in (
        ("Licensed as MIT or WTFPL, as you prefer.", {"MIT"}, None),
        ("Licensed as MIT or WTFPL, as you prefer.", {"MIT", "WTFPL"}, "MIT OR WTFPL"),
        ("This code is licensed under the MIT or WTFPL license, as you prefer.", {"MIT"}, "MIT OR WTFPL"),
        ("This code is licensed under the MIT or WTFPL license, as you prefer.", {"ISC"}, None),
    ):
        found = choice_in_description(line, frozenset(there), "METADATA")
        assert (found and found.expression) == expression


@pytest.mark.parametrize(
    ("description", "expressions"),
    [
        (DATA, ["CC-BY-SA-3.0"]),
        (
            (
                "It is under the Apache license, and includes data files that may be\nredistributed under a Creative "
                "Commons Attribution-ShareAlike 4.0\nlicense (<https://creativecommons.org/licenses/by-sa/4.0/>)."
            ),
            ["CC-BY-SA-4.0"],
        ),
        ("The ``words.txt`` dictionary files are released under the Apache License 2.0.", ["Apache-2.0"]),
        ("The data ships in a separate distribution and is licensed under the ODbL license.", []),
        ("The code is licensed under the MIT License. It reads data.", []),
    ],
)
def test_licenses_of_data(description: str, expressions: list[str]) -> None:
    assert said(description) == expressions
    assert said(description, ("x/__init__.py", "x/_c.cpython-313-x86_64-linux-musl.so")) == []


def test_the_license_of_data_counts_together_with_that_of_the_code() -> None:
    item = replace(distribution("x"), license=LicenseEvidence(classifiers=MIT))
    included = frozenset({"x/a.dict"})
    found = conclude_distribution("distribution/x", item, {}, description=DATA, included=included)
    assert found.verdict.expression == "MIT AND CC-BY-SA-3.0"
    # An expression in the metadata stands alone, and what it does not name is told.
    item = replace(distribution("x"), license=LicenseEvidence(expression="MIT"))
    found = conclude_distribution("distribution/x", item, {}, description=DATA, included=included)
    assert found.verdict.expression == "MIT"
    assert [finding.code for finding in found.findings] == ["contradiction"]
