"""Faults of what lies between: the way to a server, its name, its certificate; and a failover that takes a moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from benchmarks.false_opens import measure
from tests.daemon.detection import KINDS, OPS, show
from tests.servers.daemon import Daemon
from tests.servers.double import Double, Profile
from tests.servers.following import Follower
from tests.servers.ports import free_port
from tests.servers.proxy import Proxy
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

Target = Mapping[str, object]
Start = Callable[..., Server]
StartDaemon = Callable[..., Daemon]


def swallow(proxy: Proxy) -> None:
    proxy.swallows = True


def drip(proxy: Proxy) -> None:
    proxy.drips, proxy.delay = True, 0.2


def vanish(proxy: Proxy) -> None:
    # A load balancer whose backend is gone: it takes the connection and ends it.
    proxy.behind = 1
    proxy.cut()


FAULTS = {
    "the way swallows everything": (swallow, "timeout"),
    "answers come byte by byte": (drip, "timeout"),
    "connections are taken and ended": (vanish, "closed"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_way_that_fails(
    name: str, kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    begin, reason = FAULTS[name]
    server = start_server(kind)
    with Proxy(server.port) as proxy:
        daemon = start_daemon({"targets": [{"name": "it", "url": f"redis://127.0.0.1:{proxy.port}", "topology": "standalone"}]})
        with Follower(daemon) as follower:
            for op in OPS:
                follower.became(op, "closed", 0.0)
            begun = time.monotonic()
            begin(proxy)
            took = {op: follower.became(op, "open", begun).at - begun for op in OPS}
            assert {follower.became(op, "open", begun).reason for op in OPS} == {reason}
            proxy.behind = server.port
            ended = time.monotonic()
            proxy.heal()
            took |= {f"{op} again": follower.became(op, "closed", ended).at - ended for op in OPS}
            assert follower.states("read", begun) == follower.states("write", begun) == ["open", "half_open", "closed"]
    show(capfd, f"{kind}, {name}", took)


@pytest.mark.parametrize("kind", KINDS)
def test_connections_that_are_cut_now_and_then_open_nothing(kind: str, start_server: Start, start_daemon: StartDaemon) -> None:
    with Proxy(start_server(kind).port) as proxy:
        daemon = start_daemon({"targets": [{"name": "it", "url": f"redis://127.0.0.1:{proxy.port}", "topology": "standalone"}]})
        with Follower(daemon) as follower:
            for op in OPS:
                follower.became(op, "closed", 0.0)

            def reads() -> float:
                return daemon.value("kvmon_probes_total", target="it", op="read", outcome="ok") or 0.0

            def more(before: float) -> bool:
                return reads() > before

            for number in range(1, 6):
                proxy.cut()
                until(partial(more, reads()), what="a read that succeeds")
                assert follower.states("read")[-1] == follower.states("write")[-1] == "closed", number


@pytest.mark.parametrize("kind", KINDS)
def test_a_way_that_became_slow_is_limited_not_denied(
    kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    with Proxy(start_server(kind).port) as proxy:
        probe = {"interval": "100ms", "timeout": "10s", "write_every": "100ms"}
        url = f"redis://127.0.0.1:{proxy.port}"
        daemon = start_daemon({"targets": [{"name": "it", "url": url, "topology": "standalone", "probe": probe}]})

        def advice(op: str) -> str:
            (document,) = daemon.get(f"/v1/breakers/it/{op}").json()["breakers"]
            return f"{document['state']} {document['advice']} {document['reason_class']}"

        usual = 30
        until(lambda: (daemon.value("kvmon_probes_total", target="it", op="read", outcome="ok") or 0) > usual)
        begun, proxy.delay = time.monotonic(), 0.4
        until(lambda: [advice(op) for op in OPS] == ["closed limit slow"] * 2, what=f"both limited: {[advice(op) for op in OPS]}")
        ended, proxy.delay = time.monotonic(), 0.0
        until(lambda: [advice(op) for op in OPS] == ["closed allow None"] * 2, what="both allowed again")
    show(capfd, f"{kind}, 400 ms more, ten probes a second", {"limited": ended - begun, "again": time.monotonic() - ended})


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_nobody_knows(
    kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    server = start_server(kind)
    daemon = start_daemon({"targets": [{"name": "it", "url": server.url, "topology": "standalone"}]})
    nobody = {"name": "it", "url": f"redis://nowhere.invalid:{server.port}", "topology": "standalone"}
    with Follower(daemon) as follower:
        took = told(follower, daemon, nobody, "dns", {**nobody, "url": server.url})
    show(capfd, f"{kind}, a name that nobody knows", took)


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_that_is_not_trusted(
    kind: str,
    start_server: Start,
    start_daemon: StartDaemon,
    certificates: Certificates,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # Not every server here was built with TLS, so it ends before it.
    stranger = Certificates(certificates.folder / f"stranger to {kind}")
    with Double(Profile("self-hosted", kind, free_port()), start_server(kind), certificates, "127.0.0.1") as door:
        url = f"rediss://127.0.0.1:{door.profile.port}"
        trusting = {"name": "it", "url": url, "topology": "standalone", "tls": {"ca": certificates["ca.pem"]}}
        daemon = start_daemon({"targets": [trusting]})
        with Follower(daemon) as follower:
            took = told(follower, daemon, {**trusting, "tls": {"ca": stranger["ca.pem"]}}, "tls", trusting)
    show(capfd, f"{kind}, a certificate that is not trusted", took)


def told(follower: Follower, daemon: Daemon, wrong: Target, reason: str, right: Target) -> dict[str, float]:
    """From closed to open for this reason and back, as the configuration of the target changes."""
    for op in OPS:
        follower.became(op, "closed", 0.0)
    begun = time.monotonic()
    daemon.write({"targets": [wrong]})
    daemon.reload()
    took = {}
    for op in OPS:
        found = follower.became(op, "open", begun)
        assert found.reason == reason
        took[op] = found.at - begun
    ended = time.monotonic()
    daemon.write({"targets": [right]})
    daemon.reload()
    return took | {f"{op} again": follower.became(op, "closed", ended).at - ended for op in OPS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["paused", "killed"])
def test_a_failover_of_a_moment_costs_a_moment(
    how: str, kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    primary = start_server(kind)
    replica = start_server(kind, replica_of=primary)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    daemon = start_daemon({"targets": [{"name": "it", "urls": [replica.url, primary.url]}]})
    with Follower(daemon) as follower:
        follower.became("write", "closed", 0.0)
        daemon.until("kvmon_probe_success", 1, target="it", instance=replica.address, op="read")
        assert follower.states("write") in (["unknown", "closed"], ["closed"]), "a replica that is heard first says nothing"
        begun = time.monotonic()
        if how == "paused":
            primary.command("CLIENT", "PAUSE", "800", "WRITE")
        else:
            primary.kill()
        time.sleep(0.8)
        if how == "paused":
            primary.kill()
        replica.command("REPLICAOF", "NO", "ONE")
        answers = time.monotonic()
        daemon.until("kvmon_probe_success", 1, target="it", instance=replica.address, op="write")
        until(lambda: daemon.get("/v1/breakers/it/write").json()["breakers"][0]["state"] == "closed", what="closed again")
        until(lambda: follower.states("write")[-1] == "closed", what="told so")
        assert "open" not in follower.states("read", begun), "the replica was there to read from all the time"
        denials = [change.at for change in follower.changes if change.op == "write" and change.at >= begun]
    took = {"denied": denials[-1] - denials[0], "after the new primary answers": denials[-1] - answers} if denials else {}
    show(capfd, f"{kind}, failover, {how}", took)
    assert took.get("after the new primary answers", 0.0) < 15.0


def test_an_idle_server_is_not_made_to_save_and_ratios_do_not_see_the_probes(
    start_server: Start, start_daemon: StartDaemon
) -> None:
    server = start_server(settings={"save": "1 1"})  # a second stands for the hour of `save 3600 1`
    before = server.info()
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": server.url}]})
    daemon.until("kvmon_breaker_state", 1, target="it", op="write", state="closed")
    tries = {"target": "it", "op": "write", "outcome": "ok"}
    until(lambda: (daemon.value("kvmon_probes_total", **tries) or 0) >= 4, what="four tries of writing")
    info = server.info()
    assert (info["rdb_changes_since_last_save"], info["rdb_last_save_time"]) == ("0", before["rdb_last_save_time"])
    assert int(info["keyspace_hits"]) + int(info["keyspace_misses"]) > 0, "reads of probes are counted by the server"
    assert daemon.samples("kvmon_hit_ratio", target="it") == [], "but nobody else read anything"


def test_a_machine_without_a_free_moment_opens_nothing() -> None:
    found = measure(KINDS[-1], 120.0, 2 * (os.cpu_count() or 1))
    assert found.opened == ()
    assert found.tries > 60
