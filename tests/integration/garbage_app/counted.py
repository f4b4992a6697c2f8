"""Objects that say how many of them there are."""


class Node:
    alive = 0

    def __init__(self):
        self.itself = self
        Node.alive += 1

    def __del__(self):
        Node.alive -= 1


def alive():
    return Node.alive
