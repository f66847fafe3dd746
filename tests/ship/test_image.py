"""The image, built and run with Podman."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from release.stamp import current
from tests.servers.kinds import IMAGES, missing
from tests.servers.pages import samples
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until

ROOT = Path(__file__).parents[2]
IMAGE = "kvmon-test"

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]


def podman(*words: str, timeout: float = 120.0, check: bool = True, both: bool = False) -> str:
    """What it says (`both`: and complains about); AssertionError with its complaints where it fails."""
    program = shutil.which("podman")
    if program is None:
        missing("podman")
    done = subprocess.run([str(program), *words], capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False)
    assert done.returncode == 0 or not check, f"podman {words[0]}: {done.stderr[-4000:]}"
    return (done.stdout + done.stderr if both else done.stdout).strip()


@pytest.fixture(scope="module")
def image() -> str:
    """Built as the options of this machine ask for; health checks are kept in Docker's format only."""
    options = shlex.split(os.environ.get("KVMON_BUILD_OPTIONS", ""))
    podman("build", "--format", "docker", *options, "-t", IMAGE, ".", timeout=1000)
    return IMAGE


def fetch(port: int, path: str) -> str:
    """The page; nothing while there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except OSError:
        pass
    return ""


class Container:
    """kvmon in a container on the network of this machine, as locked up as it is meant to run."""

    def __init__(self, image: str, url: str, *options: str) -> None:
        self.port = free_port()
        self.begun = time.monotonic()
        self.id = podman(
            "run", "--detach", "--network", "host", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all",
            "--env", f"KVMON_LISTEN=127.0.0.1:{self.port}", "--env", f"REDIS_URL={url}", "--env", "KVMON_INTERVAL=1s",
            *options, image,
        )  # fmt: skip

    def get(self, path: str) -> str:
        return fetch(self.port, path)

    def inside(self, *words: str) -> str:
        return podman("exec", self.id, *words)

    @property
    def logs(self) -> str:
        return podman("logs", self.id, both=True)


@pytest.fixture
def container(image: str, valkey: Server) -> Iterator[Container]:
    started = Container(image, valkey.url)
    try:
        until(lambda: started.get("/livez"), what="the container answers")
        yield started
    finally:
        podman("rm", "--force", "--time", "5", started.id, check=False)


def test_only_a_url_is_needed_and_it_watches_as_nobody_with_a_root_it_cannot_write(
    container: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    until(lambda: [s.value for s in samples(container.get("/metrics")) if s.name == "redis_up"] == [1.0], what="redis_up 1")
    with capsys.disabled():
        print(f"\nmetrics {time.monotonic() - container.begun:.2f} s after `podman run`")  # noqa: T201 - for whoever reads the log of CI
    assert container.get("/livez") == "ok\n"
    who = "import os; print(os.getuid(), os.getgid(), os.access('/', os.W_OK), os.access('/tmp', os.W_OK))"
    assert container.inside("python", "-c", who) == "65532 65532 False False"
    assert "kvmon is running" in container.logs
    assert "Traceback" not in container.logs


def test_beside_a_server_nothing_but_its_url_is_needed(image: str) -> None:
    server = podman("run", "--detach", "--network", "none", IMAGES["valkey-image"])
    watcher = ""
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9121/metrics', timeout=20).read().decode())"
    try:
        watcher = podman(
            "run", "--detach", "--network", f"container:{server}", "--env", "REDIS_URL=redis://127.0.0.1:6379", image
        )

        def up() -> bool:
            page = podman("exec", watcher, "python", "-c", ask, check=False)
            return [sample.value for sample in samples(page) if sample.name == "redis_up"] == [1.0]

        until(up, what="redis_up 1 at the port that is usual")
    finally:
        for container in filter(None, (watcher, server)):  # one after the other: the first is in the network of the second
            podman("rm", "--force", "--time", "5", container)


def test_its_versions_are_those_of_the_constraints(image: str) -> None:
    look = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"
    inside = {pin.lower().replace("_", "-") for pin in podman("run", "--rm", "--entrypoint", "python", image, "-c", look).split()}
    ours = {line.lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert inside - ours == {f"kvmon=={current()}"}


def test_sigterm_ends_it_well_and_soon(container: Container, capsys: pytest.CaptureFixture[str]) -> None:
    until(lambda: container.get("/readyz"), what="the container ready")
    begun = time.monotonic()
    podman("kill", "--signal", "TERM", container.id)
    assert podman("wait", container.id) == "0"
    took = time.monotonic() - begun
    with capsys.disabled():
        print(f"\nSIGTERM to exit: {took:.2f} s")  # noqa: T201 - for whoever reads the log of CI
    assert took < 20, "2 s are promised; a slow machine gets more"


def test_a_state_dir_that_cannot_be_written_costs_a_warning(image: str, valkey: Server) -> None:
    started = Container(image, valkey.url, "--env", "KVMON_STATE_DIR=/usr/kvmon")
    try:
        until(lambda: [s.value for s in samples(started.get("/metrics")) if s.name == "redis_up"] == [1.0], what="redis_up 1")
        assert [s.value for s in samples(started.get("/metrics")) if s.name == "kvmon_journal_ok"] == [0.0]
        assert '"level": "warning"' in started.logs
        assert "/usr/kvmon" in started.logs
        assert "Traceback" not in started.logs
    finally:
        podman("rm", "--force", "--time", "5", started.id, check=False)


def test_a_new_volume_for_the_state_is_its_own(image: str, valkey: Server) -> None:
    state = ["--env", "KVMON_STATE_DIR=/var/lib/kvmon", "--volume", "/var/lib/kvmon"]
    started = Container(image, valkey.url, *state)
    try:
        until(lambda: "kvmon_journal_ok 1" in started.get("/metrics"), what="a journal")
        assert started.inside("python", "-c", "import os; print(sorted(os.listdir('/var/lib/kvmon')) != [])") == "True"
    finally:
        podman("rm", "--force", "--volumes", "--time", "5", started.id, check=False)


def test_its_health_check_tells_a_living_one_from_a_dead_one(image: str, container: Container) -> None:
    (facts,) = json.loads(podman("image", "inspect", image))
    kind, *command = (facts.get("HealthCheck") or facts.get("Healthcheck") or facts["Config"]["Healthcheck"])["Test"]
    assert kind == "CMD"
    container.inside(*command)
    with pytest.raises(AssertionError, match="URLError"):
        podman("exec", "--env", f"KVMON_LISTEN=127.0.0.1:{free_port()}", container.id, *command)


def test_it_holds_no_tools_to_change_it_and_says_how_large_it_is(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    look = (
        "import importlib.util as i, shutil; "
        "print([n for n in ('pip', 'ensurepip') if i.find_spec(n)], "
        "[n for n in ('pip', 'pip3', 'gcc', 'cc', 'make') if shutil.which(n)])"
    )
    assert podman("run", "--rm", "--entrypoint", "python", image, "-c", look) == "[] []"
    (facts,) = json.loads(podman("image", "inspect", image))
    assert (facts["Config"]["User"], facts["Config"]["StopSignal"]) == ("65532:65532", "SIGTERM")
    labels = facts["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "kvmon"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {"org.opencontainers.image.version", "org.opencontainers.image.revision"} <= set(labels)
    with capsys.disabled():
        print(f"\nthe image is {facts['Size'] / 1e6:.0f} MB")  # noqa: T201 - for whoever reads the log of CI
