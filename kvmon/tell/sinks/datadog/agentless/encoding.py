"""How bodies are compressed. A body says by its first bytes how it was: what waits outlives a change of the configuration."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encoding:
    """`header` is the value of Content-Encoding, `magic` what every such body begins with."""

    header: str
    magic: bytes
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes], bytes]


def _zstd(body: bytes) -> bytes:
    # Here, as it is an extra.
    import zstandard

    return zstandard.compress(body)


def _unzstd(body: bytes) -> bytes:
    import zstandard

    return zstandard.decompress(body)


ENCODINGS: Mapping[str, Encoding] = {
    "deflate": Encoding("deflate", b"\x78", zlib.compress, zlib.decompress),
    "gzip": Encoding("gzip", b"\x1f\x8b", lambda body: gzip.compress(body, mtime=0), gzip.decompress),
    "zstd": Encoding("zstd1", b"\x28\xb5\x2f\xfd", _zstd, _unzstd),
}
"""By the words of a configuration."""


def encoding_of(body: bytes) -> Encoding:
    """How this body was compressed."""
    return next((each for each in ENCODINGS.values() if body.startswith(each.magic)), ENCODINGS["deflate"])
