"""Every example as its user starts it, against every kind of backend, told by the environment alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.deployments import (
    Deployment,
    StartDaemon,
    StartServer,
    azure_cache,
    azure_managed,
    one,
    probed,
    ready,
    valkey_cluster,
)  # fmt: skip
from tests.servers.tls import Certificates

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

PRINTS = {
    "session_store.py": "{'theme': 'dark', 'user': 'alice'} True\n",
    "session_search.py": "True\n",
    "cache_manager.py": "computing\n{'text': '42'}\n{'text': '42'}\n",
    "realtime.py": "started\ndone\n",
    "rate_limiter.py": "True\nTrue\nTrue\nFalse\n",
    "bulk.py": "10000\n",
}


def run(script: str, environment: dict[str, str]) -> str:
    source = str(ROOT / "clients" / "python" / "src")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script)], env={**environment, "PYTHONPATH": source},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def check_all(deployment: Deployment) -> None:
    for script, expected in PRINTS.items():
        assert run(script, deployment.process_environment) == expected, script


def test_examples_run_with_one_server(start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates) -> None:
    check_all(one(start_server, start_daemon, certificates))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [azure_cache, azure_managed, valkey_cluster], ids=lambda kind: kind.__name__)
def test_examples_run_with_other_backends_by_configuration_alone(
    kind: object, start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates
) -> None:
    assert callable(kind)
    check_all(kind(start_server, start_daemon, certificates))


@pytest.mark.slow
def test_a_migration_from_azure_cache_to_a_valkey_cluster(
    start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates
) -> None:
    old = azure_cache(start_server, start_daemon, certificates)
    new = valkey_cluster(start_server, start_daemon, certificates)
    daemon = start_daemon(
        {
            "interval": "500ms",
            "targets": [
                probed("azure_cache", old.servers[0], tls={"ca": certificates["ca.pem"]}),
                probed("valkey", new.servers[0], urls=[server.url for server in new.servers]),
            ],
        }
    )
    ready(daemon, "azure_cache", "valkey")
    told = {"KVMON_URL": daemon.url, "MIGRATE_FROM": "azure_cache", "MIGRATE_TO": "valkey"}
    for side in ("from", "to"):
        environment = {**old.process_environment, **new.process_environment, **told, "MIGRATE_READ": side}
        assert run("hybrid.py", environment) == "hello 0\n"
    assert old.servers[0].command("GET", "greeting") == "hello"


def test_the_environment_is_asked_for_what_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "bulk.py")], capture_output=True, text=True, timeout=60, check=False,
        env={"REDIS_TYPE": "azure_cache", "PYTHONPATH": str(ROOT / "clients" / "python" / "src")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "AZURE_REDIS_HOST has to say where the servers are\n")
