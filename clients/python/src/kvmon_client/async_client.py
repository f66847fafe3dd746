"""The client for an event loop."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from kvmon_client.asking import Asking
from kvmon_client.tasks import Driver


class AsyncClient(Asking):
    """Kept fresh by tasks from `start` (or `async with`) until `close`. Asking it never waits."""

    def _begin(self) -> None:
        self._heard = asyncio.Event()
        self._board.heard = self._heard.set
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to follow the daemon, in the running loop."""
        if not self._tasks:
            drivers = {name: Driver(name, talk, tls=self._tls) for name, talk in self._conversations().items()}
            self._tasks = [asyncio.create_task(driver.run(), name=name) for name, driver in drivers.items()]

    async def wait(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - the same question as the other client's
        """Whether the daemon was heard within so many seconds. Nothing needs this: until then breakers are unknown."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not self._believes():
                    self._heard.clear()
                    await self._heard.wait()
        return self._believes()

    async def close(self) -> None:
        """End the tasks and send outcomes that are left, for about a second at most."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks and (rest := self._flush()) is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await Driver("kvmon-flush", rest, tls=self._tls).run()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    def _after_fork(self) -> None:
        super()._after_fork()
        self._tasks = []  # they are the parent's: start the client in the loop of this process
