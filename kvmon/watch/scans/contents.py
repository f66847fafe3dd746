"""What keys hold, read by type within bounds: small values whole, of large ones the size and some pieces."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kvmon.model.conversation import Command, Refusal, Reply, Unsupported
from kvmon.watch.collectors.shapes import number
from kvmon.watch.scans.attached import field_expiry, groups_of
from kvmon.watch.scans.digests import Elsewhere, answered, digest, flat, whole_number
from kvmon.watch.scans.passing import SIZES

WHOLE = 32 * 1024
"""Bytes by MEMORY USAGE up to which a value is read whole."""

PIECES, PIECE = 8, 4096
"""How many elements of a large value are looked at (at each end, where it has ends), and bytes of each."""

ELEMENTS = 1000
"""Elements that MEMORY USAGE looks at. A value within WHOLE has fewer, so that one large among small ones is always seen."""

HUGE, LONG = 4 * 1024 * 1024, 64 * 1024
"""Bytes by MEMORY USAGE from which on elements are only looked at where they have no more than LONG on average."""

LARGER = 8
"""How many times more memory than WHOLE no server needs for the same value."""

_HLL, _HLL_CACHE = b"HYLL", slice(8, 16)
"""A HyperLogLog remembers its last count, which is none of its contents: a PFCOUNT changes it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a key holds. `kind` is TYPE's word, `none` where there is no key; `ttl` seconds left, None: it never expires.

    `size` is bytes of a string, elements of a collection; `digest` is of what was read: None where nothing was. `members` are
    the elements of a large hash or set, or the fields of a small hash, that were looked at, so that the same can be looked at
    elsewhere; `whole`: all was read. `groups` is a digest of a stream's groups, `fields` the seconds left of a hash's fields that
    expire.
    """

    kind: str
    ttl: float | None = None
    size: int | None = None
    digest: bytes | None = None
    whole: bool = False
    members: tuple[bytes, ...] = ()
    groups: bytes | None = None
    fields: Mapping[bytes, float] = field(default_factory=dict)


ABSENT = Content("none")

Steps = Generator[Sequence[Command], Sequence[Reply], Content]
_Value = Generator[Sequence[Command], Sequence[Reply], tuple[int | None, bytes | None, tuple[bytes, ...]]]


def reading(
    names: Iterable[bytes], guides: Mapping[bytes, Content] | None = None, *, fields_expire: bool = False
) -> Generator[Sequence[Command], Sequence[Reply], dict[bytes, Content]]:
    """Read these keys together, a pipeline for each round. With `guides` in the manner in which they were read elsewhere.

    `fields_expire`: the server knows fields of hashes that expire.

    A key that is refused for itself (it has moved) is left out of what is given. Raises Unsupported where the server may not be
    asked, or cannot answer now.
    """
    found: dict[bytes, Content] = {}
    talks: dict[bytes, Steps] = {}
    asked: dict[bytes, Sequence[Command]] = {}
    for name in names:
        talks[name] = _key(name, guides.get(name) if guides is not None else None, fields_expire=fields_expire)
        asked[name] = next(talks[name])
    while asked:
        replies = iter((yield [command for commands in asked.values() for command in commands]))
        after: dict[bytes, Sequence[Command]] = {}
        for name, commands in asked.items():
            own = [next(replies) for _ in commands]
            try:
                after[name] = talks[name].send(own)
            except StopIteration as end:
                found[name] = end.value
            except Elsewhere:
                pass
        asked = after
    return found


def _key(name: bytes, guide: Content | None, *, fields_expire: bool) -> Steps:
    kind_reply, left, memory = yield [("TYPE", name), ("PTTL", name), ("MEMORY", "USAGE", name, "SAMPLES", ELEMENTS)]
    for command, reply in (("TYPE", kind_reply), ("PTTL", left)):
        if isinstance(reply, Refusal):
            if reply.code in ("MOVED", "ASK", "TRYAGAIN"):
                raise Elsewhere
            raise Unsupported(reply.reason, f"{command}: {reply.text}")
    kind = kind_reply.decode("utf-8", "replace") if isinstance(kind_reply, bytes) else str(kind_reply)
    if kind == "none" or left == -2:
        return ABSENT
    ttl = left / 1000 if isinstance(left, int) and left >= 0 else None
    if guide is not None and guide.kind != kind:
        return Content(kind, ttl)
    whole = guide.whole if guide is not None else isinstance(memory, int) and memory <= WHOLE
    if guide is not None and whole and isinstance(memory, int) and memory > WHOLE * LARGER:
        return Content(kind, ttl, digest=b"larger")  # no need to carry it here to see that it is another
    if not whole and kind in SIZES and (guide.digest is None if guide is not None else isinstance(memory, int) and memory > HUGE):
        (count,) = yield [(SIZES[kind], name)]
        size = whole_number(answered(count))
        if guide is not None or (isinstance(memory, int) and memory > LONG * (size or 1)):
            return Content(kind, ttl, size)
    size, found, members = yield from _value(kind, name, whole, guide.members if guide is not None else None)
    groups = (yield from groups_of(name)) if kind == "stream" else None
    fields = (yield from field_expiry(name, members)) if kind == "hash" and fields_expire and members else {}
    return Content(kind, ttl, size, found, whole and found is not None, members, groups, fields)


def _value(kind: str, name: bytes, whole: bool, members: tuple[bytes, ...] | None) -> _Value:  # noqa: FBT001 - says it by name
    if whole and kind in _ALL:
        command, order = _ALL[kind]
        (reply,) = yield [(command[0], name, *command[1:])]
        return _all(reply, order)
    if kind == "string":
        return (yield from _string(name))
    if kind in _ENDS:
        (count, *ends) = yield [(command[0], name, *command[1:]) for command in _ENDS[kind]]
        lists = [[flat(item) for item in each] for each in map(answered, ends) if isinstance(each, list)]
        order = _ALL[kind][1]
        return whole_number(answered(count)), digest(part for items in lists for part in order(items)), ()
    if kind in ("hash", "set"):
        return (yield from _scattered(kind, name, members))
    return None, None, ()  # of a module: its kind and expiry are all that is compared


def _string(name: bytes) -> _Value:
    (length,) = yield [("STRLEN", name)]
    size = whole_number(answered(length)) or 0
    starts = sorted({max(0, (size - PIECE) * place // (PIECES - 1)) for place in range(PIECES)})
    replies = yield [("GETRANGE", name, start, start + PIECE - 1) for start in starts]
    return size, digest(flat(answered(reply)) for reply in replies), ()


def _scattered(kind: str, name: bytes, members: tuple[bytes, ...] | None) -> _Value:
    """A large hash or set has no ends: some elements by chance, or those that were looked at elsewhere."""
    size_of, draw = ("HLEN", "HRANDFIELD") if kind == "hash" else ("SCARD", "SRANDMEMBER")
    if members is None:
        count, drawn = yield [(size_of, name), (draw, name, PIECES)]
        # HRANDFIELD came with 6.2: before it only the number of fields is compared.
        members = tuple(sorted({each for each in drawn if isinstance(each, bytes)})) if isinstance(drawn, list) else ()
    else:
        (count,) = yield [(size_of, name)]
    size = whole_number(answered(count))
    if not members:
        return size, None, ()
    if kind == "set":
        replies = yield [("SISMEMBER", name, member) for member in members]
        return size, digest(flat(answered(reply)) for reply in replies), members
    lengths = yield [("HSTRLEN", name, member) for member in members]
    short = [member for member, length in zip(members, lengths, strict=True) if isinstance(length, int) and length <= PIECE]
    values = (yield [("HMGET", name, *short)]) if short else []
    return (
        size,
        digest([*(flat(answered(length)) for length in lengths), *(flat(answered(each)) for each in values)]),
        members,
    )


def _all(reply: Reply, order: Callable[[list[bytes]], list[bytes]]) -> tuple[int | None, bytes | None, tuple[bytes, ...]]:
    found = answered(reply)
    if found is None:
        raise Elsewhere  # it was there a round trip ago
    if isinstance(found, bytes):
        plain = found[: _HLL_CACHE.start] + found[_HLL_CACHE.stop :] if found.startswith(_HLL) else found
        return len(found), digest([plain]), ()
    items = [flat(each) for each in found] if isinstance(found, list) else []
    fields = tuple(items[::2]) if order is _pairs else ()
    return len(items) // (2 if order in (_pairs, _scored) else 1), digest(order(items)), fields


def _as_it_is(items: list[bytes]) -> list[bytes]:
    return items


def _pairs(items: list[bytes]) -> list[bytes]:
    return [part for pair in sorted(zip(items[::2], items[1::2], strict=True)) for part in pair]


def _scored(items: list[bytes]) -> list[bytes]:
    """Versions write scores in different ways: 3 and 3.0, 0.1 and 0.10000000000000001."""
    return _pairs([repr(number(item)).encode() if place % 2 else item for place, item in enumerate(items)])


_ALL: Mapping[str, tuple[tuple[str | int, ...], Callable[[list[bytes]], list[bytes]]]] = {
    "string": (("GET",), _as_it_is),
    "list": (("LRANGE", 0, -1), _as_it_is),
    "set": (("SMEMBERS",), sorted),
    "hash": (("HGETALL",), _pairs),
    "zset": (("ZRANGE", 0, -1, "WITHSCORES"), _scored),
    "stream": (("XRANGE", "-", "+"), _as_it_is),
}
"""How to read a whole value, and how to put what has no order into one."""

_ENDS: Mapping[str, tuple[tuple[str | int, ...], ...]] = {
    "list": (("LLEN",), ("LRANGE", 0, PIECES - 1), ("LRANGE", -PIECES, -1)),
    "zset": (("ZCARD",), ("ZRANGE", 0, PIECES - 1), ("ZRANGE", -PIECES, -1)),
    "stream": (("XLEN",), ("XRANGE", "-", "+", "COUNT", PIECES), ("XREVRANGE", "+", "-", "COUNT", PIECES)),
}
"""The number of elements, and some at both ends."""

READS = (
    "type", "pttl", "memory|usage", "get", "lrange", "smembers", "hgetall", "zrange", "xrange", "strlen", "getrange", "llen",
    "zcard", "xlen", "xrevrange", "hlen", "scard", "hrandfield", "srandmember", "hstrlen", "hmget", "sismember", "xinfo|groups",
)  # fmt: skip
"""Commands that read keys, as rules of access control name them."""
