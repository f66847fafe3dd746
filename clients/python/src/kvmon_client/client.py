"""The client for threads."""

from __future__ import annotations

import math
import threading
import time
import weakref
from types import TracebackType
from typing import Self

from kvmon_client.asking import Asking
from kvmon_client.threads import Worker


class Client(Asking):
    """Kept fresh by a daemon thread from when it is made until `close`; usable from any thread, and after a fork."""

    def _begin(self) -> None:
        self._starting = threading.Lock()
        self._heard = threading.Event()
        self._board.heard = self._heard.set
        self._inherited = -math.inf
        self._forked = False
        self._workers: list[Worker] = []
        self._closed = False
        self._start()

    def wait(self, timeout: float = 5.0) -> bool:
        """Whether the daemon was heard within so many seconds. Nothing needs this: until then breakers are unknown."""
        self._wake()
        end = time.monotonic() + timeout
        while not self._believes() and (left := end - time.monotonic()) > 0:
            self._heard.clear()
            if not self._believes():  # it may have been renewed just before the clear
                self._heard.wait(left)
        return self._believes()

    def close(self) -> None:
        """End the threads and send outcomes that are left, for about three seconds at most where the daemon hangs."""
        with self._starting:
            self._closed = True
            workers, self._workers = self._workers, []
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(1.0)
        if workers and (rest := self._flush()) is not None:
            Worker("kvmon-flush", rest, tls=self._tls).join(1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        self._workers = [Worker(name, talk, tls=self._tls) for name, talk in self._conversations().items()]
        for worker in self._workers:
            weakref.finalize(self, worker.stop).atexit = False

    def _wake(self) -> bool:
        if not self._forked:
            return False
        with self._starting:
            return self._start_anew()

    def _start_anew(self) -> bool:
        if not self._forked or self._closed:
            return False
        self._forked = False
        self._board.valid_until = self._inherited
        self._start()
        return True

    def _after_fork(self) -> None:
        super()._after_fork()
        self._starting = threading.Lock()
        self._heard = threading.Event()
        self._board.heard = self._heard.set
        self._workers = []
        # The lease is put aside, so that the next question finds nothing, and starts the threads of this process.
        if not self._forked:
            self._inherited, self._board.valid_until, self._forked = self._board.valid_until, -math.inf, True
