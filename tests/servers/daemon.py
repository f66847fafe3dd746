"""The daemon as a user starts it: a process of its own with a configuration file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple, Self

import psutil
from prometheus_client.samples import Sample

from tests.servers.pages import samples as samples_of
from tests.servers.ports import free_port
from tests.servers.waiting import until

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONWARNINGS")
"""Nothing else of our environment reaches the daemon: REDIS_URL of whoever runs the tests would add a target."""


class Response(NamedTuple):
    status: int
    headers: Message[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class Daemon:
    """Started by its constructor and ready when that returns. `configuration` is YAML text, or a mapping."""

    def __init__(
        self,
        configuration: str | Mapping[str, Any] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        command: tuple[str, ...] = ("run",),
        ready: bool = True,
        port: int | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kvmon-daemon-"))
        self.file = self.folder / "kvmon.yaml"
        self._log = self.folder / "log"
        more = []
        if configuration is not None:
            self.write(configuration)
            more = ["--config", str(self.file)]
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        for _ in range(5):
            self.port = port or free_port()
            self._start([*command, "--listen", f"127.0.0.1:{self.port}", *more], {**kept, **(environment or {})})
            if not ready or self._becomes_ready(may_move=port is None):
                return
        raise AssertionError(f"the daemon found no port:\n{self.logs}")

    def write(self, configuration: str | Mapping[str, Any]) -> None:
        """Replaces the configuration file; JSON is YAML too."""
        text = configuration if isinstance(configuration, str) else json.dumps(configuration)
        self.file.write_text(text)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> str:
        return self._log.read_text(errors="replace")

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, timeout: float = 30.0) -> Response:
        """The answer whatever its status; OSError where nobody listens."""
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Response(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Response(refusal.code, refusal.headers, refusal.read())

    def samples(self, name: str, **labels: str) -> list[Sample]:
        """The samples of exactly this name with at least these labels, as /metrics shows them now."""
        found = samples_of(self.get(f"/metrics?name[]={name}").text)
        return [s for s in found if s.name == name and all(s.labels.get(key) == value for key, value in labels.items())]

    def value(self, name: str, **labels: str) -> float | None:
        """The one value of this name and labels; None where there is no such series."""
        found = self.samples(name, **labels)
        assert len(found) <= 1, f"{name}{labels} is not one series: {found}"
        return found[0].value if found else None

    def until(self, name: str, expected: float | None, *, within: float = 60.0, **labels: str) -> None:
        """Waits until the one series has the expected value (None: until it is gone)."""
        until(
            lambda: self.value(name, **labels) == expected,
            within,
            what=f"{name}{labels} = {expected}\n{self.logs[-3000:]}",
        )

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def terminate(self, within: float = 60.0) -> tuple[int, float]:
        """SIGTERM: the exit code and the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within), time.monotonic() - begun

    def stop(self) -> None:
        """Ends the process, whatever its state."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.started = time.monotonic()
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kvmon", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=Path(__file__).parents[2],
            )  # fmt: skip

    def _becomes_ready(self, *, may_move: bool) -> bool:
        """False where another process took the port first."""

        def ready_or_gone() -> str:
            if self.process.poll() is not None:
                moved = may_move and "cannot listen on" in self.logs
                assert moved, f"the daemon ended with {self.process.returncode}:\n{self.logs}"
                return "gone"
            with contextlib.suppress(OSError, psutil.NoSuchProcess):
                return "ready" if self.get("/readyz", timeout=5).status == 200 and self._listens() else ""
            return ""

        try:
            return until(ready_or_gone, what="the daemon ready") == "ready"
        except BaseException:
            self.stop()
            raise

    def _listens(self) -> bool:
        """Whether it is this process that answers, and not one which took the port a moment earlier."""
        found = psutil.Process(self.process.pid).net_connections("tcp")
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == self.port for each in found)
