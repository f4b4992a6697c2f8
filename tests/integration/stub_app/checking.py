"""What the checks share."""

import sys

ROOT = sys.prefix
APP = f"{ROOT}/app"
LIBRARY = f"{ROOT}/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def same(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def fails(error, number, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as raised:
        same(raised.errno, number)
    else:
        raise AssertionError(f"{call} did not fail")
