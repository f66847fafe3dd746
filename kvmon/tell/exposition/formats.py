"""The formats of exposition, and which one a client gets by its Accept header."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Dialect(StrEnum):
    """What the text follows."""

    CLASSIC = "classic"
    OPENMETRICS = "openmetrics"


@dataclass(frozen=True, slots=True)
class Format:
    """A dialect and the content type that tells it."""

    dialect: Dialect
    content_type: str


class Accepted(NamedTuple):
    """One element of an Accept header; parameter names are lower case, `q` is 0..1."""

    media: str
    parameters: dict[str, str]
    q: float


ESCAPINGS = ("allow-utf-8", "underscores", "dots", "values")
"""All are the same text here: every name is a classic one."""

TEXT_0_0_4 = Format(Dialect.CLASSIC, "text/plain; version=0.0.4; charset=utf-8")


def text_1_0_0(escaping: str) -> Format:
    """The classic text whose names are escaped in a way that client and server agree on."""
    return Format(Dialect.CLASSIC, f"text/plain; version=1.0.0; charset=utf-8; escaping={escaping}")


def openmetrics(escaping: str) -> Format:
    """OpenMetrics 1.0.0."""
    return Format(Dialect.OPENMETRICS, f"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping={escaping}")


def parse_accept(header: str) -> list[Accepted]:
    """The elements of a header, best first, equal ones in their order. What is no number counts as q=0."""
    elements = []
    for element in header.split(","):
        media, *rest = (part.strip() for part in element.split(";"))
        if not media:
            continue
        parameters = {}
        for part in rest:
            key, _, value = part.partition("=")
            parameters[key.strip().lower()] = value.strip().strip('"')
        elements.append(Accepted(media.lower(), parameters, _quality(parameters.pop("q", "1"))))
    return sorted(elements, key=lambda element: -element.q)


def _quality(text: str) -> float:
    try:
        q = float(text)
    except ValueError:
        return 0.0
    return q if 0.0 <= q <= 1.0 else 0.0


def choose(header: str) -> Format:
    """The best format that the client takes; the classic text 0.0.4 where it asks for nothing we have."""
    for media, parameters, q in parse_accept(header):
        if q == 0.0:
            break
        version = parameters.get("version", "")
        escaping = parameters.get("escaping", "")
        escaping = escaping if escaping in ESCAPINGS else "underscores"
        if media == "application/openmetrics-text" and version in ("", "1.0.0"):
            return openmetrics(escaping)
        if media == "text/plain" and version == "1.0.0":
            return text_1_0_0(escaping)
        if media in ("text/plain", "text/*", "*/*") and version in ("", "0.0.4"):
            return TEXT_0_0_4
    return TEXT_0_0_4


def takes_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header asks for gzip; `*` alone does not."""
    return any(media == "gzip" and q > 0 for media, _, q in parse_accept(header))
