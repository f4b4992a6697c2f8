"""Checks bills of materials with the validators of those who ask for them, and with BSI's tables.

CycloneDX: cyclonedx-python-lib (schema), and the required fields of BSI TR-03183-2 v2.1.0, sections 5.2.1 to 5.2.4, for
which no checker of CycloneDX is published.  SPDX 2.3: spdx-tools, ntia-conformance-checker (NTIA).  SPDX 3.0.1:
ntia-conformance-checker (BSI and NTIA), on the model of spdx-python-model.

They are imported where they are needed: that takes seconds, in every process that only collects tests, too.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cyclonedx.validation.json import JsonStrictValidator

_CPE = re.compile(
    r"cpe:2\.3:[aho*\-](:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!\"#$%&'()+,/:;<=>@\[\]^`{|}~]))+(\?*|\*?))|[*\-])){5}"
    r"(:(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*\-]))(:(((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!\"#$%&'()+,/:;<=>@"
    r"\[\]^`{|}~]))+(\?*|\*?))|[*\-])){4}"
)
"""Of NISTIR 7695's XML schema."""


@cache
def _cyclonedx() -> JsonStrictValidator:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from jsonschema import Draft7Validator

    # Its parser of RFC 3987 takes a tenth of a second for an address, and the same ones stand in many documents.
    formats = Draft7Validator.FORMAT_CHECKER
    check, raises = formats.checkers["iri-reference"]
    once = cache(check)
    formats.checks("iri-reference", raises)(lambda value: once(value) if isinstance(value, str) else check(value))
    return JsonStrictValidator(SchemaVersion.V1_6)


def cyclonedx_error(text: str) -> str | None:
    """Return what CycloneDX's schema does not allow."""
    error = _cyclonedx().validate_str(text)
    return None if error is None else str(error)


def cyclonedx_problems(text: str, *, hashes: bool) -> list[str]:
    """Return what is wrong with a CycloneDX document; ``hashes``: whether it has to tell the file's."""
    error = cyclonedx_error(text)
    document = json.loads(text)
    return ([error] if error is not None else []) + list(_bsi_problems(document, hashes=hashes))


def _bsi_problems(document: dict[str, Any], *, hashes: bool) -> Iterator[str]:
    metadata = document["metadata"]
    if not _address(metadata):
        yield "the creator of the SBOM has no address"
    if "timestamp" not in metadata:
        yield "no timestamp"
    if not document["serialNumber"].startswith("urn:uuid:"):
        yield "no SBOM-URI"
    if "vulnerabilities" in document:
        yield "vulnerabilities are not for an SBOM"
    told = {row["ref"] for row in document["dependencies"]}
    complete = {ref for row in document["compositions"] for ref in row["dependencies"]}
    for row in (metadata["component"], *document["components"]):
        properties = {item["name"]: item["value"] for item in row.get("properties", ())}
        name = row["bom-ref"]
        if not row.get("version"):
            yield f"{name}: no version"
        if not row.get("supplier", {}).get("name"):
            yield f"{name}: no supplier"
        if not _address(row) and "castiron:supplier-reason" not in properties:
            yield f"{name}: the creator has no address, and nothing says why"
        if not properties.get("bsi:component:filename"):
            yield f"{name}: no filename"
        for key in ("executable", "archive", "structured"):
            if f"bsi:component:{key}" not in properties:
                yield f"{name}: {key} is not told"
        if name not in told or name not in complete:
            yield f"{name}: dependencies, or whether they are complete, are not told"
        if not row.get("licenses") and "castiron:finding:unknown-license" not in properties:
            yield f"{name}: no license, and no finding"
        if any(item["acknowledgement"] != "concluded" for item in row.get("licenses", ()) if "expression" in item):
            yield f"{name}: the license is not the concluded one"
        if "purl" in row:
            PackageURL.from_string(row["purl"])
            if not row["purl"].startswith("pkg:"):
                yield f"{name}: {row['purl']}"
        elif "castiron:no-purl" not in properties:
            yield f"{name}: no purl, and nothing says why"
        if not _CPE.fullmatch(row.get("cpe", "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*")):
            yield f"{name}: {row['cpe']}"
        if hashes and not any(
            item["alg"] == "SHA-512"
            for reference in row.get("externalReferences", ())
            if reference["type"] == "distribution"
            for item in reference["hashes"]
        ):
            yield f"{name}: no SHA-512 of the file"


def _address(row: dict[str, Any]) -> bool:
    entity = row.get("manufacturer", {})
    return bool(entity.get("url") or any(item.get("email") for item in entity.get("contact", ())))


def spdx_errors(path: Path) -> list[str]:
    """Return what the specification of SPDX 2.3 does not allow."""
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    return [message.validation_message for message in validate_full_spdx_document(parse_file(str(path)))]


def spdx_problems(path: Path) -> list[str]:
    """Return what is wrong with an SPDX 2.3 document."""
    import ntia_conformance_checker as ntia

    problems = spdx_errors(path)
    checked = ntia.NTIAChecker(str(path), validate=False)
    problems += [f"NTIA: {title}" for title, value in checked.table_elements if not value]
    return problems


def spdx3_problems(path: Path) -> list[str]:
    """Return what is wrong with an SPDX 3.0.1 document, without BSI's optional fields."""
    import ntia_conformance_checker as ntia

    bsi = ntia.BSIChecker(str(path), validate=True)
    if not bsi.doc:
        return [f"it cannot be read: {bsi.parsing_error}"]
    problems = [f"SPDX: {message.validation_message}" for message in bsi.validation_messages]
    problems += [
        f"BSI: {title}"
        for title, value in bsi.table_elements
        if not value and not title.endswith(("(Warning)", "(Optional)"))
    ]
    problems += (
        [f"{kind}: {name}" for kind, rows in bsi.all_components_without_info for name in rows if kind]
        if not bsi.compliant
        else []
    )
    return problems
