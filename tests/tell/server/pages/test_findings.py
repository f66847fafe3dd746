from __future__ import annotations

from kvmon.model.metrics.catalogue import commands, keyspace
from kvmon.model.metrics.catalogue.client_list import BY_LIBRARY, BY_NAME
from kvmon.model.metrics.sample import Sample
from kvmon.tell.server.pages import findings
from kvmon.tell.server.view import LargeCommand, SlowCommand
from tests.tell import examples

FOUND = findings.families([
    examples.snapshot(given=[
        Sample(commands.CALLS, 100, ("get",)), Sample(commands.DURATION, 0.1, ("get",)),
        Sample(commands.CALLS, 1, ("keys",)), Sample(commands.DURATION, 0.9, ("keys",)), Sample(commands.FAILED, 1, ("keys",)),
        Sample(commands.PERCENTILES, 1500.0, ("get", "99")), Sample(commands.PERCENTILES, 7.0, ("get",), "_sum"),
        Sample(keyspace.KEYS, 10, ("db0",)), Sample(keyspace.EXPIRING, 4, ("db0",)),
        Sample(BY_NAME, 3, ("web",)), Sample(BY_NAME, 1, ("jobs",)), Sample(BY_LIBRARY, 4, ("redis-py", "6.2")),
    ]),
    examples.snapshot(given=[
        Sample(commands.CALLS, 100, ("get",)), Sample(commands.DURATION, 0.0, ("get",)),
        Sample(commands.PERCENTILES, 2500.0, ("get", "99")), Sample(keyspace.KEYS, 10, ("db0",)),
    ]),
])  # fmt: skip


def test_commands_by_the_time_they_take_over_all_nodes() -> None:
    keys, get = findings.commands(FOUND)
    assert (keys.name, keys.share, keys.mean, keys.failed) == ("keys", 0.9, 0.9, 1)
    assert (get.name, get.calls, get.quantiles) == ("get", 200, (None, 0.0025, None))


def test_keys_and_clients() -> None:
    (database,) = findings.databases(FOUND)
    assert (database.keys, database.coverage, database.average_ttl) == (20, 0.2, None)
    assert [(bar.name, bar.value, round(bar.share, 2)) for bar in findings.bars(FOUND, BY_NAME.name)] == [
        ("web", 3, 1.0),
        ("jobs", 1, 0.33),
    ]
    assert [bar.name for bar in findings.bars(FOUND, BY_LIBRARY.name)] == ["redis-py 6.2"]
    assert findings.one(FOUND, "kvmon_nothing") is None


def test_slow_commands_of_one_kind_are_one_row() -> None:
    slow = [
        SlowCommand("a", 1, 100.0, 0.2, "hgetall", 1, "user:*"), SlowCommand("b", 2, 200.0, 0.4, "hgetall", 1, "user:*"),
        SlowCommand("a", 3, 150.0, 0.4, "keys", 1),
    ]  # fmt: skip
    first, second = findings.slow_patterns(slow)
    assert (first.command, first.shape, first.count, first.most, first.last) == ("hgetall", "user:*", 2, 0.4, 200.0)
    assert (first.instances, round(first.share, 2), second.command) == (["a", "b"], 0.6, "keys")


def test_large_requests_and_replies_are_told_apart() -> None:
    large = [
        LargeCommand("large-reply", "a", 100.0, 4096, "lrange", 3, "feed:*"),
        LargeCommand("large-request", "a", 50.0, 1024, "set", 2),
        LargeCommand("large-reply", "b", 90.0, 12288, "lrange", 3, "feed:*"),
    ]
    (log, (reply,)), (other, (request,)) = findings.large_patterns(large)
    assert (log, reply.shape, reply.count, reply.cost, reply.most, reply.share) == ("large-reply", "feed:*", 2, 16384, 12288, 1.0)
    assert (other, request.command, request.most) == ("large-request", "set", 1024)
