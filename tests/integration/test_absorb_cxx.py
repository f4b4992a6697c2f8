"""C++ in absorbed libraries: exceptions within one and through two, thread-local objects, guards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.compilers import shared_object

# Fixtures, by their names.
from tests.unit.absorb.conftest import decompressor, stub_objects, toolchain, workshop  # noqa: F401
from tests.unit.absorb.test_run import PRELUDE

if TYPE_CHECKING:
    from tests.unit.absorb.conftest import Workshop

pytestmark = pytest.mark.integration

OOPS = """
#include <cstdio>
#include <stdexcept>
#include <string>
struct Oops { int number; explicit Oops(int n) : number(n) {} virtual ~Oops() {} };
inline int &counter() { static int value = 0; return value; }
"""


def cxx(workshop: Workshop, name: str, source: str, *needs: str) -> None:  # noqa: F811
    """Compile C++ into a shared object of the site; libc++ and the unwinder are inside, as in many wheels."""
    code = workshop.folder / f"{name}.cc"
    code.write_text(OOPS + source)
    shared_object(["-fvisibility=default", code, *(workshop.site / need for need in needs)], workshop.site / name)
    workshop.add(name)


def test_exceptions_and_thread_local_objects(workshop: Workshop) -> None:  # noqa: F811
    cxx(
        workshop,
        "libthrow.so",
        """
        extern "C" void throw_it(int n) { counter()++; if (n) throw Oops{n}; }
        extern "C" int count() { return counter(); }
        """,
    )
    cxx(
        workshop,
        "libcatch.so",
        """
        #include <thread>
        extern "C" void throw_it(int);
        struct Says { std::string text{"made"}; ~Says() { std::printf("[gone %s]", text.c_str()); } };
        thread_local Says says;
        extern "C" int inside() {
            try { throw std::runtime_error("here"); } catch (const std::exception &error) {
                return std::string(error.what()) == "here";
            }
        }
        extern "C" int across() {
            counter()++;
            try { throw_it(7); } catch (const Oops &oops) { return oops.number; } catch (...) { return -1; }
            return -2;
        }
        extern "C" int in_thread() {
            int result = 0;
            std::thread thread([&] { says.text += "!"; result = across(); });
            thread.join();
            return result;
        }
        """,
        "libthrow.so",
    )
    main = """
    int main(void) {
        void *c = open_("libcatch.so"), *t = open_("libthrow.so");
        printf("%d %d ", CALL(c, "inside"), CALL(c, "across"));
        fflush(stdout);
        printf("%d %d", CALL(c, "in_thread"), CALL(t, "count"));
    }"""
    assert workshop.run(PRELUDE + main) == "1 7 [gone made!]7 4"
