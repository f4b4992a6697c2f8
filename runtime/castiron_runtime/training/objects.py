"""Training: classes, attributes, methods, properties, dataclasses, protocols."""

from __future__ import annotations

import abc
import copy
import enum
import functools
import math
import operator
import weakref
from collections import namedtuple
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, runtime_checkable


class Vector:
    """A vector whose operations make new ones."""

    __slots__ = ("x", "y", "z")

    def __init__(self, x: float, y: float, z: float) -> None:
        self.x, self.y, self.z = x, y, z

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other: Vector) -> Vector:
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and (self.x, self.y, self.z) == (other.x, other.y, other.z)

    def __hash__(self) -> int:
        return hash((self.x, self.y, self.z))

    def scaled(self, factor: float) -> Vector:
        """Return the vector times a number."""
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def dot(self, other: Vector) -> float:
        """Return the inner product."""
        return self.x * other.x + self.y * other.y + self.z * other.z

    @property
    def length(self) -> float:
        """The Euclidean length."""
        return math.sqrt(self.dot(self))


class Shape(abc.ABC):
    """What a ray can hit."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hits = 0

    @abc.abstractmethod
    def distance(self, origin: Vector, direction: Vector) -> float | None:
        """Return how far along the ray it is hit."""


class Sphere(Shape):
    """A ball."""

    def __init__(self, name: str, centre: Vector, radius: float) -> None:
        super().__init__(name)
        self.centre, self.radius = centre, radius

    def distance(self, origin: Vector, direction: Vector) -> float | None:
        """Return how far along the ray it is hit."""
        offset = self.centre - origin
        along = offset.dot(direction)
        discriminant = self.radius * self.radius - offset.dot(offset) + along * along
        if discriminant < 0:
            return None
        self.hits += 1
        return along - math.sqrt(discriminant)


class Plane(Shape):
    """Half of the world."""

    def __init__(self, name: str, normal: Vector) -> None:
        super().__init__(name)
        self.normal = normal

    def distance(self, origin: Vector, direction: Vector) -> float | None:
        """Return how far along the ray it is hit."""
        slope = direction.dot(self.normal)
        if abs(slope) < 1e-6:
            return None
        self.hits += 1
        return -origin.dot(self.normal) / slope


def trace(width: int) -> int:
    """Shoot rays at shapes."""
    shapes: list[Shape] = [Sphere(f"ball {index}", Vector(index - 3, 0, 5 + index), 1.2) for index in range(6)]
    shapes.append(Plane("floor", Vector(0, 1, 0)))
    origin = Vector(0, 1, 0)
    for row in range(width):
        for column in range(width):
            direction = Vector(column / width - 0.5, row / width - 0.5, 1)
            direction = direction.scaled(1 / direction.length)
            nearest = None
            for shape in shapes:
                found = shape.distance(origin, direction)
                if found is not None and found > 0 and (nearest is None or found < nearest):
                    nearest = found
    return sum(shape.hits for shape in shapes)


class State(enum.Enum):
    """Of a task."""

    READY = enum.auto()
    WAITING = enum.auto()
    DONE = enum.auto()


class Flags(enum.IntFlag):
    """Of a packet."""

    NONE = 0
    URGENT = 1
    SECOND = 2


class Packet:
    """A link of a queue."""

    def __init__(self, link: Packet | None, kind: int) -> None:
        self.link = link
        self.kind = kind
        self.data = [0] * 4
        self.flags = Flags.URGENT if kind % 3 == 0 else Flags.NONE

    def append_to(self, queue: Packet | None) -> Packet:
        """Put it at the end of a queue; return the queue."""
        self.link = None
        if queue is None:
            return self
        last = queue
        while last.link is not None:
            last = last.link
        last.link = self
        return queue


class Task:
    """What a scheduler runs."""

    count = 0

    def __init__(self, name: str, work: int) -> None:
        self.name, self.work = name, work
        self.state = State.READY
        self.queue: Packet | None = None
        Task.count += 1

    def step(self, scheduler: Scheduler) -> Task | None:
        """Do one piece of work."""
        self.work -= 1
        if self.work <= 0:
            self.state = State.DONE
            return None
        if self.queue is not None:
            packet, self.queue = self.queue, self.queue.link
            packet.data[packet.kind % 4] += 1
            scheduler.send(packet)
        return self


class Idle(Task):
    """A task that sends."""

    def step(self, scheduler: Scheduler) -> Task | None:
        """Send a packet, then do one piece of work."""
        scheduler.send(Packet(None, self.work))
        return super().step(scheduler)


class Scheduler:
    """Runs tasks in turns."""

    def __init__(self, tasks: list[Task]) -> None:
        self.tasks = tasks
        self.sent = 0
        self.urgent = 0

    def send(self, packet: Packet) -> None:
        """Give a packet to some task."""
        self.sent += 1
        if packet.flags & Flags.URGENT:
            self.urgent += 1
        task = self.tasks[self.sent % len(self.tasks)]
        if task.state is State.READY:
            task.queue = packet.append_to(task.queue)

    def run(self) -> int:
        """Run all tasks to their end."""
        waiting = list(self.tasks)
        while waiting:
            waiting = [task for task in waiting if task.step(self) is not None]
        return self.sent


@dataclass(frozen=True, slots=True)
class Item:
    """A frozen record."""

    name: str
    price: float
    tags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What is shown."""
        return f"{self.name}: {self.price:.2f}"


@dataclass(order=True)
class Order:
    """A record that sorts."""

    priority: int
    items: list[Item] = field(default_factory=list, compare=False)

    @functools.cached_property
    def total(self) -> float:
        """Of all items."""
        return sum(item.price for item in self.items)


class Point(NamedTuple):
    """A tuple with names."""

    x: int
    y: int


Pair = namedtuple("Pair", "left right")


@runtime_checkable
class Readable(Protocol):
    """What has data."""

    name: str

    def read(self) -> str:
        """Return it."""


class Source:
    """A readable."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self) -> str:
        """Return it."""
        return self.name

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        return name


class Observed:
    """A descriptor with a history."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = f"_{name}"

    def __get__(self, instance: object, owner: type | None = None) -> int:
        return 0 if instance is None else getattr(instance, self.key, 0)

    def __set__(self, instance: object, value: int) -> None:
        setattr(instance, self.key, value)


class Node:
    """A node of a tree, with a descriptor, a parent kept weakly, and operators."""

    value = Observed()

    def __init__(self, value: int, parent: Node | None = None) -> None:
        self.value = value
        self.children: list[Node] = []
        self.parent = weakref.ref(parent) if parent is not None else None
        if parent is not None:
            parent.children.append(self)

    def __iter__(self):
        yield self
        for child in self.children:
            yield from child

    def __len__(self) -> int:
        return 1 + sum(map(len, self.children))

    def __getitem__(self, index: int) -> Node:
        return self.children[index]

    def __contains__(self, value: int) -> bool:
        return any(node.value == value for node in self)

    def __lt__(self, other: Node) -> bool:
        return self.value < other.value

    def __call__(self, change: int) -> int:
        self.value += change
        return self.value


def tree(depth: int, value: int = 1, parent: Node | None = None) -> Node:
    """Return a tree of nodes."""
    node = Node(value, parent)
    if depth:
        for child in range(3):
            tree(depth - 1, value * 3 + child, node)
    return node


@functools.singledispatch
def described(value: object) -> str:
    """Say what something is."""
    return repr(value)


@described.register
def _(value: int) -> str:
    return f"int {value}"


@described.register
def _(value: list) -> str:
    return ", ".join(map(described, value))


class Expression:
    """An expression of symbols, as computer algebra has them."""

    def __init__(self, kind: str, *parts: object) -> None:
        self.kind, self.parts = kind, parts
        self._hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.kind, self.parts))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.kind == other.kind and self.parts == other.parts

    def __add__(self, other: object) -> Expression:
        return Expression("+", self, other)

    def __mul__(self, other: object) -> Expression:
        return Expression("*", self, other)

    def derived(self, name: str) -> object:
        """Return the derivative."""
        match self:
            case Expression(kind="name"):
                return 1 if self.parts[0] == name else 0
            case Expression(kind="+"):
                return simple("+", *(derived(part, name) for part in self.parts))
            case Expression(kind="*", parts=(left, right)):
                return simple("+", simple("*", derived(left, name), right), simple("*", left, derived(right, name)))
        raise ValueError(self.kind)


@functools.lru_cache(maxsize=5000)
def derived(part: object, name: str) -> object:
    """Return the derivative of an expression or a number."""
    return part.derived(name) if isinstance(part, Expression) else 0


def simple(kind: str, left: object, right: object) -> object:
    """Return a sum or a product without what changes nothing."""
    if isinstance(left, int) and isinstance(right, int):
        return left + right if kind == "+" else left * right
    if kind == "*" and (left == 0 or right == 0):
        return 0
    if left == (0 if kind == "+" else 1):
        return right
    if right == (0 if kind == "+" else 1):
        return left
    return Expression(kind, left, right)


def algebra(rounds: int) -> int:
    """Build and derive expressions."""
    x, y = Expression("name", "x"), Expression("name", "y")
    seen = set()
    for number in range(rounds):
        expression: object = x
        for power in range(8):
            expression = expression * (y + (number + power) % 5) + x  # type: ignore[operator]
        seen.add(derived(expression, "x"))
    return len(seen)


def main() -> None:
    """Run everything once."""
    assert trace(75) > 1000
    for _ in range(12):
        tasks: list[Task] = [Idle(f"idle {index}", 60) for index in range(20)] + [
            Task(f"task {index}", 100) for index in range(20)
        ]
        assert Scheduler(tasks).run() > 500
    orders = [Order(index % 7, [Item(f"item {index}", index * 1.5, ("a", "b"))] * 3) for index in range(15000)]
    orders.sort()
    assert sum(order.total for order in orders) > 0
    assert len({replace(order.items[0], price=1.0) for order in orders[:3000]}) > 0
    assert all(order.items[0].label for order in orders)
    points = [Point(index, -index) for index in range(40000)]
    assert sum(x * y for x, y in points) < 0
    assert max(points, key=operator.attrgetter("x")).y == -39999
    assert sum(pair.left for pair in (Pair(index, None) for index in range(40000))) > 0
    sources = [Source(str(index)) for index in range(30)]
    assert sum(isinstance(source, Readable) for source in sources * 400) == 12000
    assert sum(len(source.missing) for source in sources * 200) > 0
    root = tree(8)
    for _ in range(4):
        assert len(root) == len(list(root)) == 9841
        assert 9999999 not in root
        assert sorted(root)[0].value >= 1
        assert all(node(1) for node in root)
    assert len(described([1, [2, "x"], 3] * 1500)) > 0
    assert algebra(700) > 0
    nested = {"list": [{"a": index, "b": (index, [str(index)] * 3), "c": {index}} for index in range(700)]}
    for _ in range(8):
        assert copy.deepcopy(nested) == nested
    assert copy.copy(orders[0]) == orders[0]
    assert len({Vector(index % 100, index % 7, 0) for index in range(40000)}) == 700
    made = [type(f"Made{index}", (Source,), {"number": index}) for index in range(300)]
    assert sum(issubclass(cls, Source) for cls in made) == 300


if __name__ == "__main__":
    main()
