"""A disk that is full until the journal is opened once more."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kvmon.journal import file as journal_file


def fill(monkeypatch: pytest.MonkeyPatch, *, spare: int = 0) -> list[sqlite3.Connection]:
    """The first connection may grow by so many pages only; all that are opened from now on, as they are."""
    opened: list[sqlite3.Connection] = []
    real = journal_file._open

    def small(path: Path) -> sqlite3.Connection:
        connection = real(path)
        if not opened:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + spare}")
        opened.append(connection)
        return connection

    monkeypatch.setattr(journal_file, "_open", small)
    return opened
