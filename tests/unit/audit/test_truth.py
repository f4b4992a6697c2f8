"""The audit against what a person reads: more than 90 components."""

import pytest

from castiron_audit.expressions import licenses_in, normalise
from castiron_audit.model import Source
from castiron_runtime import recipe
from tests.unit.audit.truth.table import concluded, detection, distribution, truth


def same(left: str | None, right: str | None) -> bool:
    if left is None or right is None:
        return left == right
    return left == right or (
        sorted(licenses_in(left)) == sorted(licenses_in(right)) and (" OR " in left) == (" OR " in right)
    )


@pytest.mark.parametrize("name", sorted(truth()["distribution"]))
def test_distributions(name: str) -> None:
    row = truth()["distribution"][name]
    expected = normalise(row.get("audit", row["license"]))
    verdict = concluded(name, detection(name).own_license).verdict
    assert same(verdict.expression, expected), (verdict.expression, row)
    assert (verdict.source is Source.NONE) == (expected is None)
    if distribution(name).license.expression:
        assert verdict.source is Source.EXPRESSION


@pytest.mark.parametrize("key", sorted(truth()["vendored"]))
def test_vendored(key: str) -> None:
    row = truth()["vendored"][key]
    owner, _, name = key.partition("/")
    components = [component for component in detection(owner).components if component.name == name]
    assert len(components) == 1, [component.name for component in detection(owner).components]
    assert same(components[0].verdict.expression, normalise(row.get("audit", row["license"]))), components[0].verdict
    assert components[0].verdict.where


@pytest.mark.parametrize("name", sorted(truth()["runtime"]))
def test_static_libraries(name: str) -> None:
    assert same(recipes()[name], truth()["runtime"][name]["license"])


def recipes() -> dict[str, str]:
    loaded = [recipe.load_recipe(name) for name in recipe.recipe_names()]
    return {fact.name: fact.expression for item in loaded for fact in (item.license, *item.bundled)}
