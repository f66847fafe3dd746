"""How far behind a replica is, by the canaries that it has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.clock import SystemClock
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Probe, Target
from kvmon.watch.probes import HotProbe, Ledger
from kvmon.watch.probes.ledger import KEPT
from tests.servers.server import Server
from tests.servers.waiting import until


def test_it_is_the_age_of_the_first_write_that_is_missing() -> None:
    ledger = Ledger()
    assert ledger.behind("it", "key", None, 0.0) is None
    first, second, third = (ledger.next() for _ in range(3))
    for value, at in ((first, 10.0), (second, 14.0), (third, 18.0)):
        ledger.wrote("it", "key", value, writer="a:1", now=at, expires=at + 30.0)
    assert [ledger.behind("it", "key", value, 20.0) for value in (third, second, first, None)] == [0.0, 2.0, 6.0, 10.0]
    assert ledger.behind("other", "key", third, 20.0) is None
    after = ledger.next()
    ledger.wrote("it", "key", after, writer="b:1", now=30.0, expires=60.0)
    assert ledger.behind("it", "key", third, 31.0) == 1.0, "it has not the first one of the new primary"
    assert ledger.behind("it", "key", "nonsense", 31.0) is None
    assert ledger.behind("it", "key", None, 59.0) == 29.0
    assert ledger.behind("it", "key", None, 60.0) is None, "it has expired on the primary as well"
    ledger.forget("it")
    assert ledger.behind("it", "key", after, 31.0) is None


@given(st.integers(1, 3 * KEPT), st.data())
def test_whatever_is_seen_it_is_never_more_than_the_age_of_what_is_missing(count: int, data: st.DataObject) -> None:
    ledger = Ledger()
    values = [ledger.next() for _ in range(count)]
    for at, value in enumerate(values):
        ledger.wrote("it", "key", value, writer="a:1", now=float(at), expires=count + 1.0)
    seen = data.draw(st.integers(0, count - 1))
    lag = ledger.behind("it", "key", values[seen], float(count))
    assert lag is not None
    if seen == count - 1:
        assert lag == 0.0
    else:
        assert 0.0 < lag <= count - (seen + 1)


@pytest.fixture
async def probe_of() -> AsyncIterator[Callable[[Server, Ledger], HotProbe]]:
    async with AsyncExitStack() as stack:

        def make(server: Server, ledger: Ledger) -> HotProbe:
            target = Target("it", (Address("127.0.0.1", server.port),))
            made = HotProbe(target.nodes[0], Probe(timeout=20.0), clock=SystemClock(), token="t", ledger=ledger)
            stack.push_async_callback(made.close)
            return made

        yield make


async def test_a_replica_that_no_longer_follows_falls_behind(
    start_server: Callable[..., Server], probe_of: Callable[[Server, Ledger], HotProbe]
) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    ledger = Ledger()
    writer, reader = probe_of(primary, ledger), probe_of(replica, ledger)
    await writer.probe(write=True)
    assert writer.lag is None, "a primary is not behind"
    for _ in range(2000):
        await reader.probe(write=False)
        if reader.lag == 0.0:
            break
        await reader.idle(0.01)
    assert reader.lag == 0.0
    replica.command("REPLICAOF", "127.0.0.1", "1")
    await writer.probe(write=True)
    await reader.probe(write=False)
    assert reader.lag is not None
    assert reader.lag > 0.0
