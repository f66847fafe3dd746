"""Behind Sentinels: the primary and its replicas are found, and followed through a failover."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from kvmon.diagnose.acl import rules
from kvmon.watch.collectors import Collectors
from kvmon.watch.collectors.server import Server as Server_
from tests.servers.daemon import Daemon
from tests.servers.kinds import WITH_TLS, available, folder, missing
from tests.servers.sentinel import Sentinel
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

Start = Callable[..., Server]
StartDaemon = Callable[..., Daemon]
StartSentinels = Callable[..., list[Sentinel]]


@pytest.fixture
def start_sentinels() -> Iterator[StartSentinels]:
    """Starts so many Sentinels of a primary, which know each other when that returns."""
    with ExitStack() as stack:

        def start(primary: Server, count: int = 3, **options: Any) -> list[Sentinel]:
            trio = [stack.enter_context(Sentinel(primary, **options)) for _ in range(count)]

            def met() -> bool:
                return all(one.info("sentinel")["master0"].endswith(f"sentinels={count}") for one in trio)

            until(met, what="the Sentinels know each other")
            return trio

        yield start


def instances(daemon: Daemon) -> dict[str, float]:
    return {sample.labels["instance"]: sample.value for sample in daemon.samples("redis_up", target="it")}


def roles(daemon: Daemon) -> dict[str, str]:
    return {group["targets"][0]: group["labels"]["role"] for group in daemon.get("/discover").json()}


def configured(sentinels: list[Sentinel], **options: Any) -> dict[str, Any]:
    places = ",".join(sentinel.address for sentinel in sentinels)
    target = {"name": "it", "url": f"redis+sentinel://{places}/mymaster", **options}
    return {"interval": "1s", "timeout": "500ms", "targets": [target]}


def test_everybody_is_found_from_one_sentinel_each_with_credentials_of_its_own(
    start_server: Start, start_sentinels: StartSentinels, start_daemon: StartDaemon
) -> None:
    primary = start_server(password="data")
    replica = start_server(replica_of=primary, password="data")
    until(lambda: primary.info("replication").get("connected_slaves") == "1", what="a connected replica")
    sentinels = start_sentinels(primary, password="watch")
    daemon = start_daemon(configured(sentinels[:1], password="data", sentinel={"password": "watch"}))
    expected = {sentinel.address: "sentinel" for sentinel in sentinels}
    expected |= {primary.address: "primary", replica.address: "replica"}
    until(lambda: roles(daemon) == expected, what=f"all five\n{daemon.logs[-3000:]}")
    until(lambda: instances(daemon) == dict.fromkeys(expected, 1.0), what="series of all five")
    document = daemon.get("/v1/topology/it").json()
    assert document["topology"] == "sentinel"
    flags = {node["instance"]: node["flags"] for node in document["nodes"]}
    assert (flags[primary.address], flags[replica.address]) == (["master"], ["slave"])
    daemon.until("kvmon_sentinels", 3, target="it")
    daemon.until("kvmon_sentinel_named_primaries", 1, target="it")
    ok = "redis_sentinel_master_ok_sentinels"
    until(lambda: sum(sample.value for sample in daemon.samples(ok, target="it")) == 9, what="the collector asked all three")
    (quorum,) = daemon.samples("redis_sentinel_master_ckquorum_status", instance=sentinels[0].address)
    assert (quorum.value, quorum.labels["master_name"]) == (1, "mymaster")
    assert daemon.get("/health/it?op=write").status == 200
    assert daemon.get("/api/health/redis").json()["status"] == "healthy"


@pytest.mark.slow
def test_a_failover_is_followed_within_two_intervals(
    start_server: Start, start_sentinels: StartSentinels, start_daemon: StartDaemon
) -> None:
    primary = start_server()
    replicas = [start_server(replica_of=primary) for _ in range(2)]
    until(lambda: primary.info("replication").get("connected_slaves") == "2", what="connected replicas")
    sentinels = start_sentinels(primary)
    until(lambda: all("slaves=2" in one.info("sentinel")["master0"] for one in sentinels), what="they know the replicas")
    daemon = start_daemon(configured(sentinels, interval="2s"))
    until(lambda: len(instances(daemon)) == 6 and all(instances(daemon).values()), what="all six")
    primary.kill()
    daemon.until("redis_up", 0, target="it", instance=primary.address)
    new = until(lambda: next((one for one in replicas if one.info("replication")["role"] == "master"), None), what="a failover")
    begun = time.monotonic()
    until(lambda: roles(daemon).get(new.address) == "primary", what="the new primary")
    assert time.monotonic() - begun < 2 * 2 + 4, "two intervals; a slow machine gets some more"
    daemon.until("kvmon_role_changes_total", 1, target="it", instance=new.address)

    def flags() -> dict[str, str]:
        return {node["instance"]: node["flags"] for node in daemon.get("/v1/topology/it").json()["nodes"]}

    until(lambda: "master" in flags()[new.address] and "s_down" in flags()[primary.address], what="the Sentinels' words")
    daemon.until("kvmon_sentinel_named_primaries", 1, target="it")
    # Who failed comes back as a replica.
    primary.restart()
    until(lambda: roles(daemon).get(primary.address) == "replica", what="the old primary follows")
    assert len(instances(daemon)) == 6
    assert "Traceback" not in daemon.logs


def test_with_tls_sentinels_and_nodes_are_verified(
    start_server: Start, start_sentinels: StartSentinels, start_daemon: StartDaemon, certificates: Certificates
) -> None:
    kind = next((kind for kind in available() if kind in WITH_TLS), None)
    if kind is None:
        missing("a server with TLS" if folder() else "KVMON_TEST_SERVERS (servers with TLS)")
    primary = start_server(kind, tls=certificates)
    replica = start_server(kind, replica_of=primary, tls=certificates)
    until(lambda: primary.info("replication").get("connected_slaves") == "1", what="a connected replica")
    (sentinel,) = start_sentinels(primary, count=1, quorum=1, kind=kind, tls=certificates)
    options = configured([sentinel], tls={"ca": certificates["ca.pem"]})
    options["targets"][0]["url"] = f"valkeys+sentinel://{sentinel.address}/mymaster"
    daemon = start_daemon(options)
    expected = {sentinel.address: "sentinel", primary.address: "primary", replica.address: "replica"}
    until(lambda: roles(daemon) == expected, what="all three")


def test_a_sentinel_may_allow_no_more_than_kvmon_acl_says(
    start_server: Start, start_sentinels: StartSentinels, start_daemon: StartDaemon
) -> None:
    (sentinel,) = start_sentinels(start_server(), count=1, quorum=1)
    found = rules(Collectors(), Server_("valkey", (9, 1, 0), mode="sentinel"))
    sentinel.command("ACL", "SETUSER", "kvmon", "on", ">secret", *found)
    daemon = start_daemon(configured([sentinel], sentinel={"username": "kvmon", "password": "secret"}))
    daemon.until("redis_sentinel_master_ok_sentinels", 1, target="it")
    until(lambda: len(instances(daemon)) == 2, what="the primary")
    assert daemon.value("kvmon_collector_supported", collector="sentinel", instance=sentinel.address) == 1
    assert not [entry for entry in sentinel.command("ACL", "LOG") if "command" in entry], "nothing was refused"


@pytest.mark.slow
def test_a_sentinel_that_is_gone_leaves_the_others_to_be_asked(
    start_server: Start, start_sentinels: StartSentinels, start_daemon: StartDaemon
) -> None:
    primary = start_server()
    sentinels = start_sentinels(primary)
    daemon = start_daemon(configured(sentinels[:1], forget_after="3s"))
    until(lambda: len(instances(daemon)) == 4 and all(instances(daemon).values()), what="all four")
    sentinels[0].kill()
    daemon.until("redis_up", 0, target="it", instance=sentinels[0].address)
    before = daemon.value("redis_exporter_scrapes_total", instance=primary.address) or 0
    until(
        lambda: (daemon.value("redis_exporter_scrapes_total", instance=primary.address) or 0) > before + 5,
        what="polls over a longer time than that after which it is forgotten",
    )
    assert roles(daemon)[primary.address] == "primary"
    assert "Traceback" not in daemon.logs


def test_a_service_that_no_sentinel_knows_is_said_to_be_unknown(
    start_server: Start, start_sentinels: StartSentinels, start_daemon: StartDaemon
) -> None:
    (sentinel,) = start_sentinels(start_server(), count=1, quorum=1)
    target = {"name": "it", "url": f"redis+sentinel://{sentinel.address}/other"}
    daemon = start_daemon({"interval": "1s", "targets": [target]})
    until(lambda: "No such master" in daemon.logs, what="a line in the log")
    assert daemon.get("/health/it?op=write").status == 503
    assert daemon.get("/api/health/redis").status == 503
