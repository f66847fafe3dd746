"""FT._LIST and FT.INFO: search indexes of RediSearch, Redis 8 and valkey-search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from kvmon.model.conversation import Answer, Conversation, Refusal, Reply
from kvmon.model.metrics.catalogue import search as rows
from kvmon.model.metrics.sample import Sample
from kvmon.options import Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, number, table, text

COMMAND = "FT.INFO"

MODULES = ("search", "searchlight")
"""What the module calls itself: that of Redis and that of Valkey, and a light variant."""

BYTES = {"FLOAT64": 8, "FLOAT32": 4, "FLOAT16": 2, "BFLOAT16": 2, "INT8": 1, "UINT8": 1}
"""Of one number of a vector, by its type."""

ATTRIBUTES = 10
"""Vectors of one index that are shown."""

_NAME = re.compile(r"(?m)^module:name=([^,]*)")


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error.msg}") from None
    return value


class Search(Collector):
    """Search indexes: FT._LIST, and FT.INFO of each; off unless switched on. Servers without the module are not asked.

    `indexes` is a regular expression for names; at most `most` are looked at.
    """

    name: ClassVar[str] = "search"
    asks: ClassVar[tuple[str, ...]] = ("info", "ft._list", "ft.info")

    every: Seconds = 60.0
    enabled: bool = False
    indexes: Annotated[str, AfterValidator(_expression)] = ".*"
    most: Annotated[int, Field(ge=1, le=1000)] = 100

    def needs(self, server: Server) -> bool:
        """Modules came with version 4; a Sentinel has none."""
        return server.mode != "sentinel" and server.version >= (4, 0, 0)

    def ask(self, server: Server, memory: None) -> Conversation[None]:
        """Whether the module is there, which indexes there are, and each of them."""
        del server
        (modules,) = yield [("INFO", "modules")]
        if not set(_NAME.findall(text("INFO modules", modules))) & set(MODULES):
            return Answer([], memory)
        (reply,) = yield [("FT._LIST",)]
        names = [name for name in array("FT._LIST", reply) if isinstance(name, bytes | str)]
        samples = [Sample(rows.INDEXES, len(names))]
        wanted = re.compile(self.indexes)
        chosen = sorted(
            {name for name in names if wanted.search(text("FT._LIST", name))}, key=lambda name: text("FT._LIST", name)
        )
        replies = (yield [(COMMAND, name) for name in chosen[: self.most]]) if chosen else []
        for name, about in zip(chosen, replies, strict=False):
            # One that was dropped meanwhile, or that this user may not see, costs no other.
            if not isinstance(about, Refusal):
                samples += _index(text("FT._LIST", name), table(COMMAND, about))
        return Answer(samples, memory)


def _index(name: str, about: Mapping[str, Reply]) -> Iterator[Sample]:
    found = {field: value for field, reply in about.items() if (value := number(reply)) is not None}
    for field, (spec, scale) in rows.BY_FIELD.items():
        if field in found:
            yield Sample(spec, found[field] * scale, (name,))
    documents = found.get("num_docs")
    errors = about.get("Index Errors")
    failures = number(table(COMMAND, errors).get("indexing failures")) if isinstance(errors, list) else None
    mine = {
        rows.DOCUMENTS: documents,
        rows.FAILURES: failures if failures is not None else found.get("hash_indexing_failures"),
        rows.INDEXING: found.get("indexing", found.get("backfill_in_progress")),
        rows.INDEXED: found.get("percent_indexed", found.get("backfill_complete_percent")),
        rows.MEMORY: _bytes(found.get("total_index_memory_sz_mb")),
        rows.VECTOR_MEMORY: _bytes(found.get("vector_index_sz_mb")),
        rows.QUEUE: found.get("mutation_queue_size"),
        rows.USES: found.get("number_of_uses"),
    }
    for spec, value in mine.items():
        if value is not None:
            yield Sample(spec, value, (name,))
    attributes = about.get("attributes")
    shown: set[str] = set()
    for attribute in attributes if isinstance(attributes, list) else ():
        vector = _vector(attribute)
        if vector is None or vector[0] in shown or len(shown) >= ATTRIBUTES:
            continue
        field, dimensions, width = vector
        shown.add(field)
        yield Sample(rows.DIMENSIONS, dimensions, (name, field))
        if documents is not None and width:
            yield Sample(rows.VECTOR_DATA, documents * dimensions * width, (name, field))


def _bytes(mebibytes: float | None) -> float | None:
    return mebibytes * rows.MIB if mebibytes is not None else None


def _vector(attribute: Reply) -> tuple[str, float, int] | None:
    """Name, dimensions and bytes of a number of a vector; None for another attribute. Flags stand among the pairs."""
    words = _words(attribute)
    if words.get("type", "").upper() != "VECTOR":
        return None
    dimensions = number(words.get("dim", words.get("dimensions")))
    name = words.get("attribute", words.get("identifier", ""))
    return (name, dimensions, BYTES.get(words.get("data_type", "").upper(), 0)) if dimensions is not None else None


def _words(attribute: Reply) -> dict[str, str]:
    """Every word of a nested list with the word after it: RediSearch has flags without a value, valkey-search lists in lists."""
    found: dict[str, str] = {}
    before = ""
    for each in attribute if isinstance(attribute, list) else ():
        if isinstance(each, list):
            for name, value in _words(each).items():
                found.setdefault(name, value)
            before = ""
            continue
        word = text(COMMAND, each) if isinstance(each, bytes | str) else str(each)
        if before:
            found.setdefault(before, word)
        before = word.lower()
    return found
