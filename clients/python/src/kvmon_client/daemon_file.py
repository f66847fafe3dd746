"""`breakers.json`, which the daemon writes anew every two seconds, for readers on the same machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from kvmon_client.board import Board
from kvmon_client.documents import boot_of, index_of, object_of, seconds_of


class DaemonFile:
    """Gives what the file says to a board, and judges how old that is."""

    def __init__(self, path: Path, board: Board, *, wall: Callable[[], float]) -> None:
        self.path = path
        self._board = board
        self._wall = wall
        self._written_at = math.nan
        self._looked_at = -math.inf

    def take(self, data: bytes) -> None:
        """What was read just now. Raises one of BROKEN."""
        document = object_of(data)
        index, boot, lease = index_of(document), boot_of(document), seconds_of(document.get("valid_for_ms"))
        written_at = document.get("written_at")
        if not isinstance(written_at, (int, float)):
            raise ValueError("the file does not say when it was written")
        now = self._board.clock()
        left = self._left(written_at, now, lease)
        if boot == self._board.boot and index < self._board.index:
            return
        if now + left > self._board.valid_until:
            self._board.snapshot(document)
            self._board.renew(left)

    def _left(self, written_at: float, now: float, lease: float) -> float:
        """Seconds it may be believed from now: by the wall clock, or, where that jumped, by when it was seen to change."""
        age = self._wall() - written_at
        if not 0 <= age < lease:
            changed = not math.isnan(self._written_at) and written_at != self._written_at
            age = now - self._looked_at if changed else lease
        self._written_at, self._looked_at = written_at, now
        return max(0.0, lease - age)
