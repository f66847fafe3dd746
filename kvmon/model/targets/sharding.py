"""Which of several processes watches a target: rendezvous hashing, so that one process more or less moves as few as can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

MOST = 1_000

_TRAILING = re.compile(r"(?:^|\D)(\d{1,4})$")


@dataclass(frozen=True, slots=True)
class Part:
    """The `number`-th of `of` processes, from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        """`2/5`."""
        return f"{self.number}/{self.of}"

    def has(self, target: str) -> bool:
        """Whether the target of this name is this process'."""
        return owner(target, self.of) == self.number


def owner(target: str, of: int) -> int:
    """Which of so many processes has the target, from 1: the one whose number gives the highest hash with the name."""
    return max(range(1, of + 1), key=lambda number: (_weight(target, number), number))


def parse_part(text: str, host: str) -> Part:
    """Read `2/5`, or `auto/5` for the number at the end of the host's name, which counts from 0. Raises ValueError."""
    word, slash, count = text.partition("/")
    of = _number(count)
    if not slash or not 1 <= of <= MOST:
        raise ValueError(f"{text!r} is no part: write 2/5 for the second of five, or auto/5 in a StatefulSet of five")
    if word == "auto":
        found = _TRAILING.search(host)
        if found is None:
            raise ValueError(f"auto: the name of this host, {host!r}, does not end in a number: write 1/{of} to {of}/{of}")
        number = int(found[1]) + 1
    else:
        number = _number(word)
    if not 1 <= number <= of:
        raise ValueError(
            f"there is no part {number} of {of}: they are counted from 1" + (" (pods from 0)" if word == "auto" else "")
        )
    return Part(number, of)


def _weight(target: str, number: int) -> bytes:
    return blake2b(f"{number}\0{target}".encode(), digest_size=8).digest()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
