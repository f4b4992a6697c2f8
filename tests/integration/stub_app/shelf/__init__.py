"""A package with data beside it."""


def twice(number):
    return 2 * number  # the comment that inspect.getsource must show
