import gc

NUMBERS = tuple([1, 2, 3])
THRESHOLD = gc.get_threshold()


def function():
    return 1


class Class:
    pass
