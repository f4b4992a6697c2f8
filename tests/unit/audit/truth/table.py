"""The truth table and the evidence it is compared with."""

import json
import tomllib
from functools import cache
from pathlib import Path

import zstandard

from castiron_audit.conclusions import Conclusion, conclude_distribution
from castiron_audit.detection.contents import DistributionContents
from castiron_audit.detection.driver import Detection, detect
from castiron_audit.model import Evidence
from castiron_common.files import sha256_bytes
from castiron_manifest.model import Distribution, LicenseEvidence, LicenseFile, Native, Wheel
from tests.support.elf_values import ELF

FOLDER = Path(__file__).parent


@cache
def truth() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((FOLDER / "truth.toml").read_text())


@cache
def evidence() -> dict:
    return json.loads(zstandard.ZstdDecompressor().decompress((FOLDER / "evidence.json.zst").read_bytes()))


@cache
def texts() -> dict[str, str]:
    return {sha256_bytes(text.encode()): text for text in evidence()["texts"].values()}


def files(rows: list[list[str]]) -> tuple[LicenseFile, ...]:
    known = evidence()["texts"]
    return tuple(
        sorted(
            (LicenseFile(path=path, sha256=sha256_bytes(known[key].encode())) for path, key in rows),
            key=lambda item: item.path,
        )
    )


def distribution(name: str) -> Distribution:
    row = evidence()["distributions"][name]
    return Distribution(
        name=name,
        version=row["version"],
        wheel=Wheel(filename=f"{name}.whl", sha256="0" * 64, size=1),
        purl=f"pkg:pypi/{name}@{row['version']}",
        license=LicenseEvidence(
            expression=row["expression"],
            text=row["text"],
            classifiers=tuple(row["classifiers"]),
            files=files(row["files"]),
            sboms=files(row["sboms"]),
        ),
    )


@cache
def detection(name: str) -> Detection:
    row = evidence()["distributions"][name]
    natives = tuple(
        Native(
            path=item["path"],
            distribution=name,
            soname=None,
            sha256=sha256_bytes(item["path"].encode()),
            size=item["size"],
            module=None if ".libs/" in item["path"] else item["path"],
        )
        for item in row["natives"]
    )
    item = distribution(name)
    included = frozenset(native.path for native in natives) | {file.path for file in item.license.files}
    return detect(
        DistributionContents(distribution=item, paths=included, natives=natives, texts=texts(), site=None, elf=ELF)
    )


def concluded(name: str, subject: Evidence | None = None) -> Conclusion:
    row = evidence()["distributions"][name]
    return conclude_distribution(
        f"distribution/{name}", distribution(name), texts(), sbom_evidence=subject, description=row["description"]
    )
