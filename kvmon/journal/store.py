"""The journal as the event loop sees it: work is handed to one writer thread, and its result comes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import sqlite3

    from kvmon.journal.file import JournalFile

T = TypeVar("T")

SHARED = 200
"""Works that one commit, and so one wait for the disk, is shared by at most."""


class _Ask(NamedTuple):
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]


class Journal:
    """Rows that survive a restart where there is a folder for them, and live in memory where there is none."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._asks: SimpleQueue[_Ask | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._file: JournalFile | None = None
        self._closed = False

    @classmethod
    def open(cls, state_dir: Path | None) -> Journal:
        """The journal of a folder, which is made where it is not there; None: in memory.

        Returns at once and never raises: a file that cannot be used is warned of, and `ok` tells. Memory is used only when
        something is asked.
        """
        journal = cls(state_dir)
        if state_dir is not None:
            journal._begin()
        return journal

    @property
    def ok(self) -> bool:
        """False while a folder was given and memory has to do."""
        return self._file is None or self._file.ok

    async def commit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in the writer's thread, in a transaction that is durable when this returns (`ok`: or only in memory).

        Works that wait together share a transaction; one that raises is undone alone, and raises here. Where the disk fails,
        it is run again on memory: it does nothing but queries, and gives what it found.
        """
        if self._closed:
            raise RuntimeError("the journal is closed")
        self._begin()
        ask = _Ask(work, asyncio.get_running_loop().create_future())
        self._asks.put(ask)
        result: T = await ask.answer
        return result

    async def read(self, query: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query; it sees everything that was committed before it."""
        return await self.commit(lambda connection: connection.execute(query, args).fetchall())

    async def close(self) -> None:
        """Finish what was asked, and close the file."""
        self._closed = True
        if self._thread is not None:
            self._asks.put(None)
            await asyncio.to_thread(self._thread.join)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
            self._thread.start()

    def _write(self) -> None:
        # Here, as SQLite is not imported before something is written.
        from kvmon.journal.file import JournalFile

        self._file = file = JournalFile(self.folder)
        going_on = True
        while going_on:
            first = self._asks.get()
            going_on = first is not None
            asks = [first] if first is not None else []
            while going_on and len(asks) < SHARED:
                try:
                    ask = self._asks.get_nowait()
                except Empty:
                    break
                going_on = ask is not None
                if ask is not None:
                    asks.append(ask)
            if asks:
                _answer(asks, file)
        file.close()


def _answer(asks: Sequence[_Ask], file: JournalFile) -> None:
    try:
        results = file.run([ask.work for ask in asks])
    except Exception as error:  # noqa: BLE001 - raised where it was asked for; the thread goes on
        results = [error] * len(asks)
    for ask, result in zip(asks, results, strict=True):
        loop = ask.answer.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, ask.answer, result)


def _settle(answer: asyncio.Future[Any], result: object) -> None:
    if answer.done():
        return  # whoever asked was cancelled
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
