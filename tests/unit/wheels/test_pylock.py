"""Lock files that are damaged, or that would have files written elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import CastironError, DependencyError, InputError
from castiron_common.progress import SilentReporter
from castiron_wheels.fetch import fetch_candidates
from castiron_wheels.model import Candidate
from castiron_wheels.pylock import read_lock

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget


HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "packages = 5",
        HEAD + "packages = [5]",
        HEAD + 'packages = [{name = "a", wheels = 5}]',
        HEAD + 'packages = [{name = "a", wheels = [5]}]',
        HEAD + 'packages = [{name = "a", wheels = [{name = "a-1-py3-none-any.whl", hashes = 5}]}]',
        HEAD + 'packages = [{name = "a", sdist = 5}]',
        HEAD + "packages = []\na = " + "[" * 5000,
        HEAD + "packages = []\na = " + "1" * 5000,
    ],
)
def test_any_shape_is_refused(text: str, target: PythonTarget) -> None:
    for accepted in (None, {"a": {"0" * 64}}):
        with pytest.raises(InputError, match="is not a valid lock file"):
            read_lock(text, target, accepted=accepted)


@pytest.mark.parametrize("filename", ["../../evil.tar.gz", "/evil.tar.gz", "..", "", "a\0b", "a\nb"])
@pytest.mark.parametrize("sdist", [True, False])
@pytest.mark.parametrize("digest", ["0" * 64, None])
def test_names_that_lead_out_of_the_cache(
    filename: str, digest: str | None, cache: Path, target: PythonTarget, *, sdist: bool
) -> None:
    candidate = Candidate(
        name="evil", version="1", filename=filename, url="https://example.invalid/x", sha256=digest, sdist=sdist
    )
    with pytest.raises(CastironError, match="does not name a"):
        fetch_candidates([candidate], reporter=SilentReporter())


def test_a_hash_that_leads_out_of_the_cache(cache: Path) -> None:
    candidate = Candidate(name="evil", version="1", filename="e.tar.gz", url="x", sha256="../" * 9, sdist=True)
    with pytest.raises(DependencyError, match="does not name a"):
        fetch_candidates([candidate], reporter=SilentReporter())
