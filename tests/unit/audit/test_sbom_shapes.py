"""Bills of materials of any shape: what is no list of maps holds nothing."""

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
