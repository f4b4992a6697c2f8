"""A program that must be nobody's interpreter but its own, and what is tried with it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.support.linking import COMMANDS, Outcome, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

USER = 1000
SETPRIV = shutil.which("setpriv") or "setpriv"

GUARD = """
import os, subprocess, sys
if sys.argv[1:2] == ["run"]:
    sys.exit(subprocess.run(sys.argv[2:]).returncode)
if sys.argv[1:2] == ["self"]:
    sys.exit(subprocess.run([sys.executable, *sys.argv[2:]]).returncode)
if sys.argv[1:2] == ["shell"]:
    sys.exit(subprocess.run(f"'{sys.executable}' " + sys.argv[2] + "; exit $?", shell=True).returncode)
if sys.argv[1:2] == ["spawn"]:
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, *sys.argv[2:]], os.environ), 0)
    sys.exit()
if sys.argv[1:2] == ["dropped"]:
    sys.exit(subprocess.run([sys.executable, *sys.argv[2:]], user=1000, group=1000, extra_groups=[]).returncode)
if sys.argv[1:2] == ["orphan"]:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    while os.getppid() != 1:
        pass
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
if sys.argv[1:2] == ["replaced"]:
    os.rename(sys.argv[2], sys.executable)
    os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
if sys.argv[1:2] == ["bomb"]:
    with open("starts", "a") as file:
        file.write("one\\n")
    sys.exit(subprocess.run([sys.executable, "-c", "print(6 * 7)"]).returncode)
if "BOMB" in os.environ:
    with open("starts", "a") as file:
        file.write("another\\n")
    sys.exit(subprocess.run([sys.executable, "-c", "print(6 * 7)"]).returncode)
print("application", sys.argv[1:], os.geteuid())
"""
EVIL = "import os; print('OWN' + 'ED'); os.system('id')"
HELPER = "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)"
INJECTED = """from multiprocessing.spawn import spawn_main; spawn_main(__import__("os").system("id"))"""
SHADOWS = ("multiprocessing", "loky", "joblib", "billiard", "encodings", "json", "os", "sitecustomize", "usercustomize")


def variant(guard: Path, name: str, *options: str) -> Path:
    done = run([COMMANDS / "link", "guard.manifest", "-o", name, "--no-report", *options], cwd=guard.parent)
    assert done.status == 0, done.stderr
    return guard.parent / name


def as_user(*argv: str | Path) -> list[str | Path]:
    return [SETPRIV, f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *argv]


def clean(**values: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **values}


def refused(outcome: Outcome) -> bool:
    """Whether nothing but the application ran, if anything."""
    shown = outcome.stdout + outcome.stderr
    return "OWNED" not in shown and "uid=" not in shown and (outcome.status == 126 or "application" in outcome.stdout)


ATTACKS: Mapping[str, Sequence[str]] = {
    "command": ["-c", EVIL],
    "injected": ["-c", INJECTED, "--multiprocessing-fork"],
    "helper": ["-c", HELPER, "--multiprocessing-fork"],
    "flags": ["-E", "-Wignore", "-X", "utf8", "-c", EVIL],
    "module": ["-m", "json.tool"],
    "loky": ["-m", "loky.backend.popen_loky_posix", "--process-name", "x", "--pipe", "0"],
    "script": ["script.py"],
    "interactive": ["-i"],
    "standard input": ["-"],
    "version": ["-V"],
}
