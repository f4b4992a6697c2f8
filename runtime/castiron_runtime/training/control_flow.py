"""Training: generators, exceptions, closures, coroutines, asyncio, threads."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import contextvars
import functools
import heapq
import itertools
import queue
import random
import threading
from concurrent.futures import ThreadPoolExecutor


def walk(nested: object):
    """Yield what is in nested lists, by generators in generators."""
    if isinstance(nested, list):
        for item in nested:
            yield from walk(item)
    else:
        yield nested


def unpack(rounds: int) -> int:
    """Unpack and pack short sequences."""
    total = 0
    pair, triple, many = (1, 2), [3, 4, 5], tuple(range(10))
    for _ in range(rounds):
        a, b = pair
        c, d, e = triple
        f, g, *rest = many
        a, b = b, a
        total += a + c + f + len(rest) + d - e + g
    return total


def raising(rounds: int) -> int:
    """Raise, catch, pass on and chain exceptions."""
    caught = 0

    def fail(depth: int) -> None:
        if depth:
            fail(depth - 1)
        raise KeyError(depth)

    for number in range(rounds):
        try:
            if number % 3:
                fail(number % 5)
            else:
                int("no number")
        except KeyError as error:
            caught += error.args[0] + 1
        except (ValueError, TypeError):
            caught += 1
        finally:
            caught += 0
        try:
            try:
                [][number]
            except IndexError as error:
                raise RuntimeError("again") from error
        except RuntimeError as error:
            caught += error.__cause__ is not None
        with contextlib.suppress(AttributeError):
            _ = number.missing  # type: ignore[attr-defined]
        caught += {}.get(number, 1) + getattr(number, "nothing", 1)
    return caught


@contextlib.contextmanager
def counted(counter: collections.Counter):
    """Count entries and exits."""
    counter["in"] += 1
    try:
        yield counter
    finally:
        counter["out"] += 1


def closures(rounds: int) -> int:
    """Make and call functions of all kinds of parameters."""

    def adder(amount: int):
        total = 0

        def add(value: int, /, factor: int = 1, *more: int, scale: int = 1, **named: int) -> int:
            nonlocal total
            total += (value + amount) * factor * scale + sum(more) + len(named)
            return total

        return add

    add = adder(3)
    partial = functools.partial(add, scale=2)
    arguments, named = (1, 2, 3), {"scale": 2, "other": 5}
    for number in range(rounds):
        add(number)
        add(number, 2)
        add(*arguments, **named)
        partial(number)
        (lambda value, other=1: value + other)(number)
        max((number, 5), key=lambda value: -value)
    return add(0)


def comprehensions(rounds: int) -> int:
    """Make lists, sets, dictionaries, generators."""
    total = 0
    people = [{"name": f"n{index}", "age": index % 90, "tags": [index % 3, index % 5]} for index in range(200)]
    for _ in range(rounds):
        adults = [person["name"] for person in people if person["age"] >= 18]
        ages = {person["age"]: person for person in people}
        tags = {tag for person in people for tag in person["tags"]}
        oldest = max(people, key=lambda person: person["age"])
        groups = collections.defaultdict(list)
        for person in people:
            groups[person["age"] // 10].append(person["name"])
        ordered = sorted(people, key=lambda person: (-person["age"], person["name"]))
        total += len(adults) + len(ages) + len(tags) + oldest["age"] + len(groups) + len(ordered)
        total += sum(age for age in ages if age % 2) + any(age > 80 for age in ages) + all(ages)
        total += len(list(zip(adults, ages, strict=False))) + sum(1 for _ in itertools.chain(adults, ages))
    return total


def policy(states: int, rounds: int) -> float:
    """Iterate values of states over dictionaries with tuples as keys."""
    rng = random.Random(5)
    moves = {
        (state, action): [((state + step) % states, rng.random()) for step in (1, 3, 7)]
        for state in range(states)
        for action in range(4)
    }
    values = dict.fromkeys(range(states), 0.0)
    for _ in range(rounds):
        values = {
            state: max(
                sum(reward + 0.5 * values[after] for after, reward in moves[state, action]) / 3 for action in range(4)
            )
            for state in range(states)
        }
    return sum(values.values())


def shortest(size: int) -> int:
    """Find the way through a grid with a heap."""
    rng = random.Random(11)
    cost = {(x, y): rng.randrange(1, 9) for x in range(size) for y in range(size)}
    best, heap = {(0, 0): 0}, [(0, (0, 0))]
    while heap:
        spent, (x, y) = heapq.heappop(heap)
        if (x, y) == (size - 1, size - 1):
            return spent
        for place in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if place in cost and spent + cost[place] < best.get(place, 1 << 30):
                best[place] = spent + cost[place]
                heapq.heappush(heap, (best[place], place))
    raise AssertionError


async def branch(depth: int, wait: bool) -> int:
    """A tree of tasks."""
    if depth == 0:
        if wait:
            await asyncio.sleep(0)
        return 1
    return sum(await asyncio.gather(*(branch(depth - 1, wait) for _ in range(5))))


async def produced(count: int):
    """An asynchronous generator."""
    for number in range(count):
        if number % 50 == 0:
            await asyncio.sleep(0)
        yield number


async def recursive(depth: int) -> int:
    """Coroutines that wait for coroutines."""
    return 1 if depth <= 1 else await recursive(depth - 1) + await recursive(depth - 2)


async def cooperate() -> int:
    """Queues, locks, events, task groups, time limits."""
    waiting: asyncio.Queue[int] = asyncio.Queue(20)
    lock, total = asyncio.Lock(), 0

    async def produce() -> None:
        for number in range(1500):
            await waiting.put(number)

    async def consume() -> None:
        nonlocal total
        for _ in range(1500):
            number = await waiting.get()
            async with lock:
                total += number

    async with asyncio.timeout(600):
        await asyncio.gather(produce(), consume(), produce(), consume())
    tasks = [asyncio.create_task(branch(2, wait=True)) for _ in range(40)]
    done, _ = await asyncio.wait(tasks)
    total += sum(task.result() for task in done)
    total += await asyncio.to_thread(sum, range(1000))
    return total


async def asynchronous() -> None:
    """Run everything that is asynchronous."""
    for wait in (False, True):
        assert await branch(6, wait) == 5**6
    total = 0
    async for number in produced(40000):
        total += number
    assert total == sum(range(40000))
    assert await recursive(22) == 28657
    assert await cooperate() > 0


def threads(count: int) -> int:
    """Threads that hand things to each other, and many that are short."""
    waiting: queue.Queue[int | None] = queue.Queue(50)
    results: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while (number := waiting.get()) is not None:
            with lock:
                results.append(number)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for number in range(count):
        waiting.put(number)
    for _ in workers:
        waiting.put(None)
    for worker in workers:
        worker.join()
    for _ in range(400):
        thread = threading.Thread(target=results.append, args=(1,))
        thread.start()
        thread.join()
    with ThreadPoolExecutor(4) as pool:
        results.extend(pool.map(abs, range(1000)))
    return len(results)


def main() -> None:
    """Run everything once."""
    nested: list = []
    for index in range(400):
        nested = [nested, index, [index, [index]]] if index % 40 else [nested]
    assert sum(1 for _ in range(150) for _ in walk(nested[0])) > 0
    assert unpack(150_000) > 0
    assert raising(40_000) > 0
    counter: collections.Counter = collections.Counter()
    for _ in range(40_000):
        with counted(counter):
            pass
    assert counter["in"] == counter["out"] == 40_000
    assert closures(60_000) > 0
    assert comprehensions(120) > 0
    assert policy(150, 40) > 0
    assert shortest(90) > 0
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
    for number in range(20_000):
        token = variable.set(number)
        contextvars.copy_context().run(variable.get)
        variable.reset(token)
    asyncio.run(asynchronous())
    assert threads(5000) > 6000


if __name__ == "__main__":
    main()
