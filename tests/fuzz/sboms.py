"""Bills of materials that wheels carry, with the license expressions in them."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from castiron_common.errors import CastironError
from tests.fuzz.mutations import INTEGERS, TEXTS, Places, change_bytes, change_text
from tests.fuzz.parser import Parser

if TYPE_CHECKING:
    from random import Random

_CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"component": {"type": "library", "name": "alpha", "version": "1.0"}},
    "components": [
        {
            "type": "library",
            "name": "zlib",
            "version": "1.3",
            "purl": "pkg:generic/zlib@1.3?download_url=file:///x",
            "cpe": "cpe:2.3:a:zlib:zlib:1.3:*:*:*:*:*:*:*",
            "licenses": [{"license": {"id": "Zlib"}}, {"expression": "MIT OR Apache-2.0"}],
            "hashes": [{"alg": "SHA-256", "content": "00"}],
            "components": [{"type": "library", "name": "inner", "version": "2"}],
        },
        {"type": "library", "name": "krb5", "version": "libs-1.21.3-r0", "purl": "pkg:apk/alpine/krb5"},
    ],
}
_SPDX: dict[str, Any] = {
    "spdxVersion": "SPDX-2.3",
    "documentDescribes": ["SPDXRef-a"],
    "relationships": [{"relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-a"}],
    "packages": [
        {"SPDXID": "SPDXRef-a", "name": "alpha", "versionInfo": "1", "licenseConcluded": "NOASSERTION"},
        {
            "SPDXID": "SPDXRef-b",
            "name": "beta",
            "licenseDeclared": "GPL-2.0-or-later WITH Classpath-exception-2.0",
            "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:pypi/beta@1"}],
        },
    ],
}
_LICENSES = (
    *("(" * 3000, "MIT AND " * 500 + "MIT", "MIT OR", "WITH", "MIT WITH MIT", "GPL-2.0+", "LicenseRef-x", "mit/apache"),
    *(
        "(MIT OR " * 200 + "MIT" + ")" * 200,
        "MIT and (BSD or",
        "MIT;BSD",
        "AND " * 2000,
        "x" * 100_000,
        "MIT " * 20_000,
    ),
)


class UnreadableError(CastironError):
    """The reader said that it is no bill of materials."""


class Sboms(Parser):
    """The reader of bills of materials."""

    suffix = ".json"
    expected = UnreadableError

    def prepare(self) -> None:
        for seed in (_CYCLONEDX, _SPDX):
            self.run(json.dumps(seed).encode())

    def make(self, random: Random) -> bytes:
        value = copy.deepcopy(random.choice((_CYCLONEDX, _SPDX)))
        places = Places(value)
        for _ in range(random.choice((1, 1, 2, 4))):
            container, key = random.choice(places.places)
            other, at = random.choice(places.places)
            try:
                old = container[key]
                if isinstance(old, str) and random.random() < 0.6:
                    container[key] = random.choice((change_text(old, random, places.texts), random.choice(_LICENSES)))
                elif isinstance(old, list) and random.random() < 0.3:
                    container[key] = old * random.choice((0, 2, 1000))
                else:
                    number = random.choice((*INTEGERS, -1))
                    odd = (
                        None,
                        True,
                        number,
                        1e300,
                        float("nan"),
                        random.choice(TEXTS),
                        [],
                        {},
                        [[]],
                        [number],
                        [None],
                    )
                    container[key] = random.choice((*odd, copy.deepcopy(other[at])))
            except (KeyError, IndexError):
                continue
        data = json.dumps(value).encode()
        way = random.random()
        if way < 0.1:
            data = change_bytes(data, random)
        elif way < 0.13:
            depth = random.choice((50, 480, 5000, 100_000))
            data = (
                b'{"bomFormat": "CycloneDX", "components": '
                + b'[{"components": ' * depth
                + b"[]"
                + b"}]" * depth
                + b"}"
            )
        return data

    def run(self, data: bytes) -> str:
        from castiron_audit.sboms import UnreadableSbomError, read_sbom

        try:
            sbom = read_sbom(data.decode("utf-8", "replace"))
        except UnreadableSbomError as error:
            raise UnreadableError(str(error), hint="") from error
        for component in sbom.components:
            _ = component.ecosystem
        return "about something" if sbom.described else "about nothing"
