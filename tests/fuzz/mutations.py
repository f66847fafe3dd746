"""Inputs that are nearly right: real ones, cut, doubled, joined and sprinkled with what parsers stumble over."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

CRUMBS = (
    b"",
    b"\0",
    b"\\",
    b"\r\n",
    b"\n",
    b":",
    b": ",
    b"=",
    b",",
    b"-1",
    b"nan",
    b"1e999",
    b"9" * 25,
    b"{",
    b"}",
    b"[",
    b"]",
    b"'",
    b'"',
    b"- ",
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!python/name:os.system ",
    b"!",
    b"|",
    b">",
    b"%",
    b"@",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    "\u2028".encode(),
    b"$-1\r\n",
    b"*1000000000\r\n",
    b"%1\r\n",
    b"~2\r\n",
    b"_\r\n",
    b"(123\r\n",
    b"${A}",
    b"${file:/}",
    b"{{",
    b"\t",
)


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after a few accidents; now and then anything at all."""
    if random.randrange(20) == 0:
        return random.randbytes(random.randrange(200))
    text = bytearray(random.choice(seeds))
    for _ in range(random.randrange(7)):
        _accident(random, text, seeds)
    return bytes(text)


def _accident(random: Random, text: bytearray, seeds: Sequence[bytes]) -> None:
    begin = random.randrange(len(text) + 1)
    end = min(len(text), begin + random.choice((0, 1, 1, 4, 40, len(text))))
    kind = random.randrange(5)
    if kind == 0:
        text[begin:end] = random.choice(CRUMBS)
    elif kind == 1:
        text[begin:begin] = text[begin:end] * random.choice((1, 2, 50))
        del text[1 << 16 :]
    elif kind == 2 and text:
        text[begin % len(text)] = random.randrange(256)
    elif kind == 3:
        other = random.choice(seeds)
        start = random.randrange(len(other) + 1)
        text[begin:end] = other[start : start + 60]
    else:
        del text[begin:end]
