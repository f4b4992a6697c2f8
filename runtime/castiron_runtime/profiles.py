"""What profiles say to the compiler: which code of CPython, its modules and libraries is hot.

A profile is data that came from a training run (`castiron_runtime.training`): how often each branch of each function
was taken.  Functions are matched by their name and the shape of their code, so a profile fits other versions of the
same series, other flags and other targets as far as the code is the same; what it does not know is compiled as without
it.

Source: LLVM, "Clang Compiler User's Manual", section "Profile Guided Optimization"; decision 021.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).parent / "profiles"
COUNTING_SOURCES = Path(__file__).parent / "counting"
"""C sources of the interpreter of training runs."""
SUFFIX = ".profdata"

# Code that training never reached, or that another version or target has otherwise, is ordinary.
_QUIET = ("-Wno-profile-instr-unprofiled", "-Wno-profile-instr-out-of-date")

# Source: LLVM, llvm/ProfileData/InstrProf.h, IndexedInstrProf::Magic.
_MAGIC = b"\xfflprofi\x81"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compilation:
    """How code is compiled beyond the toolchain's own flags, and a key of that."""

    flags: tuple[str, ...]
    key: str


# Functions that only their file knows are called FILE;NAME in profiles: of the file's path, the name alone.
_NAMES = ("-mllvm", "-static-func-strip-dirname-prefix=100")
# Without these, all that training reached at all is compiled for speed: one call in a start as well as a loop's.
# Blocks beyond those that make 99.9 % of the counts are cold; functions of nothing else are compiled for size.
COLD = ("-profile-summary-cutoff-cold=999000", "-pgo-cold-func-opt=optsize")
"""Options of LLVM's, for the compiler and for the linker."""
PLAIN = Compilation(flags=(), key="")
# The library's constructor is found by this name alone; its sections by the names that the linker makes of theirs.
_KEEP = ("--undefined=__llvm_profile_runtime", "-znostart-stop-gc")
COUNTING = Compilation(flags=("-fprofile-generate", *_NAMES), key=" ".join(("counting", *_NAMES)))
"""Code that counts, for a training run."""


def llvm_words(options: Iterable[str]) -> tuple[str, ...]:
    """Return the words that hand options of LLVM's own on; the compiler and the linker have the same ones."""
    return tuple(word for option in options for word in ("-mllvm", option))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An indexed profile of LLVM's, and its hash."""

    name: str
    """Of the file, without its suffix: ``cpython-3.13``."""
    path: Path
    sha256: str

    @property
    def compilation(self) -> Compilation:
        """What the compiler is told."""
        how = (*_NAMES, *llvm_words(COLD))
        return Compilation(flags=(f"-fprofile-use={self.path}", *how, *_QUIET), key=" ".join((self.sha256, *how)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRuntime:
    """What a program of counting code is linked with: LLVM's library that writes the counts to a file at exit."""

    library: Path

    @property
    def link_words(self) -> tuple[str, ...]:
        """What the compiler's command for linking is given."""
        return (*(f"-Wl,{word}" for word in _KEEP), str(self.library))

    @property
    def linker_words(self) -> tuple[str, ...]:
        """What the linker is given besides the library."""
        return _KEEP


def read_profile(path: Path) -> Profile:
    """Return the profile in a file; raises `RuntimePackError` if there is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RuntimePackError(
            f"The profile {path} cannot be read: {error.strerror}.", hint="Make one with: castiron runtime train"
        ) from error
    if not data.startswith(_MAGIC):
        raise RuntimePackError(
            f"{path} is no profile of LLVM's.", hint="Give a file that castiron runtime train has written."
        )
    return Profile(name=path.name.removesuffix(SUFFIX), path=path, sha256=hashlib.sha256(data).hexdigest())


def profile_of(recipe: str) -> Profile | None:
    """Return the profile that comes with Castiron for a recipe of CPython's, by name; None if there is none."""
    path = FOLDER / f"{recipe}{SUFFIX}"
    return read_profile(path) if path.is_file() else None


def compilation(profile: Profile | None) -> Compilation:
    """Return how code is compiled with a profile, or without one."""
    return profile.compilation if profile else PLAIN
