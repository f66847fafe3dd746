"""Sets of labels: values that are made once and looked at very often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name, `__name__` among them. No value is empty."""

NAME = "__name__"

RESERVED = frozenset({NAME, "__type__", "__unit__"})
"""What says of which metric a series is: whatever changes a value takes these away."""


class Labelset:
    """Labels with what is computed from them kept beside. Compared by identity: use `key` to compare what they say."""

    __slots__ = ("_bare", "_key", "_nameless", "pairs")

    def __init__(self, pairs: Labels) -> None:
        self.pairs = pairs
        self._key: str | None = None
        self._bare: Labelset | None = None
        self._nameless: Labelset | None = None

    @classmethod
    def of(cls, labels: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labelset:
        """From names and values in any order; empty values are left out, as they mean that there is no such label."""
        pairs = labels.items() if isinstance(labels, Mapping) else labels
        return cls(tuple(sorted(pair for pair in pairs if pair[1])))

    @property
    def key(self) -> str:
        """A text that two sets share only if they say the same. Text, because Python keeps the hash of a text."""
        key = self._key
        if key is None:
            key = self._key = key_of(self.pairs)
        return key

    @property
    def bare(self) -> Labelset:
        """Without the name of the metric; the same object every time."""
        bare = self._bare
        if bare is None:
            pairs = tuple([pair for pair in self.pairs if pair[0] not in RESERVED])
            bare = self._bare = self if len(pairs) == len(self.pairs) else Labelset(pairs)
        return bare

    @property
    def nameless(self) -> Labelset:
        """With the name of the metric, which goes when the query ends; the same object every time."""
        nameless = self._nameless
        if nameless is None:
            nameless = self._nameless = Nameless(self)
        return nameless

    @property
    def named(self) -> Labelset:
        """With the name of the metric, which stays."""
        return self

    @property
    def final(self) -> Labelset:
        """What is left when the query ends."""
        return self

    def get(self, name: str) -> str:
        """The value, empty where there is no such label."""
        for pair in self.pairs:
            if pair[0] == name:
                return pair[1]
        return ""

    def __str__(self) -> str:
        return text_of(self.pairs)

    def __repr__(self) -> str:
        return f"Labelset({self})"


class Nameless(Labelset):
    """Labels whose metric's name goes when the query ends, and is there until then: Prometheus' delayed name removal."""

    __slots__ = ("_named",)

    def __init__(self, named: Labelset) -> None:
        super().__init__(named.pairs)
        self._named = named
        self._nameless = self

    @property
    def named(self) -> Labelset:
        """See Labelset."""
        return self._named

    @property
    def final(self) -> Labelset:
        """See Labelset."""
        return self._named.bare


EMPTY = Labelset(())


def key_of(pairs: Labels) -> str:
    """See Labelset.key."""
    key = "\0".join([part for pair in pairs for part in pair])
    return key if key.count("\0") == max(0, 2 * len(pairs) - 1) else repr(pairs)


def text_of(pairs: Labels) -> str:
    """As Prometheus writes labels in its messages: `{__name__="up", job="kvmon"}`."""
    return "{" + ", ".join(f"{_name(name)}={quoted(value)}" for name, value in pairs) + "}"


def quoted(text: str) -> str:
    """Text between quotes as Go's strconv.Quote writes it (for what is printable)."""
    out = []
    for sign in text:
        if sign in ESCAPES:
            out.append(ESCAPES[sign])
        elif sign.isprintable():
            out.append(sign)
        else:
            code = ord(sign)
            out.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(out) + '"'


ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v",
}  # fmt: skip


def _name(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain else quoted(name)
