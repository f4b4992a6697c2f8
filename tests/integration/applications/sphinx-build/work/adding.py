"""A module."""


def add(a: int, b: int = 2) -> int:
    """Add two numbers.

    Args:
        a: one
        b: two
    """
    return a + b
