"""Several shared objects of glibc's in one binary: exceptions through them, OpenMP's threads, forks, signals.

Each is compiled by this machine's GCC; what the program prints is what it prints under an ordinary Python.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import command, run
from tests.support.needs import need

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.network,  # GCC's libraries for glibc
    need("gcc", all(map(shutil.which, ("gcc", "g++")))),
]

THROWS = r"""
#include "kinds.h"
thread_local int depth;
int enter() { return ++depth; }
void refuse(int number)
{
    Traced traced;
    if (number > 2)
        throw Refused(number);
    if (number < 0)
        throw std::out_of_range("below");
}
"""

KINDS = r"""
#include <stdexcept>
#include <string>
struct Refused : std::runtime_error {
    int number;
    explicit Refused(int n) : std::runtime_error("refused " + std::to_string(n)), number(n) {}
    ~Refused() override;
};
extern int unwound;
struct Traced { ~Traced(); };
int enter();
void refuse(int number);
"""

DEFINES = r"""
#include "kinds.h"
int unwound;
Refused::~Refused() = default;
Traced::~Traced() { unwound++; }
"""

# Built for musl, in C: it knows nothing of exceptions, and they pass through it.
MIDDLE = "int twice(int (*call)(int), int number) { return call(number) + call(number + 1); }\n"

CATCHES = r"""
#include "kinds.h"
#include <cstdio>
#include <cstring>
#include <future>
#include <thread>
#include <vector>
#include <csignal>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <omp.h>
typedef int (*Middle)(int (*)(int), int);
static int call(int number) { refuse(number); return number; }

extern "C" int catches(Middle middle, int number, char *out, size_t size)
{
    try {
        int sum = middle(call, number);
        std::snprintf(out, size, "sum %d, depth %d", sum, enter());
    } catch (const Refused &refused) {
        std::snprintf(out, size, "%s, number %d, unwound %d", refused.what(), refused.number, unwound);
    } catch (const std::exception &error) {
        std::snprintf(out, size, "%s, unwound %d", error.what(), unwound);
    }
    auto future = std::async(std::launch::async, [=] { enter(); middle(call, number); return enter(); });
    size_t used = std::strlen(out);
    try {
        std::snprintf(out + used, size - used, "; there depth %d", future.get());
    } catch (const Refused &refused) {
        std::snprintf(out + used, size - used, "; there %d", refused.number);
    } catch (const std::exception &error) {
        std::snprintf(out + used, size - used, "; there %s", error.what());
    }
    return enter();
}

extern "C" double parallel(int threads, int *team)
{
    std::vector<double> values(100000);
    double sum = 0;
    omp_set_num_threads(threads);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < 100000; i++) values[i] = i % 7;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 100000; i++) sum += values[i];
#pragma omp parallel
#pragma omp single
    *team = omp_get_num_threads();
    return sum;
}

static int prepared, parents, children;

extern "C" int forks(void)
{
    pthread_atfork([] { prepared++; }, [] { parents++; }, [] { children++; });
    std::thread([] { enter(); }).join();
    pid_t child = fork();
    if (child == 0) {
        int caught = 0;
        try { refuse(9); } catch (const Refused &refused) { caught = refused.number; }
        std::thread([&] { caught++; }).join();
        _exit(caught == 10 && prepared == 1 && children == 1 && parents == 0 ? 42 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) * 10 + prepared + parents;
}

static volatile sig_atomic_t seen, sender_is_self, on_other_stack;
static char other[65536];

extern "C" int signals(void)
{
    stack_t stack = {}, before;
    stack.ss_sp = other;
    stack.ss_size = sizeof other;
    sigaltstack(&stack, &before);
    struct sigaction action = {}, old;
    action.sa_sigaction = [](int number, siginfo_t *info, void *) {
        char here;
        seen = number;
        sender_is_self = info->si_pid == getpid();
        on_other_stack = &here >= other && &here < other + sizeof other;
    };
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, &old);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, &old, &now);
    sigset_t set, previous;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &previous);
    raise(SIGUSR1);
    int waited = 0;
    sigwait(&set, &waited);
    pthread_sigmask(SIG_SETMASK, &previous, nullptr);
    sigaltstack(&before, nullptr);
    return (seen == SIGUSR1) + 2 * sender_is_self + 4 * on_other_stack + 8 * (now.sa_sigaction == action.sa_sigaction)
           + 16 * !!sigismember(&now.sa_mask, SIGUSR2) + 32 * (waited == SIGUSR1);
}
"""

APPLICATION = """\
import ctypes
import os

here = os.path.dirname(os.path.abspath(__file__))
middle, _, _, library = (
    ctypes.CDLL(os.path.join(here, name)) for name in ("libmiddle.so", "libkinds.so", "libthrows.so", "libcatches.so")
)
out = ctypes.create_string_buffer(300)
for number in (0, 2, 5, -1):
    depth = library.catches(middle.twice, number, out, ctypes.c_size_t(300))
    print(out.value.decode(), "; here depth", depth)
library.parallel.restype = ctypes.c_double
team = ctypes.c_int()
for threads in (1, 2, 8, 2):
    print(library.parallel(threads, ctypes.byref(team)), team.value)
print(library.forks(), library.signals())
"""

EXPECTED = """\
sum 1, depth 1; there depth 2 ; here depth 2
refused 3, number 3, unwound 6; there 3 ; here depth 3
refused 5, number 5, unwound 9; there 5 ; here depth 4
below, unwound 11; there below ; here depth 5
299995.0 1
299995.0 2
299995.0 8
299995.0 2
422 63
"""


def _libraries(folder: Path) -> None:
    (folder / "kinds.h").write_text(KINDS)
    common = ("-O2", "-fPIC", "-shared", "-D_FORTIFY_SOURCE=3", "-Wl,-rpath,$ORIGIN", "-L.")
    for name, source, options in (
        ("kinds", DEFINES, ()),
        ("throws", THROWS, ("-lkinds",)),
        ("catches", CATCHES, ("-fopenmp", "-pthread", "-lthrows", "-lkinds")),
    ):
        (folder / f"{name}.cc").write_text(source)
        done = run(["g++", *common, f"{name}.cc", *options, "-o", f"lib{name}.so"], cwd=folder)
        assert done.status == 0, done.stderr


def _middle(folder: Path, *compiler: str) -> None:
    (folder / "middle.c").write_text(MIDDLE)
    done = run([*compiler, "-O1", "-fexceptions", "-fPIC", "-shared", "middle.c", "-o", "libmiddle.so"], cwd=folder)
    assert done.status == 0, done.stderr


def test_exceptions_threads_forks_and_signals(tmp_path: Path) -> None:
    _libraries(tmp_path)
    (tmp_path / "app.py").write_text(APPLICATION)
    _middle(tmp_path, "gcc")
    reference = run([sys.executable, "app.py"], cwd=tmp_path)
    assert (reference.status, reference.stdout) == (0, EXPECTED), reference.stderr
    _middle(tmp_path, sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-musl")
    traced = command("trace", "app.py", "-v", "-o", "app.manifest", cwd=tmp_path)
    assert traced.status == 0, traced.stderr
    linked = command("link", "app.manifest", "-o", "app", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    for library in tmp_path.glob("*.so"):
        library.unlink()
    done = run([tmp_path / "app"], cwd=tmp_path, env={})
    assert (done.status, done.stdout) == (0, EXPECTED), done.stderr
