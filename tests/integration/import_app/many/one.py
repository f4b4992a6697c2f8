def answer():
    return 42


class Thing:
    """A thing."""

    def method(self):
        return [lambda x: x + 1, lambda y: y * 2]


square = lambda n: n**2
