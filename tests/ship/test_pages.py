"""The documentation as a newcomer uses it: every quick start and every snippet is run, and every link leads somewhere."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.daemon import INHERITED, Daemon
from tests.servers.kinds import missing, tool
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.ship.pages import ROOT, Reader, blocks

QUICKSTART = ROOT / "docs" / "quickstart"
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in ("node_modules", "build") for part in path.relative_to(ROOT).parts)
)
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"|!\[[^\]]*\]\(([^)\s]+)\)")


def test_the_readme_by_itself(valkey: Server) -> None:
    output = Reader(ROOT / "README.md", {6379: valkey.port, 9121: free_port()}).follow()
    assert re.search(r"^redis +(well|unknown)", output, re.MULTILINE)
    assert "✓ ping" in output


@pytest.mark.slow
def test_make_run_in_a_clone(tmp_path: Path) -> None:
    """The environment that `make run` would fill from a registry is the one of this test."""
    for name in ("bin", ".pip", ".run"):
        (tmp_path / name).mkdir() if name == "bin" else (tmp_path / name).touch()
    for name, words in (("python", ""), ("kvmon", "-m kvmon")):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    port = free_port()
    process = subprocess.Popen(
        ["make", "--silent", "run", f"VENV={tmp_path}"], cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**kept, "KVMON_LISTEN": f"127.0.0.1:{port}", "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    try:
        until(lambda: _reached(port) or process.poll() is not None, what="what make runs")
        assert process.stderr is not None
        assert "a Valkey primary" in process.stderr.readline()
        assert f"open http://127.0.0.1:{port}/" in process.stderr.readline()
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        if process.stderr is not None:
            process.stderr.close()


def test_a_sidecar(valkey: Server) -> None:
    output = Reader(QUICKSTART / "sidecar.md", {6379: valkey.port, 9121: free_port()}).follow()
    assert 'redis_up{target="redis"' in output
    assert "allow" in output
    assert "ACL SETUSER kvmon" in output


def test_one_for_all(valkey: Server) -> None:
    output = Reader(QUICKSTART / "central.md", {6379: valkey.port, 9121: free_port()}).follow()
    assert "kvmon.yaml: good, 2 targets, " in output
    assert output.count("✓ ping") == 2
    assert re.search(r"^sessions +(well|unknown)", output, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["datadog.md", "from-datadog-check.md"])
def test_to_datadog(valkey: Server, page: str) -> None:
    output = Reader(QUICKSTART / page, {6379: valkey.port, 9121: free_port(), 8125: free_port()}).follow()
    assert "kvmon.yaml: good, 1 target" in output
    assert "kvmon_datadog_queue_points" in output


@pytest.mark.slow
def test_from_redis_exporter(valkey: Server) -> None:
    port = free_port()
    exporter = subprocess.Popen(
        [tool("REDIS_EXPORTER"), f"-redis.addr={valkey.url}", f"-web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: _reached(port), what="redis_exporter")
        page = QUICKSTART / "from-redis-exporter.md"
        output = Reader(page, {6379: valkey.port, 9121: port, 9122: free_port()}).follow()
    finally:
        exporter.terminate()
        exporter.wait(30)
    assert " 0 missing" in output
    assert "redis_up 1" in output


def test_on_kubernetes() -> None:
    output = Reader(QUICKSTART / "helm.md", {}, tools={"helm": tool("HELM")}).follow()
    assert "kind: Deployment" in output
    assert "kind: ServiceMonitor" in output
    assert "registry.example.net/kvmon" in output


@pytest.mark.containers
@pytest.mark.timeout(1500)
def test_in_a_container(valkey: Server, tmp_path: Path) -> None:
    podman = shutil.which("podman")
    if podman is None:
        missing("podman")
    # Podman takes Docker's words; how this machine builds is not the page's matter, nor is the name of a container that is there.
    docker = tmp_path / "docker"
    options = os.environ.get("KVMON_BUILD_OPTIONS", "")
    build = f'shift; cd {ROOT}; exec {podman} build --format docker {options} "$@"'
    docker.write_text(f'#!/bin/sh\nif [ "$1" = build ]; then {build}; fi\nexec {podman} "$@"\n')
    docker.chmod(0o755)
    port = free_port()
    here: dict[int | str, int | str] = {
        6379: valkey.port,
        9121: port,
        "watcher": f"kvmon-page-{port}",
        "kvmon:local": "kvmon-page",
    }
    try:
        output = Reader(QUICKSTART / "docker.md", here, tools={"docker": str(docker)}).follow()
    finally:
        subprocess.run(
            [str(podman), "rm", "--force", "--ignore", f"kvmon-page-{port}"], capture_output=True, timeout=60, check=True
        )
    assert '"status": "pass"' in output or '"status":"pass"' in output


def test_applications_ask_in_four_languages(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    probe = {"interval": "200ms", "write_every": "200ms", "timeout": "10s"}
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "sessions", "url": valkey.url, "probe": probe}]})
    until(
        lambda: [each["state"] for each in daemon.get("/v1/breakers").json()["breakers"]] == ["closed", "closed"], what="closed"
    )
    reader = Reader(ROOT / "docs" / "applications.md", {9121: daemon.port})
    output = reader.follow()
    assert output.split().count("read") == output.split().count("write") == reader.ran == 4 - len(reader.left)
    assert not {"python", "sh"} & set(reader.left)


def test_every_quick_start_is_run() -> None:
    text = Path(__file__).read_text()
    for page in QUICKSTART.glob("*.md"):
        assert f'"{page.name}"' in text, f"{page.name} has no test"
        assert any(block.words[0] == "run" for block in blocks(page)), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for found in LINK.findall(text):
        link = next(filter(None, found))
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.relative_to(ROOT)}: {link}"
        assert there.is_relative_to(ROOT), link
        if anchor:
            assert anchor in _anchors(there), f"{page.relative_to(ROOT)}: {link}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "runbooks"]
    assert [str(path) for path in pages if f"]({path})" not in index and path.name != "README.md"] == []


def _anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", head).lower()).replace(" ", "-") for head in heads}


def _reached(port: int) -> bool:
    import socket

    with socket.socket() as connection:
        connection.settimeout(5)
        return connection.connect_ex(("127.0.0.1", port)) == 0
