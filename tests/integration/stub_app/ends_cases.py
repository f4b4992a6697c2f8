"""The cases of `ends`, by their names, and an object that tells of its destruction."""

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name)
