"""The same question from a shell and from JavaScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from tests.examples.deployments import Deployment, StartDaemon, StartServer, one
from tests.servers.kinds import missing
from tests.servers.ports import free_port
from tests.servers.tls import Certificates
from tests.servers.waiting import until

EXAMPLES = Path(__file__).parents[2] / "examples"


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        missing(name)
    return str(path)


@pytest.fixture
def deployment(start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates) -> Deployment:
    return one(start_server, start_daemon, certificates)


def ask(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    program("curl")
    done = subprocess.run(
        ["sh", str(EXAMPLES / "ask.sh"), *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_shell_runs_a_command_only_while_the_breaker_lets_it(deployment: Deployment) -> None:
    told = deployment.process_environment
    assert ask(told, "redis", "write", "echo", "two words", "$HOME") == (0, "two words $HOME\n", "")
    assert ask(told, "redis", "write", "sh", "-c", "exit 3")[0] == 3
    deployment.servers[0].kill()
    deployment.daemon.until("kvmon_breaker_state", 1, target="redis", op="write", state="open")
    assert ask(told, "redis", "write", "echo", "no") == (75, "", "kvmon: the breaker of redis denies write\n")
    away = {**told, "KVMON_URL": f"http://127.0.0.1:{free_port()}"}
    assert ask(away, "redis", "write", "echo", "without kvmon") == (0, "without kvmon\n", "")
    assert ask(told, "unheard-of", "write", "echo", "unknown") == (0, "unknown\n", "")
    assert ask(told, "redis")[0] == 64


class Node:
    """The module as a program: what it prints, line by line."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self.process = subprocess.Popen(
            [program("node"), *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def line(self) -> str:
        return self._lines.get(timeout=60).strip()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(20)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def watching(deployment: Deployment) -> Iterator[Node]:
    node = Node(deployment.process_environment, str(EXAMPLES / "breakers.mjs"), "redis", "write")
    yield node
    node.stop()


def test_javascript_follows_a_server_that_dies_and_comes_back(deployment: Deployment, watching: Node) -> None:
    assert watching.line() == "allow"
    deployment.servers[0].kill()
    assert watching.line() == "deny"
    deployment.servers[0].restart()
    assert watching.line() == "allow"


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """The application in TypeScript, its types checked, beside what npm installed for it."""
    source, packages = EXAMPLES / "typescript", EXAMPLES / "typescript" / "node_modules"
    if not packages.is_dir():
        missing("npm install in examples/typescript")
    compiler = packages / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [program("node"), str(compiler), "--project", str(source), "--outDir", str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(packages)
    return tmp_path / "typescript" / "visits.js"


@pytest.mark.slow
def test_an_application_on_ioredis_goes_on_counting_while_its_server_is_dead(deployment: Deployment, visits: Path) -> None:
    node, server = Node(deployment.process_environment, str(visits)), deployment.servers[0]

    def counted() -> int:
        return int(server.command("GET", "visits") or 0)

    try:
        until(lambda: node.line() == "counted", what="visits counted")
        until(lambda: counted() > 3, what="visits in the server")
        server.kill()
        until(lambda: node.line() == "kept", what="visits kept while the breaker denies")
        server.restart()
        until(lambda: node.line() == "counted", what="visits counted again")
        assert counted() > 10, "those that were kept, too"
    finally:
        node.stop()


SCRIPT = """
import { Breakers, BreakerOpen } from "%s/breakers.mjs";
const breakers = new Breakers({ whenUnknown: () => false });
const until = async (condition) => { while (!condition()) await new Promise((done) => setTimeout(done, 20)); };
const told = [];
told.push(breakers.allow("redis", "read"));
await until(() => breakers.allow("redis", "read"));
told.push(await breakers.guard("redis", "read", async () => 42));
process.stdout.write(JSON.stringify(told) + "\\n");
await until(() => !breakers.allow("redis", "write"));
try { await breakers.guard("redis", "write", async () => 42); }
catch (error) { process.stdout.write(JSON.stringify([error instanceof BreakerOpen, error.message]) + "\\n"); }
const lease = performance.now();
performance.now = () => lease + 11_000;
process.stdout.write(JSON.stringify(["unknown", breakers.allow("redis", "read")]) + "\\n");
breakers.close();
"""


@pytest.mark.slow
def test_javascript_guards_a_call_and_believes_nothing_beyond_its_lease(deployment: Deployment, tmp_path: Path) -> None:
    script = tmp_path / "script.mjs"
    script.write_text(SCRIPT % EXAMPLES)
    node = Node(deployment.process_environment, str(script))
    try:
        assert json.loads(node.line()) == [False, 42]
        deployment.servers[0].config_set("maxmemory-policy", "noeviction")
        deployment.servers[0].config_set("maxmemory", "1")
        assert json.loads(node.line()) == [True, "the breaker of redis denies write: oom"]
        assert json.loads(node.line()) == ["unknown", False]
        assert node.process.wait(60) == 0, "a closed client keeps no program from ending"
    finally:
        node.stop()
