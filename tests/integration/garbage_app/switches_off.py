import gc

gc.disable()


def function():
    return 1
