"""The slots that bear most: of real servers, capped, and in any shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis.strategies import DataObject, data

from kvmon.model.conversation import Unsupported
from kvmon.watch.collectors.slot_stats import SlotStats
from tests.servers.cluster import form
from tests.servers.server import Server
from tests.watch.collectors.talking import PATIENT, REDIS, VALKEY, ask, check_any_shape, values


def test_only_primaries_of_clusters_that_know_it_are_asked() -> None:
    node = replace(VALKEY, mode="cluster", role="master")
    assert SlotStats().needs(node)
    assert not SlotStats().enabled, "the server looks at every slot: nobody pays who does not ask for it"
    for other in (VALKEY, replace(node, role="slave"), replace(REDIS, mode="cluster", role="master")):
        assert not SlotStats().needs(other)
    assert SlotStats().needs(replace(REDIS, version=(8, 2, 0), mode="cluster", role="master"))


async def test_the_fullest_slots_of_a_real_node(start_server: Callable[..., Server]) -> None:
    server = start_server(cluster=True, settings={"cluster-slot-stats-enabled": "yes"})
    form([server])
    for number in range(9):
        server.command("SET", f"{{busy}}{number}", "value")
        server.command("SET", f"key{number}", "value")
    slot = str(server.command("CLUSTER", "KEYSLOT", "busy"))
    found = values((await ask(SlotStats(top=3, by=("key-count", "cpu-usec")), server)).samples)
    assert found["kvmon_cluster_slot_keys", slot] == 9
    assert 0 < found["kvmon_cluster_slot_cpu_seconds_total", slot] < 10
    assert 3 <= len({key for key in found if key[0] == "kvmon_cluster_slot_keys"}) <= 6


async def test_what_the_server_does_not_count_is_refused_with_its_words(start_server: Callable[..., Server]) -> None:
    server = start_server(cluster=True)
    server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    with pytest.raises(Unsupported, match="SLOT-STATS"):
        await ask(SlotStats(by=("cpu-usec",)), server)
    assert (await ask(SlotStats(), server)).samples


@PATIENT
@given(data())
def test_any_shape_is_an_answer_or_a_complaint(given: DataObject) -> None:
    check_any_shape(SlotStats(), given)
