"""What kind of server answers: software, version, mode, role; read from INFO, and what other questions are chosen by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Software = Literal["redis", "valkey"]
Mode = Literal["standalone", "cluster", "sentinel"]


@dataclass(frozen=True, slots=True)
class Server:
    """One server process as it describes itself.

    `version` is its own version (a Valkey's, not the Redis version it claims for compatibility), (0, 0, 0) where it says none.
    `role` is `master`, `slave`, `sentinel` or empty. `modules` are the names of loaded modules, in lower case. `databases` is
    how many databases there are: 16 where nothing says otherwise.
    """

    software: Software = "redis"
    version: tuple[int, int, int] = (0, 0, 0)
    mode: Mode = "standalone"
    role: str = ""
    run_id: str = ""
    modules: frozenset[str] = frozenset()
    databases: int = 16


UNKNOWN = Server()
"""Nothing is known yet: what the first INFO of a connection is asked with."""


def server_of(fields: Mapping[str, str]) -> Server:
    """Read it from the plain fields of INFO; `modules` is a comma-separated list that the reader of INFO adds."""
    valkey = fields.get("valkey_version", "")
    software: Software = "valkey" if valkey or fields.get("server_name") == "valkey" else "redis"
    return Server(
        software=software,
        version=parse_version(valkey or fields.get("redis_version", "")),
        mode=_mode(fields),
        role=fields.get("role", ""),
        run_id=fields.get("run_id", ""),
        modules=frozenset(filter(None, fields.get("modules", "").lower().split(","))),
        databases=_count(fields.get("databases", ""), otherwise=16),
    )


def parse_version(text: str) -> tuple[int, int, int]:
    """`7.2.4` as (7, 2, 4); what is missing or no number counts as 0, as in `8.0.0-rc1`."""
    numbers = [_count(part, otherwise=0) for part in text.split("-", 1)[0].split(".")[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return major, minor, patch


def _mode(fields: Mapping[str, str]) -> Mode:
    text = fields.get("redis_mode") or fields.get("server_mode") or ""
    if text == "sentinel":
        return "sentinel"
    return "cluster" if text == "cluster" or fields.get("cluster_enabled") == "1" else "standalone"


def _count(text: str, *, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise
