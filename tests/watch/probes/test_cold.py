"""The cold probe against real servers, with and without TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kvmon.clock import SystemClock
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Credentials, Probe, Target, Tls
from kvmon.watch.probes import ColdProbe
from kvmon.watch.probes.cold import EVERY, cold
from kvmon.watch.probes.tally import Tally
from tests.servers.kinds import available, missing
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.tls import Certificates


def target(server: Server, **more: object) -> Target:
    return Target("it", (Address("127.0.0.1", server.port),), **more)  # type: ignore[arg-type]


async def test_each_step_is_timed(server: Server) -> None:
    found = await cold(target(server).nodes[0], 20.0, clock=SystemClock())
    assert (found.ok, found.outcome, found.expires) == (True, "ok", None)
    assert list(found.steps) == ["dns", "tcp", "auth", "ping"]
    assert all(0.0 <= seconds < 20.0 for seconds in found.steps.values())


async def test_the_step_that_fails_is_told(valkey: Server, start_server: Callable[..., Server]) -> None:
    locked = start_server(password="secret")
    denied = await cold(target(locked, credentials=Credentials(password="wrong")).nodes[0], 20.0, clock=SystemClock())
    assert (denied.ok, denied.outcome, denied.step) == (False, "auth", "auth")
    assert "wrong" not in denied.why.replace("wrong password", "")
    node = target(valkey).nodes[0]
    gone = await cold(replace(node, address=Address("127.0.0.1", free_port())), 20.0, clock=SystemClock())
    assert (gone.outcome, gone.step) == ("refused", "tcp")
    nowhere = await cold(replace(node, address=Address("nowhere.invalid", 6379)), 20.0, clock=SystemClock())
    assert (nowhere.outcome, nowhere.step) == ("dns", "dns")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = await cold(replace(node, address=Address("127.0.0.1", silent.getsockname()[1])), 0.2, clock=SystemClock())
    assert (hangs.outcome, hangs.step) == ("timeout", "auth")


async def test_probes_count_and_come_again(valkey: Server) -> None:
    clock, tally = SystemClock(), Tally("it", "a:1")
    probe = ColdProbe(target(valkey).nodes[0], Probe(timeout=20.0), tally, clock=clock, phase=0.5)
    assert not probe.due(clock.monotonic())
    probe.hasten(clock.monotonic())
    assert probe.due(clock.monotonic())
    await probe.probe()
    assert not probe.due(clock.monotonic() + EVERY - 5)
    probe.hasten(clock.monotonic())
    assert not probe.due(clock.monotonic()), "one was just made"
    found = {(sample.spec.name, sample.labels[2:], sample.suffix): sample.value for sample in tally.samples()}
    assert found["kvmon_probe_success", ("connect",), ""] == 1
    assert found["kvmon_probes_total", ("connect", "ok"), ""] == 1
    assert found["kvmon_probe_duration_seconds", ("tcp",), "_count"] == 1


async def test_the_end_of_the_certificate_is_told_even_of_one_that_is_refused(
    start_server: Callable[..., Server], tmp_path: Path
) -> None:
    if "redis-8.0" not in available():
        missing("a server with TLS (KVMON_TEST_SERVERS)")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    files = Certificates(tmp_path, until=until)
    server = start_server("redis-8.0", tls=files)
    good = await cold(target(server, tls=Tls(ca=files["ca.pem"])).nodes[0], 20.0, clock=SystemClock())
    assert (good.ok, good.expires) == (True, until.timestamp())
    assert list(good.steps) == ["dns", "tcp", "tls", "auth", "ping"]
    bad = await cold(target(server, tls=Tls()).nodes[0], 20.0, clock=SystemClock())
    assert (bad.ok, bad.outcome, bad.step, bad.expires) == (False, "tls", "tls", until.timestamp())
