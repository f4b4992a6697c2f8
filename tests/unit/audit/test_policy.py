import ast
import itertools
import re
import tomllib
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from typer.testing import CliRunner

from castiron_audit import policy as policy_module
from castiron_audit.cli import app as audit_app
from castiron_audit.enforcement import apply, enforce, weaknesses
from castiron_audit.expressions import license_ids
from castiron_audit.findings import ADVICE
from castiron_audit.formats.html import html
from castiron_audit.formats.table import table
from castiron_audit.model import Finding, Report, Severity, Text
from castiron_audit.policy import PRESETS, Policy, find_policy, parse_policy, read_policy
from castiron_audit.project import Project, parse_project
from castiron_common.errors import InputError, PolicyError
from castiron_common.files import sha256_bytes
from castiron_elf.writer import ObjectWriter
from castiron_manifest.model import Native
from tests.support.elf_values import ELF
from tests.unit.audit.making import MIT, distribution, manifest, report, runtime

GPL = distribution("deep", "GPL-3.0-or-later")
CLEAN = (
    distribution("top", "MIT", requires=("middle",), direct=True),
    distribution("middle", "BSD-3-Clause", requires=("deep",)),
)

SPELLINGS = (
    "AGPL-3.0", "AGPL-3.0+", "agpl-3.0-or-later", "AGPL-1.0-only", "AGPL-3.0-only WITH some-exception",
    "AGPL v3 or newer", "MIT AND AGPL-3.0-only", "GNU Affero General Public License, any",
    "OSL-3.0",
    "RPL-1.5", "CPAL-1.0", "SSPL-1.0",
)  # fmt: skip


def policy(**rows: object) -> Policy:
    return parse_policy(rows, "policy.toml")


def refused(audited: Report, rules: Policy) -> dict[str, str]:
    return {item.component: item.reason for item in apply(audited, rules).refusals}


def codes(audited: Report) -> dict[str, str]:
    return {item.component: item.code for item in audited.findings}


def test_without_a_policy_everything_goes_in_and_copyleft_is_a_finding() -> None:
    audited = apply(report(*CLEAN, GPL), Policy())
    enforce(audited)
    assert [(item.component, item.code, item.severity) for item in audited.findings] == [
        ("distribution/deep", "copyleft", Severity.WARNING)
    ]


def test_a_gpl_dependency_deep_in_the_tree_is_refused_with_its_chain() -> None:
    audited = apply(report(*CLEAN, GPL), policy(preset="no-copyleft"))
    with pytest.raises(PolicyError) as caught:
        enforce(audited)
    said = str(caught.value)
    assert caught.value.exit_code == 12
    assert "deep 1.0: GPL-3.0-or-later is not allowed" in said
    assert "brought in by app.py -> top -> middle -> deep" in said
    assert "Do without it: middle requires it" in said
    assert "Nothing was written" in said


def test_denied_by_pattern() -> None:
    assert refused(report(*CLEAN, GPL), policy(deny=["GPL-*"])) == {"distribution/deep": "GPL-3.0-or-later is denied"}


def test_who_denies_the_gpl_does_not_mean_the_runtime_of_gcc() -> None:
    gcc = distribution("gcc", "GPL-3.0-or-later WITH GCC-exception-3.1")
    assert refused(report(gcc), policy(deny=["GPL-*"])) == {}
    assert refused(report(gcc), policy(preset="permissive")) == {}
    assert refused(report(gcc), policy(deny=["GPL-3.0-or-later WITH GCC-exception-3.1"])) != {}
    bundled = ("PSF-2.0", "dtoa", "HPND")
    # To allow a license is to allow it with any exception: that only adds permissions.
    llvm = report(distribution("compiler-rt", "MIT AND Apache-2.0 WITH LLVM-exception"))
    assert refused(llvm, policy(allow=["MIT", "Apache-2.0", *bundled])) == {}
    assert refused(llvm, policy(allow=["*"])) == {}
    assert refused(llvm, policy(allow=["MIT", *bundled])) != {}
    assert refused(llvm, policy(allow=["*"], deny=["Apache-2.0 WITH LLVM-exception"])) != {}


def test_of_a_dual_license_one_choice_is_enough() -> None:
    dual = distribution("dual", "GPL-2.0-only OR MIT")
    assert refused(report(dual), policy(preset="permissive")) == {}
    assert refused(report(dual), policy(deny=["GPL-*"])) == {}
    assert refused(report(dual), policy(deny=["MIT", "GPL-*"])) != {}
    assert not [item for item in report(dual).findings if item.code == "copyleft"]


def test_all_licenses_of_an_and_have_to_be_allowed() -> None:
    both = distribution("both", "MIT AND MPL-2.0")
    assert refused(report(both), policy(preset="permissive")) == {"distribution/both": "MIT AND MPL-2.0 is not allowed"}
    assert refused(report(both), policy(preset="permissive", allow=["MPL-2.0"])) == {}
    assert refused(report(both), policy(preset="no-copyleft")) == {}


def test_allow_alone_is_a_complete_list() -> None:
    assert set(refused(report(distribution("x", "ISC")), policy(allow=["PSF-2.0", "MIT"]))) >= {"distribution/x"}
    assert refused(report(distribution("x", "MIT")), policy(allow=["PSF-2.0", "MIT", "dtoa", "HPND"])) == {}


def test_an_lgpl_static_library() -> None:
    audited = report(components=(runtime("libx", "LGPL-2.1-or-later"),))
    assert codes(audited) == {"runtime/libx": "relinking"}
    assert "section 6" in audited.findings[0].message
    assert [item.code for item in audited.obligations if "runtime/libx" in item.components] == [
        "attribution", "state-changes", "source-offer", "relinking", "reverse-engineering",
    ]  # fmt: skip
    assert set(refused(audited, policy(preset="no-copyleft"))) == {"runtime/libx"}
    rules = policy(
        preset="no-copyleft",
        exception=[{"component": "libx", "license": "LGPL-2.1-or-later", "reason": "objects at hand"}],
    )
    assert refused(audited, rules) == {}
    assert [item.settled for item in apply(audited, rules).findings] == ["objects at hand"]


def test_an_exception_ends_when_the_license_changes() -> None:
    rules = policy(deny=["AGPL-*"], exception=[{"component": "x", "license": "MIT", "reason": "why"}])
    assert refused(report(distribution("x", "AGPL-3.0-only")), rules) == {
        "distribution/x": "AGPL-3.0-only is denied; the exception for it is for MIT only"
    }
    applied = apply(
        report(distribution("x", "LGPL-2.1-or-later")),
        policy(exception=[{"component": "x", "license": "LGPL-2.1-only", "reason": "r"}]),
    )
    assert [item.settled for item in applied.findings] == [None]
    assert applied.unmatched == ("exception for x: its license is LGPL-2.1-or-later, not LGPL-2.1-only.",)
    with pytest.raises(PolicyError, match="refuses 1 rule of its own"):
        enforce(applied)


def test_presets_are_ordered_and_none_allows_the_agpl_however_it_is_spelled() -> None:
    audited = report(*(distribution(name, name) for name in license_ids()))
    every = {f"distribution/{name}" for name in license_ids()}
    allowed = [every - refused(audited, policy(preset=preset)).keys() for preset in PRESETS]
    assert allowed[0]
    assert allowed[-1] < every
    assert all(stricter < milder for stricter, milder in itertools.pairwise(allowed))
    for said in SPELLINGS:
        for preset in PRESETS:
            assert refused(report(distribution("x", said)), policy(preset=preset)), (said, preset)
            assert refused(report(distribution("x", text=said)), policy(preset=preset)), (said, preset)


def test_what_a_deny_lets_pass_is_told() -> None:
    assert ["AGPL-1.0-only" in line for line in weaknesses(policy(deny=["GPL-*"]))] == [True]
    assert "GPL-3.0-or-later" in weaknesses(policy(deny=["GPL-3.0-only"]))[0]
    assert "GPL-2.0-only" in weaknesses(policy(deny=["LGPL-*"]))[0]
    assert weaknesses(policy(deny=["GPL-*"], preset="no-copyleft")) == ()
    assert weaknesses(policy(deny=["AGPL-*", "MIT"])) == ()
    assert refused(report(GPL), policy(deny=["gpl-*"])) == {"distribution/deep": "GPL-3.0-or-later is denied"}


@pytest.mark.parametrize("license_", ["GPL-2.0-only", "AGPL-3.0-or-later", "Sleepycat"])
def test_a_proprietary_application_with_strong_copyleft_is_refused_without_any_policy(license_: str) -> None:
    audited = report(distribution("x", license_), distribution("l", "LGPL-2.1-only"), license_="LicenseRef-Proprietary")
    assert list(refused(audited, Policy())) == ["distribution/x"]
    assert list(refused(audited, policy(allow=["*"]))) == ["distribution/x"]
    assert refused(audited, policy(exception=[{"component": "x", "reason": "we bought another license"}])) == {}
    assert refused(report(distribution("x", license_), license_="MIT"), Policy()) == {}
    assert refused(report(distribution("x", license_)), Policy()) == {}


def test_rules_that_name_no_component_are_refused_with_a_suggestion() -> None:
    audited = report(*CLEAN, GPL)

    def unmatched(kind: str, component: str, **more: object) -> tuple[str, ...]:
        return apply(audited, policy(**{kind: [{"component": component, "reason": "r", **more}]})).unmatched

    assert unmatched("exception", "dep") == ("exception: no component is named 'dep'; did you mean 'deep'?",)
    assert unmatched("settle", "midle", license="MIT")[0].endswith("did you mean 'middle'?")
    assert unmatched("accept", "quite-another", finding="copyleft")[0].endswith("say optional = true in it.")
    assert unmatched("accept", "quite-another", finding="copyleft", optional=True) == ()
    foreseen = replace(audited, linked=False)
    assert apply(foreseen, policy(exception=[{"component": "readline", "reason": "r"}])).unmatched == ()
    assert unmatched("exception", "DEEP") == ()


def finding_codes(call: ast.Call) -> set[str]:
    """Return the texts that look like a code in a call that also gives a severity: it makes a finding."""
    given = [*call.args, *(item.value for item in call.keywords)]
    if not any(isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Severity" for node in given):
        return set()
    texts = {node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if re.fullmatch(r"[a-z]+(-[a-z]+)*", text)}


@pytest.mark.parametrize("text", ["", "# nothing yet", "[tool.castiron.licenses]"])
def test_a_policy_without_rules_is_a_mistake(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(InputError, match="has no rules"):
        read_policy(tmp_path / "policy.toml")


def test_every_finding_can_be_accepted_and_no_other_name() -> None:
    files = sorted(Path(policy_module.__file__).parent.rglob("*.py"))
    sources = [ast.parse(path.read_text()) for path in files if path.stem != "findings"]
    nodes = [node for source in sources for node in ast.walk(source)]
    made = {code for node in nodes if isinstance(node, ast.Call) for code in finding_codes(node)}
    written = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert made <= set(ADVICE) <= written


def test_the_page_explains_every_finding() -> None:
    page = (Path(__file__).parents[3] / "docs" / "licensing.md").read_text()
    section = page.partition("\n## Findings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \| [^|]+ \| [^|]+ \|", section, re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", " ".join(rows))) == sorted(ADVICE)


def test_the_table_tells_once_what_to_do_about_findings_of_a_kind() -> None:
    made = replace(report(distribution("a", None), distribution("b", None)), findings=())
    findings = tuple(
        Finding(code=code, severity=severity, component=component, message="So it is.")
        for code, severity, component in (
            ("unknown-license", Severity.ERROR, "distribution/a"),
            ("unknown-license", Severity.ERROR, "distribution/b"),
            ("a-later-code", Severity.WARNING, "distribution/b"),
        )
    )
    shown = table(replace(made, findings=findings), width=400)
    assert shown.partition("Findings (docs/licensing.md#findings)\n")[2].splitlines()[:4] == [
        "  error: a: So it is. [unknown-license]",
        "  error: b: So it is. [unknown-license]",
        "    " + ADVICE["unknown-license"],
        "  warning: b: So it is. [a-later-code]",
    ]
    assert html(replace(made, findings=findings)).count(escape(ADVICE["unknown-license"])) == 1


def test_unknown_is_a_finding_refused_if_told_so_and_settled_with_a_reason() -> None:
    audited = report(distribution("mystery"))
    assert codes(audited) == {"distribution/mystery": "unknown-license"}
    assert refused(audited, Policy()) == {}
    for rules in (policy(unknown="deny"), policy(strict=True)):
        assert refused(audited, rules) == {"distribution/mystery": "its license is unknown"}
    rules = policy(strict=True, settle=[{"component": "mystery", "license": "ISC", "reason": "asked the author"}])
    settled = apply(audited, rules)
    assert settled.refusals == ()
    assert settled.component("distribution/mystery").verdict.expression == "ISC"
    assert [item.settled for item in settled.findings] == ["asked the author"]


def test_a_contradiction_is_a_finding_and_refused_when_strict() -> None:
    liar = distribution("liar", "Apache-2.0", files={"licenses/LICENSE": MIT})
    audited = report(liar, texts=(MIT,))
    assert [(item.code, item.severity) for item in audited.findings] == [("contradiction", Severity.ERROR)]
    assert "says MIT, License-Expression says Apache-2.0" in audited.findings[0].message
    assert refused(audited, Policy()) == {}
    assert list(refused(audited, policy(strict=True))) == ["distribution/liar"]
    accepted = policy(strict=True, accept=[{"component": "liar", "finding": "contradiction", "reason": "a slip"}])
    assert refused(audited, accepted) == {}


def test_a_library_in_a_wheel_is_named_with_its_parent() -> None:
    native = Native(
        path="d.libs/libquadmath-0123abcd.so.0.0.0", distribution="d", soname=None, sha256="2" * 64, size=600
    )
    audited = report(distribution("d", "MIT"), natives=(native,))
    rules = policy(preset="no-copyleft")
    with pytest.raises(PolicyError, match=r"libquadmath \(in d\): LGPL-2.1-or-later is not allowed"):
        enforce(apply(audited, rules))
    assert (
        refused(audited, policy(preset="no-copyleft", exception=[{"component": "d/libquadmath", "reason": "r"}])) == {}
    )


def test_compatibility_with_the_applications_own_license() -> None:
    apache = distribution("a", "Apache-2.0")
    assert [item.code for item in report(apache, license_="GPL-2.0-only").findings] == ["incompatible"]
    assert report(apache, license_="GPL-3.0-only").findings == ()
    assert report(apache, license_="GPL-2.0-only OR MIT").findings == ()
    assert report(distribution("m", "MPL-2.0"), license_="MIT").findings == ()
    assert "incompatible" in {item.code for item in report(distribution("g", "GPL-3.0-only"), license_="MIT").findings}


def test_strict_refuses_what_cannot_be_combined_with_the_applications_own_license() -> None:
    audited = report(distribution("a", "Apache-2.0"), license_="GPL-2.0-only")
    assert refused(audited, Policy()) == refused(audited, policy(preset="no-network-copyleft")) == {}
    assert "cannot be combined" in refused(audited, policy(strict=True))["distribution/a"]
    for kind, more in (("accept", {"finding": "incompatible"}), ("exception", {})):
        answered = policy(strict=True, **{kind: [{"component": "a", "reason": "relicensed for us", **more}]})
        assert refused(audited, answered) == {}


def test_two_settlements_of_one_component_are_refused_if_they_differ() -> None:
    rows = [
        {"component": name, "license": license_, "reason": "r"}
        for name, license_ in (("m*", "MIT"), ("mystery", "ISC"))
    ]
    applied = apply(report(distribution("mystery")), policy(settle=rows))
    assert applied.unmatched == ("settle: mystery 1.0 is settled as ISC and as MIT; keep one.",)
    assert apply(report(distribution("mystery")), policy(settle=rows[:1] * 2)).unmatched == ()


def test_reads_pyproject_and_plain_files(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\nname = "x"\nversion = "4.5"\nlicense = "MIT"\n[tool.castiron.licenses]\npreset = "permissive"\n'
    )
    parsed = read_policy(project)
    assert (parsed.preset, parsed.project.license, parsed.project.version) == ("permissive", "MIT", "4.5")
    assert find_policy(tmp_path) == project
    plain = tmp_path / "licenses.toml"
    plain.write_text('deny = ["AGPL-3.0"]\n')
    assert read_policy(plain).deny == ("AGPL-3.0-only",)
    project.write_text('[project]\nname = "x"\n')
    assert find_policy(tmp_path) is None
    with pytest.raises(InputError, match="has no table"):
        read_policy(project)
    for misspelt in ("licences", "license"):
        project.write_text(f"[tool.castiron.{misspelt}]\n")
        with pytest.raises(InputError, match=r"did you mean \[tool.castiron.licenses\]"):
            find_policy(tmp_path)
    project.write_text("[tool.castiron")
    with pytest.raises(InputError, match="cannot be read as TOML"):
        find_policy(tmp_path)


@pytest.mark.parametrize(
    ("rows", "license_"),
    [
        ('license = "MIT OR Apache-2.0"', "MIT OR Apache-2.0"),
        ('license = {text = "MIT License"}', "MIT"),
        ('license = {text = "Proprietary"}', "LicenseRef-Proprietary"),
        ('license = {text = "Copyright X. All rights reserved."}', "LicenseRef-Proprietary"),
        ('classifiers = ["License :: Other/Proprietary License"]', "LicenseRef-Proprietary"),
        ('license = "LicenseRef-Proprietary"', "LicenseRef-Proprietary"),
        ('license = {file = "LICENSE"}', None),
        ('license = "something of ours"', None),
        ("license = 3", None),
    ],
)
def test_the_license_of_a_project(rows: str, license_: str | None, tmp_path: Path) -> None:
    project = parse_project(tomllib.loads(f'[project]\nname = "x"\n{rows}\n'), tmp_path)
    assert project.license == license_
    assert bool(project.unread) == ("of ours" in rows)


def test_a_project_is_the_applications_by_name_or_by_its_files(tmp_path: Path) -> None:
    made = manifest(distribution("a", "MIT"))
    assert Project(name="App", folder=tmp_path).is_of(made)
    other = Project(name="other", folder=tmp_path)
    assert not other.is_of(made)
    (tmp_path / "app.py").touch()
    assert other.is_of(made)
    assert not Project(name="app").is_of(made)


@pytest.mark.parametrize("format_", ["table", "json", "cyclonedx", "spdx", "spdx3", "notices", "html"])
@pytest.mark.parametrize(
    "policy_",
    [
        'deny = ["PSF-2.0"]',
        'allow = ["MIT"]',
        '[[settle]]\ncomponent = "cpythn"\nlicense = "MIT"\nreason = "r"',
        '[[exception]]\ncomponent = "cpython"\nlicense = "MIT"\nreason = "r"',
    ],
)
def test_an_audit_that_refuses_writes_nothing(policy_: str, format_: str, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(policy_)
    output = tmp_path / "document"
    example = Path(__file__).parents[3] / "manifests" / "examples" / "hello.manifest"
    arguments = [str(example), "--policy", str(tmp_path / "policy.toml"), "--format", format_]
    refused = CliRunner().invoke(audit_app, [*arguments, "-o", str(output)])
    assert isinstance(refused.exception, PolicyError)
    assert "cpython" in str(refused.exception)
    assert not output.exists()
    # On standard output it is shown, so that a person sees of what the refusal speaks.
    shown = CliRunner().invoke(audit_app, arguments)
    assert isinstance(shown.exception, PolicyError)
    assert "cpython" in shown.stdout


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"presets": "x"}, "unknown key 'presets'"),
        ({"preset": "lax"}, "unknown preset 'lax'"),
        ({"preset": ["permissive"]}, "unknown preset"),
        ({"preset": "no-copyleff"}, "did you mean 'no-copyleft'"),
        ({"denny": []}, "did you mean 'deny'"),
        ({"strict": "false"}, "strict must be true or false"),
        ({"deny": ["GPL"]}, r"'GPL' is not an SPDX license identifier; did you mean 'GPL-\*'"),
        ({"deny": ["GLP-*"]}, r"'GLP-\*' matches no SPDX license identifier; did you mean 'GPL-\*'"),
        ({"allow": ["Apache-2"]}, "did you mean 'Apache-2.0'"),
        ({"allow": ["Apache 2.0"]}, "did you mean 'Apache-2.0'"),
        ({"allow": ["Apache 2.0 License"]}, "is not an SPDX license identifier"),
        ({"allow": []}, "allow is empty, and without a preset it is all that is allowed"),
        ({"accept": [{"component": "x", "reason": "r", "finding": "contradicton"}]}, "did you mean 'contradiction'"),
        ({"exception": [{"component": "x", "reason": "r", "licence": "MIT"}]}, "did you mean 'license'"),
        ({"exception": [{"component": "x", "reason": "r", "finding": "copyleft"}]}, "unknown key 'finding'"),
        ({"deny": "MIT"}, "not a list of strings"),
        ({"exception": [{"component": "x"}]}, r"exception\[0\] lacks 'reason'"),
        ({"exception": [{"component": "x", "reason": " "}]}, r"exception\[0\] lacks 'reason'"),
        ({"settle": [{"component": "x", "reason": "r", "license": "BSD"}]}, "'BSD' is not an SPDX expression"),
        ({"accept": [{"component": "x", "reason": "r", "finding": "copyleft", "why": "?"}]}, "unknown key 'why'"),
        ({"unknown": "maybe"}, "'warn' or 'deny'"),
        ([], "not a table"),
    ],
)
def test_says_what_is_wrong(rows: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_policy(rows, "policy.toml")
    assert re.search(r"[^.?][.?]$", caught.value.what)


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_policy(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(InputError, match="cannot be read as TOML"):
        read_policy(tmp_path / "bad.toml")


SIGNATURE = {"library": "libfrobnicate", "license": "BSD-3-Clause", "strings": ["frobnicate: cannot open %s"]}


def test_a_project_tells_what_its_libraries_look_like(tmp_path: Path) -> None:
    (tmp_path / "COPYING").write_text("Copyright 2020 The Frobnicators\n")
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.castiron.licenses.signature]]\n"
        'library = "libfrobnicate"\nlicense = "bsd-3-clause"\nsource = "frobnicate: COPYING"\ntext = "COPYING"\n'
        'strings = ["frobnicate: cannot open %s", "frobnicate_init"]\nat_least = 2\n'
        "pattern = 'frobnicate_init(?: v(\\d+))?'\n"
    )
    (row,) = read_policy(tmp_path / "pyproject.toml").signatures
    assert (row.entry.name, row.entry.license, row.entry.source) == (
        "libfrobnicate", "BSD-3-Clause", "frobnicate: COPYING",
    )  # fmt: skip
    assert row.texts == (("COPYING", "Copyright 2020 The Frobnicators\n"),)
    native_ = Native(path="d/_x.so", distribution="d", soname=None, sha256=sha256_bytes(b""), size=1, module="d._x")
    for data, expected in {
        b"\0frobnicate: cannot open %s\0frobnicate_init v3\0": ("3", "BSD-3-Clause"),
        b"\0frobnicate: cannot open %s\0": None,
    }.items():
        path = tmp_path / "d/_x.so"
        path.parent.mkdir(exist_ok=True)
        writer = ObjectWriter(ELF)
        writer.add_section(".rodata", data=data)
        writer.write(path)
        item = replace(native_, sha256=sha256_bytes(path.read_bytes()))
        audited = report(distribution("d", "MIT"), natives=(item,), site=tmp_path, signatures=(row,))
        found = {item.name: (item.version, item.verdict.expression) for item in audited.components}
        assert found.get("libfrobnicate") == expected
        assert [item.texts for item in audited.components if item.name == "libfrobnicate"] == (
            [(Text(path="COPYING", sha256=sha256_bytes(row.texts[0][1].encode())),)] if expected else []
        )


def test_a_library_that_the_catalogue_knows_needs_no_license() -> None:
    (row,) = policy(signature=[{"library": "zlib", "strings": ["my own zlib"]}]).signatures
    assert row.entry.license == "Zlib"
    (row,) = policy(signature=[{"library": "zlib", "strings": ["my own zlib"], "license": "MIT"}]).signatures
    assert (row.entry.name, row.entry.license) == ("zlib", "MIT")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stringz": ["x"]}, "unknown key 'stringz'; did you mean 'strings'"),
        ({"license": None}, "lacks 'license': Castiron knows no library 'libfrobnicate'"),
        ({"license": "BSD-3-Claus"}, "is not an SPDX expression; did you mean 'BSD-3-Clause'"),
        ({"library": None}, "lacks 'library'"),
        ({"library": ""}, "library is not a text"),
        ({"strings": []}, "strings is not a list of texts"),
        ({"strings": "frobnicate"}, "strings is not a list of texts"),
        ({"strings": ["frob"]}, "'frob' is too short to show a library"),
        ({"at_least": 2}, "at_least is 2; there are 1 strings"),
        ({"at_least": True}, "at_least is True"),
        ({"pattern": "("}, "is no regular expression"),
        ({"version": ["frobnicate"]}, "version is not a list of a text and a pattern"),
        ({"version": ["frobnicate", "["]}, "is no regular expression"),
        ({"text": "no/such/file"}, "the text no/such/file cannot be read: No such file"),
        ({"unless": [1]}, "unless is not a list of texts"),
    ],
)
def test_mistakes_in_signatures_are_told(changed: dict[str, object], message: str) -> None:
    row = {key: value for key, value in {**SIGNATURE, **changed}.items() if value is not None}
    with pytest.raises(InputError, match=re.escape(message)):
        policy(signature=[row])
    with pytest.raises(InputError, match="signature is not a list of tables"):
        policy(signature=row)
