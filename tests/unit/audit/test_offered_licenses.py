"""Files named after licenses beside each other are a choice, unless something says more."""

from dataclasses import replace
from pathlib import Path

import pytest

from castiron_audit.conclusions import conclude_distribution
from castiron_audit.expressions import is_listed
from castiron_audit.known_texts import texts_of_crate
from castiron_audit.offered_licenses import are_offered
from castiron_audit.spdx_list import license_text
from castiron_audit.tables import document, table
from castiron_audit.text_evidence import text_evidence
from castiron_common.files import sha256_bytes
from tests.unit.audit.making import MIT, distribution
from tests.unit.audit.test_detection import by_name, detect_in, write

APACHE = license_text("Apache-2.0") or ""
BSD = license_text("BSD-3-Clause") or ""
BOTH = ("License :: OSI Approved :: MIT License", "License :: OSI Approved :: Apache Software License")
PAIR = {"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}


def concluded(files: dict[str, str], expression: str | None = None, field: str | None = None) -> str | None:
    item = distribution("x", expression, classifiers=BOTH, text=field, files=files)
    texts = {sha256_bytes(text.encode()): text for text in files.values()}
    return conclude_distribution("distribution/x", item, texts).verdict.expression


def test_a_pair_is_a_choice() -> None:
    assert concluded(PAIR) == "MIT OR Apache-2.0"
    assert concluded({"licenses/LICENSE.MIT": MIT, "licenses/LICENSE.Apache-2.0": APACHE}) == "MIT OR Apache-2.0"
    item = distribution("x", files=PAIR)  # nothing but the texts
    texts = {sha256_bytes(text.encode()): text for text in PAIR.values()}
    assert conclude_distribution("distribution/x", item, texts).verdict.expression == "Apache-2.0 OR MIT"


@pytest.mark.parametrize(
    "files",
    [
        {"LICENSE": MIT, "LICENSE-APACHE": APACHE},  # the project's own beside another's
        {**PAIR, "LICENSE": "The code is under the MIT license, the icons under the Apache License 2.0.\n"},
        {"LICENSE-MIT": MIT + APACHE, "LICENSE-APACHE": APACHE},  # a file with both
        {"LICENSE-MIT": MIT, "licenses/LICENSE-APACHE": APACHE},  # of two folders
    ],
)
def test_other_files_are_none(files: dict[str, str]) -> None:
    assert concluded(files) == "MIT AND Apache-2.0"


def test_what_metadata_say_is_stronger() -> None:
    assert concluded(PAIR, "MIT AND Apache-2.0") == "MIT AND Apache-2.0"
    assert concluded(PAIR, field="MIT AND Apache-2.0") == "MIT AND Apache-2.0"


def test_licenses_that_are_often_of_parts_are_none() -> None:
    files = {"LICENSE_Apache_20": APACHE, "LICENSE_BSD_3": BSD}  # as CMake's
    evidence = [item for name, text in files.items() for item in text_evidence(name, text)]
    assert not are_offered(files, evidence)


def test_a_statement_on_single_files_is_stronger() -> None:
    text = "Portions of this package (x/a.py) are distributed under the following license:\n\n" + MIT
    files = {"LICENSE-MIT": text, "LICENSE-APACHE": APACHE}
    item = replace(distribution("x", classifiers=BOTH, files=files))
    texts = {sha256_bytes(content.encode()): content for content in files.values()}
    included = frozenset({"x/a.py", "x/b.py"})
    found = conclude_distribution("distribution/x", item, texts, included=included)
    assert found.verdict.expression == "MIT AND Apache-2.0"


def test_a_folder_of_others_and_two_of_them(tmp_path: Path) -> None:
    paths = [write(tmp_path, "d/inner/a.py"), write(tmp_path, "d/one/a.py"), write(tmp_path, "d/two/a.py")]
    texts = {
        "d/inner/LICENSE-MIT": MIT,
        "d/inner/LICENSE-APACHE": APACHE,
        "d/one/LICENSE": MIT,
        "d/two/LICENSE": APACHE,
    }
    for path, text in texts.items():
        write(tmp_path, path, text)
    write(tmp_path, "d-1.0.dist-info/RECORD", "\n".join(f"{path},," for path in (*paths, *texts)))
    found = {name: item.verdict.expression for name, item in by_name(detect_in(tmp_path, *paths)).items()}
    assert found == {"inner": "Apache-2.0 OR MIT", "one": "MIT", "two": "Apache-2.0"}


def test_manifests_of_crates_say_the_same() -> None:
    """The rule holds for the crates of which both the files and what the manifest says are known."""
    right = wrong = 0
    for name in sorted(document("known_texts")["crates"])[::12]:
        known = texts_of_crate(name)
        texts = {where.rpartition(", ")[2]: text for where, text in known.texts}
        evidence = [item for path, text in texts.items() for item in text_evidence(path, text)]
        if known.license and are_offered(texts, evidence):
            is_choice = " OR " in known.license.replace("/", " OR ") and " AND " not in known.license
            right += is_choice
            wrong += not is_choice
    assert right > 30
    assert wrong <= 1  # a manifest that names one of the two only, or that joins a third


def test_rows_are_listed() -> None:
    for name, source in table("names")["offered"]["licenses"].items():
        assert is_listed(name.partition(" WITH ")[0])
        assert "LICENSE" in source
