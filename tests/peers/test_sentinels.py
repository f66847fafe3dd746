"""A Sentinel in exporter mode shows what redis_exporter shows of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.peers.live import Series, fetch, redis_exporter, series
from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.sentinel import Sentinel
from tests.servers.server import Server
from tests.servers.waiting import until

RESTLESS = "redis_sentinel_master_last_ok_ping_reply_seconds"


def of_sentinel(page: str) -> dict[Series, float]:
    return {key: value for key, value in series(page).items() if key[0].startswith("redis_sentinel_")}


*_OLDER, _NEWEST = available()


@pytest.mark.parametrize("kind", [*(pytest.param(kind, marks=pytest.mark.slow) for kind in _OLDER), _NEWEST])
def test_all_series_are_there_with_the_same_labels_and_values(
    kind: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    primary = start_server(kind)
    replica = start_server(kind, replica_of=primary)
    with Sentinel(primary, quorum=1, kind=kind) as first, Sentinel(primary, quorum=1, kind=kind) as second:
        sentinels = (first, second)
        until(lambda: all("slaves=1,sentinels=2" in one.info("sentinel")["master0"] for one in sentinels), what="they met")
        with redis_exporter(first) as url:
            daemon = start_daemon(environment={"REDIS_ADDR": first.url, "KVMON_INTERVAL": "1s"})

            def differing() -> dict[Series, tuple[float | None, float]]:
                own, theirs = of_sentinel(daemon.get("/metrics").text), of_sentinel(fetch(url))
                assert len({name for name, _ in theirs}) == 17
                assert {key[0] for key in own} <= {key[0] for key in theirs} | {
                    "redis_sentinel_tilt_since_seconds", "redis_sentinel_total_tilt",
                }  # fmt: skip
                return {key: (own.get(key), value) for key, value in theirs.items() if not same(key[0], own.get(key), value)}

            until(lambda: not differing(), 30, what="equal pages")
        assert replica.info("replication")["master_link_status"] == "up"


def same(name: str, own: float | None, theirs: float) -> bool:
    return own is not None if name == RESTLESS else own == theirs
