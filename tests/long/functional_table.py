"""``python -m tests.long.functional_table [NAME ...]``: every functional case as a binary, and the table of outcomes.

What a case is, says `tests.support.functional`.  One case takes about two seconds.  Exits with 1 if one fails.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import shutil
import tempfile
import textwrap
from collections import Counter
from pathlib import Path

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter, open_pack
from tests.support.functional import Case, Result, all_cases, run_case
from tests.support.targets import TARGET


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.long.functional_table")
    parser.add_argument("names", nargs="*", help="cases; all if none is named")
    parser.add_argument("--python", default="3.13", help="series of CPython")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    options = parser.parse_args()
    cases = [case for case in all_cases(options.python) if not options.names or case.name in options.names]
    python = interpreter(
        open_pack(options.python, TARGET, reporter=SilentReporter()), full=True, reporter=SilentReporter()
    )
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:

        def one(case: Case) -> Result:
            folder = Path(root, case.name)
            folder.mkdir()
            try:
                return run_case(case, folder, python=python, series=options.python)
            finally:
                shutil.rmtree(folder)

        for case, result in zip(cases, pool.map(one, cases), strict=True):
            counts[result.outcome] += 1
            print(f"{case.name:32} {result.outcome:8} {case.purpose}")
            if result.outcome == "failing" or options.names:
                print(textwrap.indent(result.message, "    "))
                for name, text in result.parts.items():
                    print(textwrap.indent(f"{name}:\n{text.rstrip()}", "    "))
    print(", ".join(f"{outcome}: {count}" for outcome, count in sorted(counts.items())))
    return 1 if counts["failing"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
