from counted import Node, alive


def make():
    for _ in range(10):
        Node()


make()
