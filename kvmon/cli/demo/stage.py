"""The demo's servers and workload, in a process of their own: what they do costs the daemon's loop nothing.

That process lives as long as our end of its standard input is open, so that nothing stays behind however the daemon ends.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from typing import Self

from kvmon.errors import UsageError

PATIENCE = 60.0
"""Seconds until the servers must answer; they usually do in a tenth of one."""


class Stage:
    """Started by its constructor; the servers answer when that returns. Raises UsageError where they cannot be started."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kvmon.cli.demo.backstage"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True,  # Ctrl-C is for the daemon, which then ends this in order
        )  # fmt: skip
        try:
            self.primary, self.replica = self._announced()
        except BaseException:
            self.close()
            raise

    @property
    def variables(self) -> dict[str, str]:
        """The environment that makes them a target."""
        return {"VALKEY_ENDPOINTS": f"{self.primary},{self.replica}"}

    def close(self) -> None:
        """End the workload and the servers."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _announced(self) -> tuple[str, str]:
        out = self._process.stdout
        line = out.readline() if out is not None and select.select([out], [], [], PATIENCE)[0] else ""
        try:
            said = json.loads(line)
        except ValueError:
            raise UsageError("the demo's servers did not start: see the messages above") from None
        if "error" in said:
            raise UsageError(said["error"])
        return said["primary"], said["replica"]
