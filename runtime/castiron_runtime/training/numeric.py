"""Training: loops over floats, integers, and lists of them."""

from __future__ import annotations

import array
import cmath
import math
import random
from fractions import Fraction


def bodies(steps: int) -> float:
    """Move five bodies that attract each other; return the energy."""
    rng = random.Random(1)
    system = [
        ([rng.uniform(-30, 30) for _ in range(3)], [rng.uniform(-1, 1) for _ in range(3)], rng.random())
        for _ in range(5)
    ]
    pairs = [(first, second) for index, first in enumerate(system) for second in system[index + 1 :]]
    for _ in range(steps):
        for (place, speed, mass), (place_2, speed_2, mass_2) in pairs:
            dx, dy, dz = place[0] - place_2[0], place[1] - place_2[1], place[2] - place_2[2]
            magnitude = 0.01 * ((dx * dx + dy * dy + dz * dz) ** -1.5)
            pull, pull_2 = mass * magnitude, mass_2 * magnitude
            speed[0] -= dx * pull_2
            speed[1] -= dy * pull_2
            speed[2] -= dz * pull_2
            speed_2[0] += dx * pull
            speed_2[1] += dy * pull
            speed_2[2] += dz * pull
        for place, (vx, vy, vz), _ in system:
            place[0] += 0.01 * vx
            place[1] += 0.01 * vy
            place[2] += 0.01 * vz
    return sum(0.5 * mass * (vx * vx + vy * vy + vz * vz) for _, (vx, vy, vz), mass in system)


def spectral(size: int) -> float:
    """Approximate the spectral norm of an infinite matrix."""

    def entry(row: int, column: int) -> float:
        return 1.0 / ((row + column) * (row + column + 1) // 2 + row + 1)

    def times(vector: list[float]) -> list[float]:
        return [sum(entry(row, column) * value for column, value in enumerate(vector)) for row in range(size)]

    vector = [1.0] * size
    for _ in range(3):
        vector = times(times(vector))
    return math.sqrt(sum(value * value for value in vector))


def flips(size: int) -> int:
    """Count the flips of pancakes over all permutations."""
    numbers, counts, most, left = list(range(size)), [0] * size, 0, size
    while True:
        while left > 1:
            counts[left - 1] = left
            left -= 1
        if numbers[0]:
            stack, done = numbers[:], 0
            while (first := stack[0]) != 0:
                stack[: first + 1] = stack[first::-1]
                done += 1
            most = max(most, done)
        while True:
            if left == size:
                return most
            numbers.insert(left, numbers.pop(0))
            counts[left] -= 1
            if counts[left] > 0:
                break
            left += 1


def queens(size: int) -> int:
    """Count the ways of putting queens on a board, by permutations and sets."""

    def permutations(items: list[int], length: int):
        indices, cycles = list(range(length)), list(range(length, 0, -1))
        yield tuple(items[index] for index in indices)
        while True:
            for place in reversed(range(length)):
                cycles[place] -= 1
                if cycles[place] == 0:
                    indices[place:] = indices[place + 1 :] + indices[place : place + 1]
                    cycles[place] = length - place
                else:
                    other = cycles[place]
                    indices[place], indices[-other] = indices[-other], indices[place]
                    yield tuple(items[index] for index in indices)
                    break
            else:
                return

    columns = list(range(size))
    return sum(
        size
        == len({board[column] + column for column in columns})
        == len({board[column] - column for column in columns})
        for board in permutations(columns, size)
    )


def digits(count: int) -> str:
    """Return digits of pi, by a spigot over long integers."""
    result, q, r, t, k, n, step = [], 1, 0, 1, 1, 3, 3
    while len(result) < count:
        if 4 * q + r - t < n * t:
            result.append(str(n))
            q, r, n = 10 * q, 10 * (r - n * t), (10 * (3 * q + r)) // t - 10 * n
        else:
            q, r, t, k, n, step = (
                q * k,
                (2 * q + r) * step,
                t * step,
                k + 1,
                (q * (7 * k) + 2 + r * step) // (t * step),
                step + 2,
            )
    return "".join(result)


def relax(size: int, rounds: int) -> float:
    """Over-relax a grid of floats, in rows of arrays."""
    grid = [array.array("d", [0.1 * column for column in range(size)]) for _ in range(size)]
    for _ in range(rounds):
        for row in range(1, size - 1):
            above, here, below = grid[row - 1], grid[row], grid[row + 1]
            for column in range(1, size - 1):
                around = above[column] + below[column] + here[column - 1] + here[column + 1]
                here[column] = 0.3125 * around - 0.25 * here[column]
    return grid[size // 2][size // 2]


def decompose(size: int) -> float:
    """Return the determinant of a matrix, by elimination over lists of lists."""
    rng = random.Random(7)
    rows = [[rng.random() for _ in range(size)] for _ in range(size)]
    determinant = 1.0
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        if pivot != column:
            rows[pivot], rows[column] = rows[column], rows[pivot]
            determinant = -determinant
        head = rows[column]
        determinant *= head[column]
        for row in rows[column + 1 :]:
            factor = row[column] / head[column]
            for index in range(column, size):
                row[index] -= factor * head[index]
    return determinant


def transform(values: list[complex]) -> list[complex]:
    """Return the discrete Fourier transform, by halves."""
    if len(values) == 1:
        return values
    even, odd = transform(values[::2]), transform(values[1::2])
    half = len(even)
    twisted = [cmath.exp(-2j * cmath.pi * index / len(values)) * odd[index] for index in range(half)]
    return [even[index] + twisted[index] for index in range(half)] + [
        even[index] - twisted[index] for index in range(half)
    ]


def escape(size: int) -> int:
    """Count the points of a square that stay in Mandelbrot's set."""
    inside = 0
    for row in range(size):
        for column in range(size):
            real, imaginary = 2.5 * column / size - 2.0, 2.0 * row / size - 1.0
            x = y = 0.0
            for _ in range(60):
                x, y = x * x - y * y + real, 2.0 * x * y + imaginary
                if x * x + y * y > 4.0:
                    break
            else:
                inside += 1
    return inside


def primes(limit: int) -> int:
    """Count primes, with a sieve of bytes."""
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for number in range(2, math.isqrt(limit) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(sieve)


def cipher(rounds: int) -> int:
    """Mix words as block ciphers do: shifts, masks, table look-ups."""
    table = [(value * 167 + 13) & 0xFF for value in range(256)]
    state = [0x01234567, 0x89ABCDEF, 0xFEDCBA98, 0x76543210]
    for number in range(rounds):
        mixed = []
        for index in range(4):
            word = state[index] ^ state[(index + 1) % 4] ^ number
            mixed.append(
                (table[word >> 24] << 24)
                | (table[(word >> 16) & 0xFF] << 16)
                | (table[(word >> 8) & 0xFF] << 8)
                | table[word & 0xFF]
            )
        state = [((word << 5) | (word >> 27)) & 0xFFFFFFFF for word in mixed]
    return state[0]


def collatz(limit: int) -> int:
    """Return the longest chain below a limit: small integers, a dictionary."""
    lengths = {1: 1}
    for start in range(2, limit):
        number, steps = start, 0
        while number not in lengths:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
        lengths[start] = lengths[number] + steps
    return max(lengths.values())


def main() -> None:
    """Run everything once."""
    assert math.isfinite(bodies(15000))
    assert spectral(130) > 0
    assert flips(8) == 22
    assert queens(8) == 92
    assert digits(1200).startswith("31415926535")
    assert math.isfinite(relax(90, 25))
    assert decompose(110) != 0
    values = [complex(math.sin(index), index % 7) for index in range(4096)]
    assert len(transform(values)) == 4096
    assert escape(110) > 0
    assert primes(2_000_000) == 148933
    assert cipher(60000) >= 0
    assert collatz(60000) == 340
    assert sum(Fraction(1, number) for number in range(1, 400)) > 6
    rng = random.Random(3)
    inside = sum(rng.random() ** 2 + rng.random() ** 2 < 1 for _ in range(300_000))
    assert 0.75 < inside / 300_000 < 0.82


if __name__ == "__main__":
    main()
