"""One real Redis or Valkey process on loopback."""

from __future__ import annotations

import contextlib
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.servers.client import Client, Refused
from tests.servers.kinds import WITH_TLS, executable
from tests.servers.ports import free_port
from tests.servers.tls import Certificates
from tests.servers.waiting import until

HOST = "127.0.0.1"


class Server:
    """Started by its constructor and ready to answer when that returns.

    `users` are ACL rules by name (`{"kvmon": "on >secret +info"}`), `settings` further lines of redis.conf.
    The first `password` may be changed later with `change_password`; `command` follows it.
    """

    arguments: tuple[str, ...] = ()

    def __init__(
        self,
        kind: str = "valkey-wheel",
        *,
        password: str = "",
        users: Mapping[str, str] | None = None,
        tls: Certificates | None = None,
        replica_of: Server | None = None,
        cluster: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.password = password
        self.certificates = tls
        self._users = dict(users or {})
        self._settings = dict(settings or {})
        self._primary = replica_of
        self._cluster = cluster
        self._folder = Path(tempfile.mkdtemp(prefix="kvmon-server-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._start()

    @property
    def software(self) -> str:
        return self.kind.partition("-")[0]

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The address as a URL without user or password."""
        scheme = "rediss" if self.certificates else "redis"
        return f"{scheme}://{self.address}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        file = self._folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def client(self, *, login: Sequence[str] = (), timeout: float = 20.0) -> Client:
        """A new connection of the caller's own, signed in as the default user unless `login` is given."""
        context: ssl.SSLContext | None = self.certificates.client() if self.certificates else None
        words = tuple(login) or ((self.password,) if self.password else ())
        return Client(HOST, self.port, login=words, tls=context, timeout=timeout)

    def command(self, *words: str | bytes | float) -> Any:
        """The reply to one command on a fresh connection; raises Refused for an error reply."""
        with self.client() as client:
            return client.command(*words)

    def info(self, section: str = "everything") -> dict[str, str]:
        lines = self.command("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def config_set(self, name: str, value: str) -> None:
        self.command("CONFIG", "SET", name, value)

    def change_password(self, password: str) -> None:
        """Sets it and ends every other connection, as a rotated key does."""
        with self.client() as client:
            client.command("CONFIG", "SET", "requirepass", password)
            self.password = password
            client.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def pause(self) -> None:
        """SIGSTOP: connections stay, answers do not come."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, as a crash or the out-of-memory killer."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    def restart(self) -> None:
        """A new process on the same port, with the settings given at first and the password of now."""
        self.kill()
        self._start()

    def stop(self) -> None:
        """Ends the process and removes its files."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                self._process.send_signal(number)

    def _start(self) -> None:
        for attempt in range(5):
            (self._folder / "server.conf").write_text(self._configuration())
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [str(executable(self.kind)), str(self._folder / "server.conf"), *self.arguments],
                    cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                )  # fmt: skip
            if until(self._ready_or_gone, what=f"{self.kind} on {self.address} ready") == "ready":
                return
            assert "bind" in self.log.lower(), f"{self.kind} did not start:\n{self.log}"
            if attempt < 4:
                self.port = free_port()
        raise AssertionError(f"{self.kind} found no port:\n{self.log}")

    def _ready_or_gone(self) -> str:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            return "gone"
        with contextlib.suppress(OSError, Refused):
            # The id proves that it is this process that answers, not one which took the port a moment earlier.
            if self.info("server").get("process_id") == str(self.pid):
                return "ready"
        return ""

    def _configuration(self) -> str:
        port = ("port 0", f"tls-port {self.port}") if self.certificates else (f"port {self.port}",)
        lines = [*port, f"bind {HOST}", 'save ""', "appendonly no", "daemonize no", f"dir {self._folder}"]
        if self.certificates:
            lines += self.certificates.lines()
        if self.password:
            lines += [f"requirepass {_quoted(self.password)}", f"masterauth {_quoted(self.password)}"]
        lines += [f"user {name} {rules}" for name, rules in self._users.items()]
        if self._primary is not None:
            lines.append(f"replicaof {HOST} {self._primary.port}")
        if self._cluster:
            lines += ["cluster-enabled yes", "cluster-config-file nodes.conf"]
        lines += ["repl-diskless-sync-delay 0", *(f"{name} {value}" for name, value in self._settings.items())]
        return "\n".join(lines) + "\n"


def supports_tls(kind: str) -> bool:
    """Whether the binary of this kind was built with TLS."""
    return kind in WITH_TLS


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
