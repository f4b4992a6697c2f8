"""Links a program with a data file of 3 GiB, and reads the file's ends: python -m tests.long.large_data [--pie]

Not one of the ordinary tests, as it takes some minutes, 10 GB of disk space and 7 GB of memory.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.support.linking import command, run

SIZE = 3 << 30
MARK = b"these bytes are the last of all."

PROGRAM = """
import os
path = os.path.join(os.path.dirname(__file__), "data", "large.bin")
with open(path, "rb") as file:
    size = os.fstat(file.fileno()).st_size
    file.seek(size // 2)
    middle = file.read(32)
    file.seek(-32, 2)
    print(size, middle.hex(), file.read().decode())
"""


def make(path: Path, *, compressible: bool) -> bytes:
    """Write the data file; return the 32 bytes in its middle."""
    middle = random.Random(2).randbytes(32)
    with path.open("wb") as file:
        # What shrinks to less than a thousandth would be refused as a manifest made to fill the memory.
        noise = 1 << 13 if compressible else 1 << 20
        for number in range(SIZE >> 20):
            file.seek(number << 20)
            file.write(os.urandom(noise))
        file.seek(SIZE // 2)
        file.write(middle)
        file.seek(SIZE - len(MARK))
        file.write(MARK)
    return middle


def check(folder: Path, *, compressible: bool, options: list[str]) -> None:
    (folder / "data").mkdir()
    (folder / "app.py").write_text(PROGRAM)
    middle = make(folder / "data" / "large.bin", compressible=compressible)
    seconds = []
    for words in (
        ("trace", "app.py", "--include-data", "data", "-o", "app.m"),
        ("link", "app.m", "-o", "app", "--no-report", "--compress", "none", *options),
    ):
        started = time.monotonic()
        done = command(*words, cwd=folder)
        seconds.append(time.monotonic() - started)
        if done.status:
            raise SystemExit(f"{words[0]} failed:\n{done.stderr}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)
    done = run([folder / "app"], cwd=folder)
    expected = f"{SIZE} {middle.hex()} {MARK.decode()}\n"
    if (done.status, done.stdout) != (0, expected):
        raise SystemExit(f"expected {expected!r}, got {done}")
    kind = "mostly zeros" if compressible else "noise"
    print(
        f"{kind}: trace {seconds[0]:.0f} s, link {seconds[1]:.0f} s, largest process so far {peak:.1f} GiB, read right"
    )


def main() -> None:
    for compressible in (True, False):
        with tempfile.TemporaryDirectory(prefix="large-") as folder:
            check(Path(folder), compressible=compressible, options=sys.argv[1:])


if __name__ == "__main__":
    main()
