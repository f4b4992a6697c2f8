from counted import Node, alive

most = 0
for _ in range(50_000):
    Node()
    most = max(most, alive())
