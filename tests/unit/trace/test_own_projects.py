"""A project's own code, installed from the wheel that was built of it, is the user's own code as a script is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.own.unreached import unreached_notes
from tests.unit.trace.making import install, site_of
from tests.unit.trace.tracing import of

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, Site
    from tests.unit.trace.tracing import Tracer

SOURCES = {
    "acme/__init__.py": "",
    "acme/cli.py": """
import importlib, runpy
from pathlib import Path
LOCATION = "acme:migrations"
SETTINGS = "acme_site.settings"
def main():
    return runpy.run_path("jobs/nightly.py")
""",
    "acme_site/__init__.py": "",
    "acme_site/settings.py": "",
    "acme_site/urls.py": "",
    "acme/migrations/env.py": "import colorsys",
    "acme/migrations/versions/001_first.py": "",
    "acme/jobs/nightly.py": "import wave",
    "acme/jobs/weekly.py": "",
    "acme/unused.py": "",
    "acme/tests/test_cli.py": "",
}


def reached_of(tracer: Tracer, folder: Path, *, project: bool) -> tuple[Reached, Site]:
    site = site_of(folder, install(folder, "acme", SOURCES, project=project))
    return tracer({"app.py": "from acme.cli import main"}, site), site


def test_strings_and_paths_of_a_project_lead_to_its_modules(tracer: Tracer, tmp_path: Path) -> None:
    reached, _site = reached_of(tracer, tmp_path, project=True)
    assert of(reached, "acme") >= {
        "acme_site.settings", "acme_site.urls", "acme.migrations.env",
        "acme.migrations.versions.001_first", "acme.jobs.nightly",
    }  # fmt: skip
    assert {"colorsys", "wave"} <= reached.modules.keys()
    assert not {"acme.unused", "acme.tests.test_cli"} & reached.modules.keys()


def test_a_distribution_of_others_is_read_with_its_imports_alone(tracer: Tracer, tmp_path: Path) -> None:
    reached, site = reached_of(tracer, tmp_path, project=False)
    assert "acme.migrations.env" not in reached.modules
    assert list(unreached_notes(site, reached)) == []


def test_what_nothing_leads_to_is_told(tracer: Tracer, tmp_path: Path) -> None:
    reached, site = reached_of(tracer, tmp_path, project=True)
    (note,) = unreached_notes(site, reached)
    assert note == (
        "not included of acme: 2 Python sources that nothing imports (acme/jobs/weekly.py, acme/unused.py); --include "
        "for a module, or for all below a package with .* at its end"
    )
