"""Which provider it is, by name and by what the server tells."""

from __future__ import annotations

import pytest

from kvmon.model.targets.address import Address
from kvmon.model.targets.providers import BY_NAME, PROVIDERS, provider_of, told_by
from kvmon.model.targets.target import Target


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("cache.redis.cache.windows.net", "azure-cache"),
        ("Cache.Redis.Cache.Windows.Net.", "azure-cache"),
        ("cache.westeurope.redis.azure.net", "azure-managed"),
        ("x.westus.redisenterprise.cache.azure.net", "azure-managed"),
        ("m-001.abc.0001.euw1.cache.amazonaws.com", "elasticache"),
        ("m.serverless.euw1.cache.amazonaws.com", "elasticache-serverless"),
        ("clustercfg.m.abc.memorydb.eu-west-1.amazonaws.com", "memorydb"),
        ("cache.example.net", "self-hosted"),
        ("redis.cache.windows.net.example.net", "self-hosted"),
        ("10.0.0.3", "self-hosted"),
    ],
)
def test_a_host_name_gives_its_provider_away(host: str, provider: str) -> None:
    assert provider_of(host).name == provider


def test_info_gives_a_provider_away_where_nothing_else_does() -> None:
    ours = PROVIDERS[0]
    assert told_by(ours, {"os": "Amazon ElastiCache"}).name == "elasticache"
    assert told_by(ours, {"maxmemory_reservation": "100"}).name == "azure-cache"
    assert told_by(ours, {"os": "Linux 6.1 x86_64"}) is ours
    assert told_by(BY_NAME["memorystore"], {"os": "Amazon ElastiCache"}).name == "memorystore"


def test_a_size_tells_the_memory_for_data_and_the_configuration_beats_it() -> None:
    address = (Address("h"),)
    managed = BY_NAME["azure-managed"]
    # The documentation's own example: of 12 GB about 9.6 are usable.
    assert Target("it", address, provider=managed, sku="B10").limit == (9_600_000_000, "sku")
    assert Target("it", address, provider=managed, sku="B10", memory_limit=5).limit == (5, "configured")
    assert Target("it", address, provider=managed).limit is None


def test_a_size_tells_how_many_connections_there_may_be() -> None:
    sizes = BY_NAME["azure-managed"].sizes
    assert [sizes[sku].connections for sku in ("B0", "M10", "B10", "X10", "M100", "M2000")] == [
        15_000, 15_000, 30_000, 75_000, 150_000, 200_000,
    ]  # fmt: skip
    assert {"M5", "B1500", "X1000", "X1"}.isdisjoint(sizes)
    assert len(sizes) == 37


def test_what_azure_keeps_of_maxmemory_is_not_for_data() -> None:
    fields = {"maxmemory": 1_000.0, "maxmemory_reservation": 100.0, "maxfragmentationmemory_reservation": 150.0}
    assert BY_NAME["azure-cache"].available(fields.get) == 750
    assert BY_NAME["azure-cache"].available({"maxmemory": 1_000.0}.get) == 1_000
    assert BY_NAME["elasticache"].available(fields.get) == 1_000
    assert BY_NAME["azure-cache"].available({**fields, "maxmemory": 0.0}.get) is None
