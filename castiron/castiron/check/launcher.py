"""Starts a program without a network: ``python -I -S launcher.py PROGRAM ARGUMENT ...``.

The kernel gives the process a network of its own, with nothing in it.  An ordinary user may have that inside of a user
namespace of his own, where that is allowed.  Exits with 126 if it is not.
Source: unshare(2), user_namespaces(7), network_namespaces(7).
"""

import ctypes
import os
import sys

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
REFUSED = 126


def _cut_network() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if library.unshare(_NEW_NETWORK) == 0:
        return
    if library.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib takes 10 ms to import
            file.write(text)


def main() -> None:
    """Cut the network off, and become the program."""
    try:
        _cut_network()
    except OSError as error:
        print(f"no network namespace: {error.strerror}", file=sys.stderr)
        sys.exit(REFUSED)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
