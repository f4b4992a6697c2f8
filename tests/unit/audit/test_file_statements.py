"""What license files state for single files counts if these go in."""

from dataclasses import replace

from castiron_audit.conclusions import conclude_distribution
from castiron_audit.file_statements import file_statements
from castiron_audit.spdx_list import license_text
from castiron_common.files import sha256_bytes
from castiron_manifest.model import LicenseEvidence, LicenseFile
from tests.unit.audit.making import MIT, distribution

INCLUDED = frozenset({"foo/__init__.py", "foo/compat.py", "foo/parser.py"})
PORTIONS = "Portions of this package ({}) are distributed under the following license:\n\n{}\n"


def concluded(included: frozenset[str] = INCLUDED, classifiers: tuple[str, ...] = (), **texts: str) -> str | None:
    read = {sha256_bytes(text.encode()): text for text in texts.values()}
    files = [
        LicenseFile(path=f"foo-1.0.dist-info/licenses/{name.replace('_', '-')}", sha256=sha256_bytes(text.encode()))
        for name, text in sorted(texts.items())
    ]
    item = replace(distribution("foo"), license=LicenseEvidence(classifiers=classifiers, files=tuple(files)))
    return conclude_distribution("distribution/foo", item, read, included=included).verdict.expression


def test_metadata_name_one_license_and_the_license_file_another_for_a_file_that_goes_in() -> None:
    text = f"{MIT}\n\n====\n\n{PORTIONS.format('foo/compat.py and test/test_foo.py', license_text('BSD-2-Clause'))}"
    mit = ("License :: OSI Approved :: MIT License",)
    assert concluded(classifiers=mit, LICENSE=text) == "MIT AND BSD-2-Clause"
    assert concluded(frozenset({"foo/__init__.py"}), mit, LICENSE=text) == "MIT"


def test_a_license_of_files_only_that_do_not_go_in_is_not_that_of_the_distribution() -> None:
    text = f"{MIT}\n\n* tools/emacs/foo.el\n\n  released under the GNU General Public License version 3 or later\n"
    assert concluded(LICENSE=text) == "MIT"
    assert concluded(INCLUDED | {"tools/emacs/foo.el"}, LICENSE=text) == "MIT AND GPL-3.0-or-later"


def test_a_license_that_is_also_stated_for_everything_stays() -> None:
    text = "foo is released under the Apache License 2.0.\n\ntools/x.sh is under the Apache License 2.0.\n"
    assert concluded(LICENSE=text) == "Apache-2.0"


def test_files_of_machine_code_may_be_in_it_unless_they_are_a_part_of_its_own() -> None:
    text = "simple.cpp and simple.h are used under the Apache License 2.0.\n"
    assert file_statements(text, INCLUDED).of_others == frozenset()
    assert file_statements(text, INCLUDED, frozenset({"simple"})).of_others == {"Apache-2.0"}


def test_a_list_that_its_paragraph_announces() -> None:
    text = "Some files are under the Apache License 2.0. These are:\n\n- docs/conf.py\n\n"
    text += "foo/parser.py is under the MIT License.\n"
    stated = file_statements(text, INCLUDED)
    assert stated.of_others == {"Apache-2.0"}
    assert stated.names_included


def test_the_license_of_the_folder_that_has_all_of_it() -> None:
    notices = f"This license applies to the library in the directory foo/.\n\n{license_text('Apache-2.0')}"
    apache = ("License :: OSI Approved :: Apache Software License",)
    assert file_statements(notices, INCLUDED).of_all == ("Apache-2.0",)
    assert concluded(classifiers=apache, LICENSE=MIT, LICENSE_3RD_PARTY=notices) == "Apache-2.0"
    # Of another folder it says nothing of this distribution: its own text is what counts.
    assert concluded(classifiers=apache, LICENSE=MIT, LICENSE_3RD_PARTY=notices.replace("foo/", "bar/")) == "MIT"


def test_addresses_are_no_files() -> None:
    assert not file_statements(
        "Under the MIT License, see https://example.org/foo/compat.py\n", INCLUDED
    ).names_included


def test_heads_of_sources_tell_where_nothing_else_does() -> None:
    item = replace(distribution("x"), license=LicenseEvidence(classifiers=("License :: OSI Approved :: BSD License",)))
    bsd, mit = "# SPDX-License-Identifier: BSD-3-Clause", "# SPDX-License-Identifier: MIT"
    for heads, expression in (
        ([("x/a.py", bsd), ("x/b.py", bsd)], "BSD-3-Clause"),
        ([("x/a.py", bsd), ("x/b.py", mit)], None),
        ([("x/b.py", mit)], None),
    ):
        assert conclude_distribution("distribution/x", item, {}, heads=heads).verdict.expression == expression


def test_heads_of_sources_tell_which_licenses_classifiers_mean() -> None:
    classifiers = (
        "License :: OSI Approved :: GNU General Public License (GPL)",
        "License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)",
    )
    item = replace(distribution("x"), license=LicenseEvidence(classifiers=classifiers))
    gpl, lgpl, mit = (f"# SPDX-License-Identifier: {name}" for name in ("GPL-2.0-or-later", "LGPL-2.1-or-later", "MIT"))
    heads = [("x/a.py", gpl), ("x/b.py", lgpl), ("x/c.py", mit)]
    found = conclude_distribution("distribution/x", item, {}, heads=heads).verdict
    assert found.expression == "GPL-2.0-or-later AND LGPL-2.1-or-later"
    assert "heads of its source files" in found.reason
    # Half of them name others: that may be a part of another project, and the classifiers stay open.
    heads = [("x/a.py", gpl), ("x/b.py", lgpl), ("x/c.py", mit), ("x/d.py", mit)]
    assert conclude_distribution("distribution/x", item, {}, heads=heads).verdict.expression is None


def test_a_license_file_in_its_own_folder_counts_if_there_is_no_other() -> None:
    digest = sha256_bytes(MIT.encode())
    own = ("foo/LICENSE", "foo/static/foo/LICENSE.txt", "static/LICENSE")
    for path in (*own, "foo/static/jquery/LICENSE", "foo/vendored/bar/LICENSE"):
        item = replace(distribution("foo"), license=LicenseEvidence(files=(LicenseFile(path=path, sha256=digest),)))
        included = frozenset({path, f"{path.partition('/')[0]}/x.css"})
        found = conclude_distribution("distribution/foo", item, {digest: MIT}, included=included)
        assert found.verdict.expression == ("MIT" if path in own else None), path
