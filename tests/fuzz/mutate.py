"""Makes new inputs of good ones: bytes flipped, cut, repeated, exchanged, and numbers that are known to hurt."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

LONGEST = 200_000
AWKWARD = [
    b"\xff" * 10,
    b"\x00",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"9223372036854775808",
    b"-1",
    b"1e999",
    b"NaN",
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"[" * 200,
    b'{"a":' * 50,
    b"'",
    b"--",
    b"(" * 100,
    "\u202e\U0001f600\u00df".encode(),
    b"%s%n",
]


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of `seeds`, changed one to eight times."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 8)):
        data = chance.choice(CHANGES)(data, seeds, chance)
    return bytes(data[:LONGEST])


Change = Callable[[bytearray, Sequence[bytes], random.Random], bytearray]


def _flip(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def _overwrite(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)
    return data


def _insert(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    at = chance.randint(0, len(data))
    data[at:at] = chance.choice(AWKWARD)
    return data


def _cut(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    begin = chance.randint(0, len(data))
    del data[begin : begin + chance.randint(1, 100)]
    return data


def _repeat(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    begin = chance.randint(0, len(data))
    piece = data[begin : begin + chance.randint(1, 200)]
    data[begin:begin] = piece * chance.randint(1, 20)
    return data


def _exchange(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    other = chance.choice(seeds)
    begin, at = chance.randint(0, len(other)), chance.randint(0, len(data))
    length = chance.randint(1, 400)
    data[at : at + length] = other[begin : begin + length]
    return data


CHANGES: tuple[Change, ...] = (_flip, _overwrite, _insert, _cut, _repeat, _exchange)
