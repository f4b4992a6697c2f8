"""How long the choice of versions takes for large sets of requirements, beside uv's own for this machine; one table.

    python bench/resolution.py [--rounds N] [SET ...]

*Cold* is with empty caches of uv and of Castiron's choices; *warm* the same question again.  ``uv pip compile`` is
asked the same for this machine with an empty cache.  Nothing is downloaded but what is needed to choose, and nothing is
built but the metadata of source distributions.  hyperfine runs the sides in turns; times are medians on the wall, with
the start of the interpreter in them.  Needs hyperfine on PATH (Debian: apt-get install hyperfine) and an index.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import python_target
from castiron_runtime.target_files import defaults, load_target
from castiron_wheels.build_stack import BuildContext
from castiron_wheels.requirements import from_lines
from castiron_wheels.resolve import provision_for
from castiron_wheels.uv_client import client_environment, uv_program
from castiron_wheels.version_choice import choose

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget

SETS = {
    "channels": ["channels[daphne]", "channels-redis", "django", "psycopg[binary]", "whitenoise", "celery[redis]"],
    "dagster": ["dagster", "dagster-webserver", "pandas", "sqlalchemy"],
    "datasette": ["datasette", "sqlite-utils", "datasette-vega", "datasette-cluster-map"],
    "dvc": ["dvc[s3]"],
    "fastapi": ["fastapi[standard]", "sqlmodel", "alembic", "asyncpg", "httpx", "python-jose[cryptography]"],
    "jupyterlab": ["jupyterlab", "ipywidgets", "nbconvert", "pandas", "matplotlib", "scikit-learn"],
    "mlflow": ["mlflow-skinny", "scikit-learn", "pandas", "pyarrow"],
    "prefect": ["prefect"],
    "scrapy": ["scrapy", "scrapy-playwright", "itemloaders", "sqlalchemy", "boto3"],
    "snakemake": ["snakemake", "snakemake-executor-plugin-slurm", "snakemake-storage-plugin-s3"],
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", action="store_true", help="choose for one set and print how many distributions it is")
    given = parser.parse_args()
    if unknown := set(given.sets) - set(SETS):
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    if given.once:
        print(count(given.sets[0]))
        return
    if shutil.which("hyperfine") is None:
        sys.exit("error: hyperfine is not on PATH; on Debian: apt-get install hyperfine")
    table = Table("set", "distributions", "cold s", "warm s", "uv here s", "cold / uv")
    for name in given.sets or SETS:
        table.add_row(name, *row(name, given.rounds))
    Console().print(table)


def row(name: str, rounds: int) -> list[str]:
    """Measure one set and return its cells."""
    with tempfile.TemporaryDirectory(prefix="resolution-") as folder:
        work = Path(folder)
        lines = work / "requirements.in"
        lines.write_text("".join(f"{line}\n" for line in SETS[name]), encoding="utf-8")
        ours = [sys.executable, str(Path(__file__).resolve()), "--once", name]
        uv = [uv_program(), "pip", "compile", str(lines), "--quiet", "--output-file", str(work / "uv.txt")]
        uv += ["--python-version", target().version, "--python", sys.executable]
        cold: list[float] = []
        warm: list[float] = []
        peer: list[float] = []
        for _ in range(rounds):
            shutil.rmtree(work / "caches", ignore_errors=True)
            (work / "caches").mkdir()
            cold.append(timed(ours, work))
            warm.append(timed(ours, work))
            peer.append(timed([*uv, "--cache-dir", str(work / "caches" / "peer")], work))
        chosen = subprocess.run(ours, env=environment(work), stdout=subprocess.PIPE, text=True, check=True).stdout
    medians = [statistics.median(times) for times in (cold, warm, peer)]
    return [chosen.strip(), *(f"{median:.2f}" for median in medians), f"{medians[0] / medians[2]:.2f}"]


def timed(command: list[str], work: Path) -> float:
    """Return the seconds on the wall of one run; raises SystemExit with what it wrote if it fails."""
    report = work / "hyperfine.json"
    line = ["hyperfine", "--shell=none", "--runs", "1", "--export-json", str(report), shlex.join(command)]
    done = subprocess.run(line, env=environment(work), capture_output=True, text=True, check=False)
    if done.returncode:
        run = subprocess.run(command, env=environment(work), capture_output=True, text=True, check=False)
        raise SystemExit(f"{shlex.join(command)}: {run.stderr or run.stdout or done.stderr}")
    return float(json.loads(report.read_text(encoding="utf-8"))["results"][0]["median"])


def environment(work: Path) -> dict[str, str]:
    """Return the environment with caches of its own."""
    caches = work / "caches"
    own = {"CASTIRON_CACHE": str(caches / "castiron"), "UV_CACHE_DIR": str(caches / "uv")}
    return {**client_environment(), **own}


def target() -> PythonTarget:
    """Return the default target, with the default series of CPython."""
    names = defaults()
    return python_target(load_target(names.target), names.python)


def count(name: str) -> int:
    """Choose the versions for one set, as trace does, and return how many distributions it is."""
    asked = from_lines(SETS[name], target(), origin=name)
    reporter = SilentReporter()
    context = BuildContext(target=target(), provision=provision_for(target(), reporter), reporter=reporter)
    return len(choose(asked, {}, {}, context).candidates)


if __name__ == "__main__":
    main()
