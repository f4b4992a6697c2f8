import json

import pytest

from castiron_link.sbom import vendored
from tests.unit.link.making import distribution

BOM = {
    "bomFormat": "CycloneDX",
    "components": [
        {"name": "d", "version": "1.0"},
        {"name": "openblas", "version": "0.3.30", "purl": "pkg:apk/openblas@0.3.30"},
        {
            "name": "ring",
            "version": "0.17",
            "licenses": [{"expression": "Apache-2.0 OR ISC"}, {"license": {"id": "MIT"}}],
            "components": [{"name": "inner", "version": "2", "licenses": [{"license": {"name": "Own"}}]}],
        },
    ],
}


def test_components_with_licenses_and_inner_ones() -> None:
    rows = vendored(distribution("d"), json.dumps(BOM), unknown="unknown")
    assert [(row.name, row.version, row.license, row.evidence) for row in rows] == [
        ("inner", "2", "Own", "bill of materials of d"),
        ("openblas", "0.3.30", "unknown", "none"),
        ("ring", "0.17", "(Apache-2.0 OR ISC) AND MIT", "bill of materials of d"),
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"bomFormat": "CycloneDX", "components": [1, {}, {"name": 2}]}', "<xml/>"]
)
def test_anything_else_declares_nothing(text: str) -> None:
    assert vendored(distribution("d"), text, unknown="unknown") == ()
