"""SBOMs as wheels have them, and of any shape: what is not a list of objects holds nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from castiron_audit.sboms import UnreadableSbomError, read_sbom

ODD: tuple[Any, ...] = (None, 5, "text", {"a": 1}, [5], [None], [[]])


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["components", "hashes", "licenses", "type", "scope", "cpe", "purl"])
def test_cyclonedx(field: str, odd: Any) -> None:
    item = {"name": "zlib", "version": "1"} | {field: odd}
    sbom = read_sbom(json.dumps({"bomFormat": "CycloneDX", "components": [item], "metadata": odd}))
    assert [item.name for item in sbom.components] == ["zlib"]
    assert not read_sbom(json.dumps({"bomFormat": "CycloneDX", "components": odd})).components


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["packages", "relationships", "documentDescribes"])
def test_spdx(field: str, odd: Any) -> None:
    packages = [{"name": "zlib", "SPDXID": odd, "externalRefs": odd}]
    document = {"spdxVersion": "SPDX-2.3", "packages": packages} | {field: odd}
    assert [item.name for item in read_sbom(json.dumps(document)).components] in (["zlib"], [])


def test_endless_depth() -> None:
    deep = '[{"name": "a", "components": ' * 200 + "[]" + "}]" * 200
    assert len(read_sbom('{"bomFormat": "CycloneDX", "components": ' + deep + "}").components) == 1
    with pytest.raises(UnreadableSbomError, match="recursion"):
        read_sbom("[" * 100_000)


def test_components_that_differ_in_scope_alone_have_a_fixed_order() -> None:
    listed = [{"name": "zlib", "scope": scope} for scope in ("optional", "required")]
    for components in (listed, listed[::-1]):
        sbom = read_sbom(json.dumps({"bomFormat": "CycloneDX", "components": components}))
        assert [item.scope for item in sbom.components] == ["required", "optional"]


def test_cyclonedx_in_wheels() -> None:
    document = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "psycopg2_binary", "version": "2.9"}},
        "components": [
            {"type": "library", "name": "psycopg2_binary", "version": "2.9"},
            {"type": "library", "name": "krb5", "version": "libs-1.21.3-r0",
             "purl": "pkg:apk/alpine/krb5@libs-1.21.3-r0"},
            {"type": "library", "name": "x", "version": "1", "purl": "pkg:cargo/x@1?download_url=file:///home/me/x",
             "licenses": [{"expression": "MIT/Apache-2.0"}], "components": [{"type": "library", "name": "inner"}]},
            {"type": "file", "name": "not-software"},
        ],
    }  # fmt: skip
    sbom = read_sbom(json.dumps(document))
    assert [(item.name, item.version, item.purl, item.license) for item in sbom.components] == [
        ("inner", "", None, None),
        ("krb5-libs", "1.21.3-r0", "pkg:apk/alpine/krb5-libs@1.21.3-r0", None),
        ("x", "1", "pkg:cargo/x@1", "MIT OR Apache-2.0"),
    ]
    for text in ("", "[]", "{}", '{"spdxVersion": "SPDX-3.0"}'):
        with pytest.raises(UnreadableSbomError):
            read_sbom(text)


def test_spdx_in_wheels() -> None:
    document = {
        "spdxVersion": "SPDX-2.3",
        "documentDescribes": ["SPDXRef-a"],
        "packages": [
            {"SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1"},
            {"SPDXID": "SPDXRef-b", "name": "b", "versionInfo": "2", "licenseConcluded": "NOASSERTION",
             "licenseDeclared": "MIT",
             "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:generic/b@2"}]},
        ],
    }  # fmt: skip
    sbom = read_sbom(json.dumps(document))
    assert sbom.described is not None
    assert [(item.name, item.license, item.purl) for item in sbom.components] == [("b", "MIT", "pkg:generic/b@2")]
