def function():
    return 1


1 / 0
