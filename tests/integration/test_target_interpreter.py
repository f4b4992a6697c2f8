"""The target interpreter by itself: who serves its memory."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

LOOK = """
import ctypes
c = ctypes.CDLL(None)
for name in ("malloc", "calloc", "realloc", "strdup"):
    getattr(c, name).restype = ctypes.c_void_p
c.malloc_usable_size.restype = ctypes.c_size_t

def size(block):
    return c.malloc_usable_size(ctypes.c_void_p(block))

block = c.malloc(ctypes.c_size_t(1000))
print(size(block))
block = c.realloc(ctypes.c_void_p(block), ctypes.c_size_t(70000))
print(size(block) >= 70000)
c.free(ctypes.c_void_p(block))
aligned = ctypes.c_void_p()
print(c.posix_memalign(ctypes.byref(aligned), ctypes.c_size_t(4096), ctypes.c_size_t(100)), aligned.value % 4096)
c.free(aligned)
copied = c.strdup(b"x" * 1000)  # libc.so's own call of malloc
print(size(copied))
c.free(ctypes.c_void_p(copied))
print(hasattr(c, "mi_malloc"))
"""


def test_mimalloc_serves_it_and_its_c_library_and_is_not_seen_by_libraries(pack: Pack) -> None:
    python = interpreter(pack, full=True, reporter=SilentReporter())
    done = subprocess.run([python, "-I", "-c", LOOK], capture_output=True, text=True, check=False)
    # 1000 bytes and 1001 bytes are in blocks of 1024 there; musl's own malloc says 1000 and 1001.
    assert (done.stdout.split("\n"), done.stderr) == (["1024", "True", "0 0", "1024", "False", ""], "")
