"""What license texts are evidence of, and what several of them amount to."""

import pytest

from castiron_audit.closest_license import closest
from castiron_audit.conclusions import conclude_distribution
from castiron_audit.expressions import is_listed, licenses_in, normalise, shares_license
from castiron_audit.model import Evidence, Source
from castiron_audit.source_heads import later_version
from castiron_audit.spdx_list import license_text
from castiron_audit.tables import table
from castiron_audit.text_evidence import combined, states_choice, text_evidence
from castiron_common.files import sha256_bytes
from tests.unit.audit.making import MIT, distribution

NOTICE = """This program is free software; you can redistribute it and/or modify it under the terms of the GNU General
Public License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any
later version.
"""
TERMS = "The licensee shall not sublicense, assign or disclose the licensed software, and the warranty is void. "


def evidence(*texts: str) -> list[Evidence]:
    return [item for number, text in enumerate(texts) for item in text_evidence(f"LICENSE{number}", text)]


def together(*texts: str, choice: bool = False) -> str | None:
    return combined(evidence(*texts), choice=choice)


def test_a_text_is_or_contains_a_license() -> None:
    (item,) = evidence(MIT)
    assert (item.says, item.expression) == ("is the text of MIT", "MIT")
    assert item.similarity is not None
    assert item.similarity > 0.95
    both = evidence(f"{MIT}\n\n{license_text('Apache-2.0')}")
    assert [item.says for item in both] == ["contains the text of MIT", "is the text of Apache-2.0"]


def test_notices_and_references_are_told_apart() -> None:
    assert [(item.says, item.expression) for item in evidence(NOTICE)] == [
        ("says it is under GPL-2.0-or-later", "GPL-2.0-or-later")
    ]
    assert [(item.says, item.expression) for item in evidence("SPDX-License-Identifier: MIT OR Apache-2.0\n")] == [
        ("says it is under MIT OR Apache-2.0", "MIT OR Apache-2.0")
    ]
    assert evidence("nothing to see here", "") == []


def test_the_main_text_decides_and_not_its_fragments() -> None:
    agreement = TERMS * 60 + "\nIt includes a library under the MIT license.\n\n" + MIT
    items = evidence(agreement)
    assert items
    assert all(item.expression is None for item in items)
    assert all("most of it is no license that is known" in item.says for item in items)
    assert together(agreement) is None
    # A head that is not known does no harm.
    assert together(f"{TERMS}\n{license_text('Apache-2.0')}") == "Apache-2.0"


def test_exceptions_belong_to_a_license() -> None:
    exception = license_text("GCC-exception-3.1") or ""
    assert together(f"{license_text('GPL-3.0-only')}\n\n{exception}") == "GPL-3.0-or-later WITH GCC-exception-3.1"
    apache = f"{license_text('Apache-2.0')}\n\n{license_text('LLVM-exception')}"
    assert together(apache) == "Apache-2.0 WITH LLVM-exception"
    # Alone, it is no license.
    assert together(license_text("LLVM-exception") or "") is None


def test_copying_beside_copying_lesser_is_the_lgpl() -> None:
    assert together(license_text("GPL-3.0-only") or "", license_text("LGPL-3.0-only") or "") == "LGPL-3.0-only"
    assert together(license_text("GPL-2.0-only") or "", license_text("LGPL-2.1-only") or "") == "LGPL-2.1-only"
    # What is said to be under the GPL is not explained by that.
    assert together(NOTICE, license_text("LGPL-2.1-only") or "") == "GPL-2.0-or-later AND LGPL-2.1-only"


def test_a_notice_says_which_versions() -> None:
    assert together(NOTICE, license_text("GPL-2.0-only") or "") == "GPL-2.0-or-later"
    assert together("This is under the GPL.", license_text("GPL-3.0-only") or "") == "GPL-3.0-only"


def test_a_stated_choice_is_one() -> None:
    apache = license_text("Apache-2.0") or ""
    assert together("SPDX-License-Identifier: MIT OR Apache-2.0", MIT, apache) == "MIT OR Apache-2.0"
    assert together(MIT, apache) == "MIT AND Apache-2.0"
    assert together(MIT, apache, choice=True) == "MIT OR Apache-2.0"
    for words in (
        "This crate is dual-licensed under MIT and Apache 2.0.",
        "The code is tri-licensed.",
        "You may use it under the license of your choice of the two.",
        "Licensed under the terms of either the MIT or the BSD license.",
    ):
        assert states_choice([words]), words
    assert not states_choice(["either version 2 of the License, or (at your option) any later version"])


def test_texts_offered_as_a_choice_are_no_further_licenses() -> None:
    apache, bsd = license_text("Apache-2.0"), license_text("BSD-3-Clause")
    head = "This project is dual-licensed under Apache-2.0 or BSD-3-Clause.\n\n"
    part = "\n\nThe files in tables/ are under the following license:\n\n" + MIT
    assert together(f"{head}{apache}\n\n{bsd}{part}") == "MIT AND (Apache-2.0 OR BSD-3-Clause)"
    # A part that is a choice does not make one of the license above it.
    tail = "\n\nThe parser is available under Apache-2.0 or BSD-3-Clause.\n"
    licenses = together(f"{apache}\n\n{tail}\n\n{bsd}{part}") or ""
    assert licenses.startswith("Apache-2.0 AND BSD-3-Clause AND MIT")


def test_a_bare_name_beside_a_text_decides_nothing() -> None:
    items = evidence(f"{MIT}\n\nIt replaces an older program, that had a BSD license.\n")
    assert [(item.says, item.expression) for item in items if "BSD" in item.says] == [("mentions BSD-3-Clause", None)]
    assert together(f"{MIT}\n\nfiles/x.c is under the BSD 3-Clause License.\n") == "MIT AND BSD-3-Clause"


def test_a_more_precise_name_of_a_bsd_license_counts() -> None:
    assert together("Released under the terms of the BSD 2-Clause License.\n") == "BSD-2-Clause"
    assert together("Licensed under the BSD license.", license_text("BSD-2-Clause") or "") == "BSD-2-Clause"


def test_an_exception_that_spdx_does_not_list_is_left_out() -> None:
    text = """psycopg2 is free software: you can redistribute it and/or modify it under the terms of the GNU Lesser
General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

In addition, as a special exception, the copyright holders give permission to link this program with the OpenSSL
library (or with modified versions of OpenSSL that use the same license as OpenSSL), and distribute linked combinations
including the two.
"""
    assert all("WITH LicenseRef" not in (item.expression or "") for item in evidence(text))
    assert licenses_in(together(text) or "")[0].startswith("LGPL-3.0-or-later")


@pytest.mark.parametrize(("declared", "source"), [("Apache-2.0", Source.TEXT), ("MIT", Source.CLASSIFIER)])
def test_a_classifier_loses_against_the_text(declared: str, source: Source) -> None:
    text = license_text(declared) or ""
    item = distribution("x", classifiers=("License :: OSI Approved :: MIT License",), files={"LICENSE": text})
    conclusion = conclude_distribution("distribution/x", item, {sha256_bytes(text.encode()): text})
    assert (conclusion.verdict.expression, conclusion.verdict.source) == (declared, source)
    assert [finding.code for finding in conclusion.findings] == ["contradiction"] * (source is Source.TEXT)


@pytest.mark.parametrize(
    ("classifier", "text", "expected"),
    [
        ("GNU General Public License v2 (GPLv2)", license_text("GPL-3.0-only") or "", "GPL-3.0-only"),
        ("GNU General Public License v2 (GPLv2)", NOTICE, "GPL-2.0-or-later"),
        ("GNU General Public License v2 or later (GPLv2+)", license_text("GPL-2.0-only") or "", "GPL-2.0-or-later"),
        ("MIT License", license_text("X11") or "", "MIT"),
    ],
)
def test_versions_are_those_of_the_license_file(classifier: str, text: str, expected: str) -> None:
    item = distribution("x", classifiers=(f"License :: OSI Approved :: {classifier}",), files={"LICENSE": text})
    conclusion = conclude_distribution("distribution/x", item, {sha256_bytes(text.encode()): text})
    assert conclusion.verdict.expression == expected


SECRET_LABS = """By obtaining, using, and/or copying this software and/or its associated documentation, you agree that
you have read, understood, and will comply with the following terms and conditions:

Permission to use, copy, modify and distribute this software and its documentation for any purpose and without fee is
hereby granted, provided that the above copyright notice appears in all copies, and that both that copyright notice and
this permission notice appear in supporting documentation, and that the name of Secret Labs AB or the author not be used
in advertising or publicity pertaining to distribution of the software without specific, written prior permission.

SECRET LABS AB AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE, INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS.  IN NO EVENT SHALL SECRET LABS AB OR THE AUTHOR BE LIABLE FOR ANY SPECIAL, INDIRECT OR
CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF
CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS
SOFTWARE.
"""


@pytest.mark.parametrize(
    ("declared", "findings"), [("MIT-CMU", []), ("HPND", []), (None, []), ("BSD-3-Clause", ["contradiction"])]
)
def test_a_text_with_several_names_contradicts_none_of_them(declared: str | None, findings: list[str]) -> None:
    item = distribution("x", declared, files={"LICENSE": SECRET_LABS})
    conclusion = conclude_distribution("distribution/x", item, {sha256_bytes(SECRET_LABS.encode()): SECRET_LABS})
    assert conclusion.verdict.expression == (declared or "MIT-CMU")
    assert [finding.code for finding in conclusion.findings] == findings


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("LicenseRef-scancode-matplotlib-1.3.0", "PSF-2.0", True),
        ("PSF-2.0", "LicenseRef-scancode-matplotlib-1.3.0 AND MIT", True),
        ("LicenseRef-scancode-matplotlib-1.3.0", "MIT-CMU", False),
        ("HPND", "MIT-CMU OR MIT", True),
        ("HPND", "MIT", False),
        ("LicenseRef-Repoze-BSD-derived", "BSD-3-Clause-Modification", True),
    ],
)
def test_names_of_one_text_are_shared(left: str, right: str, expected: bool) -> None:
    assert shares_license(left, right) is expected


def test_variants_have_names_of_spdx_and_a_source() -> None:
    for name, row in table("names")["variants"].items():
        assert normalise(name) == name
        assert row["source"]
        assert is_listed(row.get("text_of", "MIT"))
        assert all(is_listed(other) or other.startswith("LicenseRef-") for other in row.get("published_as", ()))
        assert row.keys() & {"published_as", "text_of"}


def test_heads_of_sources_allow_later_versions() -> None:
    text = license_text("GPL-2.0-only") or ""
    item = distribution("x", files={"COPYING": text})
    texts = {sha256_bytes(text.encode()): text}
    later = "\n".join(f"# {line}" for line in NOTICE.splitlines())
    only = "# SPDX-License-Identifier: GPL-2.0-only\n"

    def concluded(*heads: str) -> tuple[str | None, str]:
        named = [(f"x/{number}.py", head) for number, head in enumerate(heads)]
        verdict = conclude_distribution("distribution/x", item, texts, heads=named).verdict
        return verdict.expression, verdict.where

    assert concluded("import os\n", later, later) == ("GPL-2.0-or-later", "x/1.py")
    assert concluded(later, only)[0] == "GPL-2.0-only"
    assert concluded("# License: see COPYING\n")[0] == "GPL-2.0-only"
    assert later_version("MIT", [("x.py", later)]) is None
    exception = f"{later}\n# As a special exception, you may link this program with Libtool's output.\n"
    with_exception = "# SPDX-License-Identifier: GPL-2.0-or-later WITH Classpath-exception-2.0\n"
    for head in (exception, with_exception):
        assert later_version("GPL-2.0-only", [("x.py", head)]) is not None
    for expression, expected in (("GPL-2.0", "GPL-2.0-or-later"), ("GPL-2.0-only", "GPL-2.0-only")):
        declared = distribution("x", expression)
        conclusion = conclude_distribution("distribution/x", declared, {}, heads=[("x.py", later)])
        assert conclusion.verdict.expression == expected


def test_a_changed_text_decides_between_few() -> None:
    text = license_text("PSF-2.0") or ""
    text = text.replace("Python Software Foundation", "Matplotlib Development Team").replace("PSF", "MDT")
    assert closest(text, ("PSF-2.0", "Python-2.0")) == "PSF-2.0"
    assert closest(MIT, ("PSF-2.0", "Python-2.0")) is None


def test_two_licenses_of_one_family_stay_two_if_the_texts_of_both_are_there() -> None:
    texts = [license_text(name) or "" for name in ("BSD-3-Clause-Modification", "BSD-3-Clause")]
    found = text_evidence("LICENSE", "\n\nPortions of it are under this license:\n\n".join(texts))
    assert combined(found, choice=False) == "BSD-3-Clause-Modification AND BSD-3-Clause"
    assert combined(text_evidence("LICENSE", texts[0]), choice=False) == "BSD-3-Clause-Modification"


GNU = {
    "GPL-1.0": "GNU General Public License",
    "GPL-2.0": "GNU General Public License",
    "GPL-3.0": "GNU General Public License",
    "LGPL-2.0": "GNU Library General Public License",
    "LGPL-2.1": "GNU Lesser General Public License",
    "LGPL-3.0": "GNU Lesser General Public License",
    "AGPL-3.0": "GNU Affero General Public License",
}
GRANTS = (
    """This program is free software; you can redistribute it and/or modify
it under the terms of the {name} as published by
the Free Software Foundation; either version {number} of the License, or
(at your option) any later version.""",
    """# Foo is under the terms of the {name}
# as published by the FSF; either version {number} of the
# License, or (at your option) any later version.""",
    "Foo is licensed under the {name}, version {number} or any later version.",
    "Under the terms of the {name}, either version {number} or (at your option) any later version, as follows.",
    "This program is licensed under version {number} or later of the {name}:",
    "License: {name} v{number} or later\n\nThe full text follows:",
    "Released under the {name} ({short}) version {number} or newer.",
    "License: {short}v{number}+",
)


@pytest.mark.parametrize("license_id", GNU)
def test_a_grant_of_later_versions_before_the_text_counts(license_id: str) -> None:
    text = license_text(f"{license_id}-only") or ""
    short, _, number = license_id.partition("-")
    for number_said in {number, number.removesuffix(".0")}:
        for form in GRANTS:
            grant = form.format(name=GNU[license_id], short=short, number=number_said)
            assert together(f"{grant}\n\n{text}") == f"{license_id}-or-later", grant
            assert together(grant) == f"{license_id}-or-later", grant


@pytest.mark.parametrize("license_id", GNU)
def test_without_a_grant_the_text_allows_no_later_version(license_id: str) -> None:
    text = license_text(f"{license_id}-only") or ""
    number = license_id.rpartition("-")[2]
    assert together(text) == f"{license_id}-only"
    for more in ("", " only", " (and no later version)"):
        grant = f"Foo is licensed under the {GNU[license_id]}, version {number}{more}."
        assert together(f"{grant}\n\n{text}") == f"{license_id}-only", grant


def test_texts_of_a_choice_in_which_versions_are_later_ones() -> None:
    choice = """Licensed under the terms of any of the following licenses at your choice:

 - GNU General Public License Version 2 or later (the "GPL")
   https://www.gnu.org/licenses/gpl.html
 - GNU Lesser General Public License Version 2.1 or later (the "LGPL")
   https://www.gnu.org/licenses/lgpl.html
 - Mozilla Public License Version 1.1 or later (the "MPL")
   https://www.mozilla.org/MPL/MPL-1.1.html
"""
    names = ("GPL-2.0-only", "LGPL-2.1-only", "MPL-1.1")
    text = "\n\n".join((choice, *(f"Appendix\n\n{license_text(name)}" for name in names)))
    assert together(text) == "GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1"


def test_an_address_of_another_version_beside_a_text_says_nothing_more() -> None:
    text = f"http://scripts.sil.org/OFL\n\n{license_text('OFL-1.1')}"
    assert together(text) == "OFL-1.1"
    assert together(text, "under the MIT License", text) == "OFL-1.1 AND MIT"


def test_a_gnu_license_that_classifiers_and_field_declare_is_not_lost() -> None:
    lgpl = "License :: OSI Approved :: GNU Lesser General Public License v3 or later (LGPLv3+)"
    for classifiers, field, expression in (
        ((lgpl,), "LGPL-3.0-or-later", "MIT AND LGPL-3.0-or-later"),
        ((lgpl,), None, "MIT"),
        (("License :: OSI Approved :: ISC License (ISCL)",), "ISC", "MIT"),
    ):
        item = distribution("x", classifiers=classifiers, text=field, files={"LICENSE": MIT})
        verdict = conclude_distribution("distribution/x", item, {sha256_bytes(MIT.encode()): MIT}).verdict
        assert verdict.expression == expression
        assert ("classifiers" in verdict.reason) == (" AND " in expression)


def test_a_description_may_allow_later_versions() -> None:
    gpl = license_text("GPL-3.0-only")
    assert gpl is not None
    item = distribution("x", files={"LICENSE": gpl})
    texts = {sha256_bytes(gpl.encode()): gpl}
    grant = NOTICE.replace("version 2", "version 3")
    for description, expression in ((grant, "GPL-3.0-or-later"), ("It is free.", "GPL-3.0-only")):
        verdict = conclude_distribution("distribution/x", item, texts, description=description).verdict
        assert verdict.expression == expression


def test_a_field_may_refer_to_a_script() -> None:
    for field, expression in (("(same as jQuery)", "MIT"), ("(same as Somebody)", None), ("jQuery", None)):
        item = distribution("x", text=field)
        assert conclude_distribution("distribution/x", item, {}).verdict.expression == expression
