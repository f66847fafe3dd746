"""A server from an image, in a container on the network of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from tests.servers.client import Refused
from tests.servers.kinds import IMAGES
from tests.servers.server import Server
from tests.servers.waiting import until


class Contained(Server):
    """As Server, with what the operating system does to a process done by the Docker API."""

    _container: Any = None

    @property
    def pid(self) -> int:
        """Its process as this machine counts, not as the container does."""
        container = self._container.get_wrapped_container()
        container.reload()
        return int(container.attrs["State"]["Pid"])

    def pause(self) -> None:
        self._container.get_wrapped_container().kill("SIGSTOP")

    def resume(self) -> None:
        self._container.get_wrapped_container().kill("SIGCONT")

    def kill(self) -> None:
        if self._container is not None:
            self._container.stop(force=True)  # SIGKILL, and the container is gone
            self._container = None

    def _start(self) -> None:
        from testcontainers.core.container import DockerContainer

        self._folder.chmod(0o777)  # the image's user is not ours
        file = self._folder / "server.conf"
        file.write_text(self._configuration())
        container = DockerContainer(IMAGES[self.kind]).with_kwargs(network_mode="host")
        container.with_volume_mapping(str(self._folder), str(self._folder), "rw")
        self._container = container.with_command([f"{self.software}-server", str(file)]).start()
        until(self._answers, what=f"{self.kind} on {self.address} ready")

    def _answers(self) -> Mapping[str, str]:
        with contextlib.suppress(OSError, Refused):
            return self.info("server")
        return {}
