"""The file, or memory in its place while the disk does not do its work. Everything here runs in the writer's thread."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import structlog

from kvmon.journal.place import is_network
from kvmon.journal.tables import TABLES, VERSION

log = structlog.get_logger("kvmon")

NAME = "journal.db"
RETRY = 30.0
"""Seconds between tries to go back to the disk."""

DISK = frozenset({3, 5, 6, 8, 10, 11, 13, 14, 22, 26})
"""SQLite's primary codes of a disk: PERM BUSY LOCKED READONLY IOERR CORRUPT FULL CANTOPEN NOLFS NOTADB. Others: a query's."""

BROKEN = frozenset({11, 26})
"""CORRUPT, NOTADB: the file is no database any more."""

Work = Callable[[sqlite3.Connection], Any]


class Newer(Exception):
    """A later version of kvmon wrote the file."""


class JournalFile:
    """A connection that is never lost: what the disk refuses goes on in memory, and back when the disk can again."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / NAME if folder is not None else None
        self._aside = False
        self._tried = 0.0
        self.ok = True
        """False while a file is wanted and memory is used."""
        try:
            self._connection = _open(self._path) if self._path is not None else _memory()
        except (sqlite3.Error, OSError, Newer) as error:
            self._connection = self._begin_again(error)

    def run(self, works: Sequence[Work]) -> list[Any]:
        """The result of each, or its exception, all in one transaction. On a full or broken disk they run again, in memory."""
        if not self.ok and time.monotonic() - self._tried > RETRY:
            self._return()
        try:
            return _transaction(self._connection, works)
        except sqlite3.Error as error:
            if self._path is None or not self.ok or not _of_disk(error):
                raise
            self._leave(error)
            return _transaction(self._connection, works)

    def close(self) -> None:
        """After a last try to bring to the disk what is only in memory."""
        if not self.ok:
            self._return()
        self._connection.close()

    def _begin_again(self, error: Exception) -> sqlite3.Connection:
        """After a failed start: the broken file is moved aside and a new one begun, anything else goes on in memory."""
        if _is_broken(error) and self._path is not None:
            with suppress(sqlite3.Error, OSError):
                self._move_aside()
                return _open(self._path)
        self._lost(error)
        self._aside = isinstance(error, Newer)
        return _memory()

    def _leave(self, error: sqlite3.Error) -> None:
        """From the disk to memory, with all that can still be read."""
        memory = _memory()
        with closing(self._connection):
            try:
                self._connection.backup(memory)
            except sqlite3.Error:
                memory = _memory()
        self._connection = memory
        self._lost(error)

    def _return(self) -> None:
        """From memory to the disk."""
        self._tried = time.monotonic()
        if self._path is None or self._aside:
            return
        try:
            disk = self._reopened(self._path)
            try:
                self._connection.backup(disk)
            except sqlite3.Error:
                disk.close()
                raise
        except (sqlite3.Error, OSError, Newer):
            return
        self._connection.close()
        self._connection = disk
        self.ok = True
        log.info("the journal is on the disk again", file=str(self._path))

    def _reopened(self, path: Path) -> sqlite3.Connection:
        try:
            return _open(path)
        except sqlite3.Error as error:
            if not _is_broken(error):
                raise
            self._move_aside()
            return _open(path)

    def _lost(self, error: Exception) -> None:
        self.ok = False
        self._tried = time.monotonic()
        log.warning(
            "the journal cannot be kept on the disk: alerts, silences and events are kept in memory only, and are lost with "
            "a restart; give the daemon a writable state_dir with room",
            file=str(self._path), error=str(error),
        )  # fmt: skip

    def _move_aside(self) -> None:
        path = self._path
        assert path is not None  # noqa: S101 - only files break
        kept = path.with_name(f"{NAME}.broken-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        path.replace(kept)
        for suffix in ("-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").replace(f"{kept}{suffix}")
        log.warning("the journal was broken and is moved aside, a new one begins", file=str(path), kept=str(kept))


def _memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(TABLES)
    return connection


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        _must_be_ours_and_whole(connection)
        connection.execute(f"PRAGMA journal_mode={'DELETE' if is_network(path.parent) else 'WAL'}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(TABLES)
        connection.execute(f"PRAGMA user_version={VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _must_be_ours_and_whole(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise Newer(f"a later version of kvmon wrote it (schema {version}, this one knows {VERSION})")
    (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if health != "ok":
        broken = sqlite3.DatabaseError(health)
        broken.sqlite_errorcode = min(BROKEN)
        raise broken


def _transaction(connection: sqlite3.Connection, works: Sequence[Work]) -> list[Any]:
    """Each work inside a savepoint, so that one that fails takes nothing of the others with it. Raises what the disk refuses."""
    results: list[Any] = []
    connection.execute("BEGIN")
    try:
        for work in works:
            connection.execute("SAVEPOINT work")
            try:
                results.append(work(connection))
            except sqlite3.Error as error:
                if _of_disk(error):
                    raise
                connection.execute("ROLLBACK TO work")
                results.append(error)
            except Exception as error:  # noqa: BLE001 - it is raised again where the work was asked for
                connection.execute("ROLLBACK TO work")
                results.append(error)
            connection.execute("RELEASE work")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return results


def _of_disk(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DISK


def _is_broken(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN
