"""What is shown of many findings that say the same."""

from __future__ import annotations

from castiron_manifest.alike import united
from castiron_manifest.model import Finding, Severity


def made(name: str, place: str, code: str = "missing-module") -> Finding:
    message = f"{place} imports it, and no file has it."
    return Finding(code=code, severity=Severity.INFO, subject=name, message=message)


def test_many_of_one_package_are_one() -> None:
    many = [made(f"six.moves.m{number}", f"six/a{number % 2}.py:{number}") for number in range(45)]
    (one,) = united(many)
    assert one.subject == (
        "six.moves.m0, six.moves.m1, six.moves.m2, six.moves.m3, six.moves.m4, six.moves.m5 and 39 more"
    )
    assert one.message == many[0].message


def test_others_stay_apart_and_in_order() -> None:
    few = [made(f"m{number}", f"few/a.py:{number}") for number in range(3)]
    many = [made(f"n{number}", "many/a.py") for number in range(4)]
    other = [made("n0", "other/a.py:1"), made("n1", "many/a.py:1", code="another")]
    assert united([*few, many[0], *other, *many[1:]]) == [
        *few,
        Finding(code="missing-module", severity=Severity.INFO, subject="n0, n1, n2, n3", message=many[0].message),
        *other,
    ]


def test_what_a_message_names_beside_places_counts() -> None:
    findings = [
        Finding(code="computed-import", severity=Severity.INFO, subject=f"d/a.py:{number}", message=f"All of d.{name}.")
        for number, name in enumerate("aaaabbbb")
    ]
    assert [item.message for item in united(findings)] == ["All of d.a.", "All of d.b."]
