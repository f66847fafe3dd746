from __future__ import annotations

import base64
import gzip
import itertools
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import bcrypt
import pytest
from aiohttp import ClientPayloadError, ClientResponse, ClientSession
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from aiohttp.web import TCPSite
from pydantic import SecretStr
from structlog.testing import capture_logs

from kvmon.errors import ConfigError, Unreachable
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Target
from kvmon.tell.exposition.board import Board
from kvmon.tell.server.app import make_app, make_runner
from kvmon.tell.server.options import TokenOptions
from kvmon.tell.server.problems import problems
from kvmon.tell.server.view import Check, Member, SlowCommand, Topology, View
from tests.tell import examples
from tests.tell.server.seen import Seen, seen

NOW = "2023-11-14T22:13:20.000Z"


@asynccontextmanager
async def door(view: View) -> Any:
    async with TestClient(TestServer(make_app(view)), auto_decompress=False) as client:
        yield client


async def get(view: Any, path: Any, **options: Any) -> Any:
    options.setdefault("headers", {"Accept-Encoding": "identity"})
    async with door(view) as client:
        response = await client.get(path, **options)
        return response, await response.text()


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def test_metrics_hold_nodes_the_daemon_and_its_process() -> None:
    response, text = await get(seen(), "/metrics", headers={"Accept-Encoding": "identity"})
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'redis_up{target="sessions",instance="cache.example.net:6379"} 1' in text
    assert 'redis_up{target="jobs",instance="jobs.example.net:6379"} 0' in text
    assert 'kvmon_polls_total{target="jobs"} 5' in text
    assert "process_start_time_seconds" in text


@pytest.mark.parametrize(("given", "within"), [("", 9.5), ("3", 2.5), ("x", 9.5), ("0.1", 0.0), ("nan", 9.5), ("600", 9.5)])
async def test_due_polls_may_take_what_the_scrape_may(given: str, within: float) -> None:
    view = seen()
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": given, "Accept-Encoding": "identity"}
    await get(view, "/metrics", headers=headers)
    await get(view, "/metrics?target=web", headers=headers)
    assert view.caught_up == [(None, within), (["web"], within)]


async def test_metrics_come_compressed_and_in_openmetrics() -> None:
    headers = {"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"}
    async with door(seen()) as client:
        response = await client.get("/metrics", headers=headers)
        body = gzip.decompress(await response.read())
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"] == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    )
    assert body.endswith(b"# EOF\n")
    assert body.count(b"# EOF") == 1


async def test_a_large_body_is_compressed_too() -> None:
    view = seen()
    for number in range(40):
        view.board.put(examples.snapshot(examples.node(f"t{number}")))
    async with door(view) as client:
        response = await client.get("/metrics", headers={"Accept-Encoding": "gzip"})
        body = gzip.decompress(await response.read())
    assert response.headers["Content-Encoding"] == "gzip"
    assert body.count(b"redis_up{") == 42


async def test_metrics_can_be_filtered() -> None:
    headers = {"Accept-Encoding": "identity"}
    _, text = await get(seen(), "/metrics?target=jobs&name[]=redis_up&name[]=kvmon_polls_total", headers=headers)
    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert series == ['redis_up{target="jobs",instance="jobs.example.net:6379"} 0']
    _, text = await get(seen(), "/metrics?name[]=kvmon_polls_total", headers=headers)
    assert text.count("kvmon_polls_total{") == 2
    assert "redis_up" not in text


@pytest.mark.parametrize("asked", ["sessions", "redis://cache.example.net:6379", "cache.example.net"])
async def test_scrape_answers_for_a_known_node_without_its_labels(asked: Any) -> None:
    response, text = await get(seen(), "/scrape", params={"target": asked}, headers={"Accept-Encoding": "identity"})
    assert response.status == 200
    assert "\nredis_up 1\n" in text
    assert "instance=" not in text


@pytest.mark.parametrize(
    ("asked", "status"), [("", 400), ("redis://", 400), ("http://x", 400), ("redis://:secret@169.254.169.254:80", 403)]
)
async def test_scrape_goes_nowhere_else(asked: Any, status: Any) -> None:
    view = seen()
    response, text = await get(view, "/scrape", params={"target": asked})
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert "secret" not in text
    assert view.asked == []


async def test_scrape_goes_where_it_is_allowed_to() -> None:
    view = seen(scrape_allow=(r"10\.0\.0\.\d+:6379",))
    assert (await get(view, "/scrape?target=redis://10.0.0.7:6379"))[0].status == 200
    assert (await get(view, "/scrape?target=redis://10.0.0.7:6379.evil.example"))[0].status == 400
    assert view.asked == ["redis://10.0.0.7:6379"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/-/healthy", "/-/ready"])
async def test_the_daemon_is_well_whatever_backends_do(path: Any) -> None:
    response, text = await get(seen(), path)
    assert (response.status, text) == (200, "ok\n")


async def test_readiness_says_what_is_wrong() -> None:
    view = seen()
    view.ready = (Check("loops", ok=True), Check("tick", ok=False, detail="is 40 seconds late"))
    response, text = await get(view, "/readyz")
    assert (response.status, text) == (503, "[+]loops ok\n[-]tick is 40 seconds late\nnot ok\n")
    assert (await get(view, "/livez?verbose"))[1] == "[+]loop ok\nok\n"


async def test_health_warns_and_fails_only_for_critical_targets() -> None:
    view = seen()
    async with door(view) as client:
        response = await client.get("/health")
        body = await response.json(content_type=None)
        assert (response.status, body["status"]) == (200, "warn")
        assert response.content_type == "application/health+json"
        assert body["checks"]["jobs:connections"] == [
            {
                "componentId": "jobs.example.net:6379",
                "componentType": "datastore",
                "status": "warn",
                "time": NOW,
                "output": "connection refused (refused)",
            }
        ]
        view.known[1] = replace(view.known[1], critical=True)
        assert (await client.get("/health")).status == 503


def replicated(**facts: Any) -> Any:
    primary, replica = Address("a"), Address("b")
    target = Target("pair", (primary, replica))
    view = Seen([target])
    link = {"role": "slave", "master_link_status": "up", "master_last_io_seconds_ago": "1"}
    view.board.put(examples.snapshot(target.nodes[0]))
    view.board.put(examples.snapshot(target.nodes[1], facts={**link, **facts}))
    return view


@pytest.mark.parametrize(
    ("facts", "question", "status"),
    [
        ({}, "", 200),
        ({}, "?op=write", 200),
        ({}, "?max_lag=2s", 200),
        ({}, "?max_lag=500ms", 503),
        ({"master_link_status": "down"}, "?max_lag=1h", 503),
        ({"master_last_io_seconds_ago": "-1"}, "?max_lag=1h", 503),
        ({}, "?max_lag=5", 400),
        ({}, "?op=delete", 400),
        ({}, "?shard=nowhere", 404),
    ],
)
async def test_a_question_about_a_target(facts: Any, question: Any, status: Any) -> None:
    async with door(replicated(**facts)) as client:
        assert (await client.get(f"/health/pair{question}")).status == status
        assert (await client.head(f"/health/pair{question}")).status == status


async def test_no_write_without_a_primary_and_no_answer_from_an_old_poll() -> None:
    view = replicated()
    view.board.forget(("pair", "a:6379"))
    assert (await get(view, "/health/pair?op=read"))[0].status == 200
    assert (await get(view, "/health/pair?op=write"))[0].status == 503
    view.clock.advance(3600)
    response, text = await get(view, "/health/pair")
    assert response.status == 503
    assert "not polled yet" in text or "seconds old" in text


async def test_a_derived_lag_comes_first() -> None:
    view = replicated()
    lag = Spec("kvmon_replication_lag_seconds", "Lag.")
    facts = {"role": "slave", "master_link_status": "up", "master_last_io_seconds_ago": "0"}
    view.board.put(examples.snapshot(view.known[0].nodes[1], [Sample(lag, 9.0)], facts=facts))
    assert (await get(view, "/health/pair?max_lag=2s"))[0].status == 503


async def test_the_guides_documents() -> None:
    view = seen()
    _, text = await get(view, "/api/health/redis")
    assert text == (
        f'{{"status": "healthy", "service": "redis", "latency_ms": 3, "memory_usage_percent": "25.00", "timestamp": "{NOW}"}}'
    )
    _, text = await get(view, "/api/metrics/redis?target=sessions")
    assert text == (
        '{"memory_used": 1048576, "memory_peak": 2097152, "connections": 7, "operations_per_sec": 42, '
        '"keyspace_hits": 90, "keyspace_misses": 10, "hit_ratio": 0.9}'
    )
    view.latency = Unreachable("refused", "connection refused")
    response, text = await get(view, "/api/health/redis?target=jobs")
    assert response.status == 503
    assert text == (f'{{"status": "unhealthy", "error": "connection refused", "service": "redis", "timestamp": "{NOW}"}}')
    assert (await get(view, "/api/metrics/redis?target=jobs"))[0].status == 503
    assert (await get(view, "/api/metrics/redis?target=nobody"))[0].status == 404


async def test_without_a_limit_and_before_the_first_look_up() -> None:
    view = seen()
    facts = {**examples.FACTS, "maxmemory": "0", "keyspace_hits": "0", "keyspace_misses": "0"}
    view.board.put(examples.snapshot(facts=facts))
    assert '"memory_usage_percent": "0.00"' in (await get(view, "/api/health/redis"))[1]
    assert '"hit_ratio": null' in (await get(view, "/api/metrics/redis"))[1]


async def test_nodes_are_discovered() -> None:
    async with door(seen()) as client:
        assert await (await client.get("/discover")).json() == [
            {"targets": ["cache.example.net:6379"], "labels": {"target": "sessions", "role": "primary", "shard": ""}},
            {"targets": ["jobs.example.net:6379"], "labels": {"target": "jobs", "role": "unknown", "shard": ""}},
        ]
        assert await (await client.get("/discover-cluster-nodes")).json() == [
            {"targets": ["redis://cache.example.net:6379", "redis://jobs.example.net:6379"], "labels": {}}
        ]


async def test_the_topology_of_a_target_as_json() -> None:
    view = seen()
    (node,) = view.known[0].nodes
    view.shape = Topology("cluster", [Member(node, "s1", ((0, 5), (9, 9)), ("master",))])
    async with door(view) as client:
        assert await (await client.get("/v1/topology/sessions")).json() == {
            "target": "sessions",
            "topology": "cluster",
            "nodes": [
                {
                    "instance": "cache.example.net:6379", "role": "primary", "status": "up", "shard": "s1",
                    "slots": [[0, 5], [9, 9]], "flags": ["master"], "configured": True,
                }
            ],
            "shards": [{"shard": "s1", "slots": [[0, 5], [9, 9]], "nodes": ["cache.example.net:6379"]}],
        }  # fmt: skip
        assert (await (await client.get("/discover")).json())[0]["labels"]["shard"] == "s1"
        alone = await (await client.get("/v1/topology/jobs")).json()
        assert (alone["topology"], alone["shards"], alone["nodes"][0]["shard"]) == ("standalone", [], "")
        assert (await client.get("/v1/topology/nobody")).status == 404


async def test_targets_and_slow_commands_as_json() -> None:
    view = seen()
    view.slow = (SlowCommand("cache.example.net:6379", 14, 1_700_000_000.0, 0.25, "GET", 1, "user:*"),)
    async with door(view) as client:
        nodes = (await (await client.get("/v1/targets")).json())["targets"][1]["nodes"]
        assert nodes[0]["status"] == "down"
        assert nodes[0]["reason"] == "refused"
        assert (await (await client.get("/v1/slowlog/sessions")).json())["entries"] == [
            {
                "instance": "cache.example.net:6379",
                "id": 14,
                "at": NOW,
                "seconds": 0.25,
                "command": "GET",
                "arguments": 1,
                "key": "user:*",
            }
        ]
        assert (await client.get("/v1/slowlog/nobody")).status == 404


async def test_reload_needs_the_same_machine_or_a_token() -> None:
    view = seen()
    async with door(view) as client:
        assert (await client.post("/-/reload")).status == 200
        assert (await client.post("/-/reload", headers={"Origin": "https://evil.example"})).status == 403
        assert (await client.post("/-/reload", headers={"Host": "rebound.example"})).status == 403
        assert (await client.get("/-/reload")).status == 405
        view.options = view.options.model_copy(update={"tokens": (TokenOptions(token=SecretStr("s3cret-token")),)})
        assert (await client.post("/-/reload")).status == 401
        assert (await client.post("/-/reload", headers={"Authorization": "Bearer s3cret-token"})).status == 200
        view.refused = ConfigError("unknown key", where="kvmon.yaml:3")
        response = await client.post("/-/reload", headers={"Authorization": "Bearer s3cret-token"})
        assert response.status == 422
        assert "kvmon.yaml:3" in (await response.json(content_type=None))["detail"]
    assert view.reloads == 2


async def test_users_are_asked_for_their_password_everywhere_but_at_liveness() -> None:
    view = seen(users={"ann": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()})
    async with door(view) as client:
        for path in ("/", "/metrics", "/health", "/-/healthy"):
            response = await client.get(path)
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Basic")
        for name, password in (("ann", "wrong"), ("bob", "right"), ("", "")):
            assert (await client.get("/health", headers=basic(name, password))).status == 401
        for _ in range(2):
            assert (await client.get("/health", headers=basic("ann", "right"))).status == 200
        assert (await client.get("/health", headers={"Authorization": "Basic ###"})).status == 401
        for path in ("/livez", "/readyz", "/startupz"):
            assert (await client.get(path)).status == 200


async def test_errors_are_problem_documents_and_nothing_lacks_its_headers() -> None:
    async with door(seen()) as client:
        missing = await client.get("/nowhere")
        wrong = await client.delete("/metrics")
        for response in (missing, wrong, await client.get("/"), await client.get("/livez")):
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert await missing.json(content_type=None) == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "There is nothing at /nowhere.",
        }
        assert wrong.status == 405
        assert wrong.headers["Allow"] == "GET, HEAD"
        assert wrong.content_type == "application/problem+json"


async def test_a_request_that_takes_too_long_is_ended() -> None:
    view = seen(request_timeout=0.05)
    view.hangs = True
    response, text = await get(view, "/api/health/redis")
    assert response.status == 504
    assert "0.05 seconds" in text


async def test_half_an_answer_is_cut_off_and_no_other_stands_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    view = seen(request_timeout=0.2)
    for number in range(40):
        view.board.put(examples.snapshot(examples.node(f"t{number}")))
    monkeypatch.setattr(Board, "parts", lambda *_, **__: itertools.repeat(b"# x\n"))
    got = bytearray()

    async def read(response: ClientResponse) -> None:
        async for piece in response.content.iter_any():
            got.extend(piece)

    async with door(view) as client:
        response = await client.get("/metrics", headers={"Accept-Encoding": "identity"})
        assert response.status == 200
        with pytest.raises(ClientPayloadError, match="not completed"):
            await read(response)
    assert got
    assert set(got) == set(b"# x\n")


async def test_a_header_that_is_too_long_is_refused_quietly(capfd: Any, caplog: Any) -> None:
    runner = make_runner(make_app(seen()))
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with ClientSession() as client, client.get(f"http://{host}:{port}/", headers={"X": "a" * 9000}) as response:
            assert response.status == 400
    finally:
        await runner.cleanup()
    assert "Traceback" not in capfd.readouterr().err
    assert not caplog.records


@pytest.mark.parametrize(("left", "logged"), [(True, False), (False, True)])
async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_mistake_of_ours(left: bool, logged: bool) -> None:
    async def reads(_: Any) -> Any:
        raise ConnectionResetError("Connection lost")

    transport = Mock()
    transport.is_closing.return_value = left
    with capture_logs() as log:
        await problems(make_mocked_request("POST", "/v1/reports", transport=transport), reads)
    assert bool(log) is logged


async def test_a_mistake_of_the_program_tells_nothing_of_its_inside(capfd: Any) -> None:
    class Broken(Board):
        def latest(self, key: object) -> None:
            raise RuntimeError(f"the inside: {key}")

    view = seen()
    view.board = Broken()
    response, text = await get(view, "/v1/targets")
    capfd.readouterr()
    assert response.status == 500
    assert "the inside" not in text
