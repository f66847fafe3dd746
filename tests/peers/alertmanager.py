"""A real Alertmanager."""

from __future__ import annotations

import contextlib
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.kinds import tool
from tests.servers.ports import free_port
from tests.servers.waiting import until


@contextmanager
def alertmanager(configuration: str, folder: Path, *, external_url: str = "") -> Iterator[str]:
    """The URL of one with this configuration, alone in its cluster."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(configuration)
    port = free_port()
    options = [f"--web.external-url={external_url}", "--web.route-prefix=/"] if external_url else []
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                tool("ALERTMANAGER"), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", *options,
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None, f"alertmanager ended:\n{(folder / 'log').read_text()}"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/-/ready", timeout=10) as answer:
            return bool(answer.status == 200)
        return False

    try:
        until(ready, what="alertmanager is ready")
        yield url
    finally:
        process.kill()
        process.wait(20)
