"""`kvmon acl`: which line it prints for whom."""

from __future__ import annotations

import json

from tests.cli.running import Terminal


def test_a_target_says_which_collectors_provider_and_probe_it_has(terminal: Terminal) -> None:
    off = dict.fromkeys(("config", "slowlog", "commandlog", "latency", "memory", "clients", "modules", "acl"), "off")
    targets = [
        {"name": "small", "url": "redis://small", "collectors": off, "probe": "off"},
        {"name": "probed", "url": "redis://probed", "collectors": off, "probe": {"write_every": "off"}},
        {"name": "cloud", "url": "rediss://x.redis.cache.windows.net:6380"},
    ]
    terminal.write(json.dumps({"targets": targets}))
    small = terminal("acl", "small", "--config", "kvmon.yaml", "--server", "redis-7.0")
    base = "ACL SETUSER kvmon reset on >${KVMON_PASSWORD} resetchannels -@all +client|setname +info"
    assert small == (0, base + "\n", "")
    probed = terminal("acl", "probed", "--config", "kvmon.yaml", "--server", "redis-7.0").out
    assert probed == f"{base} +ping +get ~kvmon:canary:*\n"
    health = terminal("acl", "small", "--config", "kvmon.yaml", "--server", "redis-7.0", "--health", "--cluster").out
    assert health == f"{base} +cluster|info +cluster|nodes +set +get ~health:test:*\n"
    assert "config" not in terminal("acl", "cloud", "--config", "kvmon.yaml").out


def test_without_a_server_there_is_a_line_for_each_kind(terminal: Terminal) -> None:
    code, out, _ = terminal("acl", "--collectors", "slowlog,commandlog")
    assert code == 0
    heads = [line for line in out.splitlines() if line.startswith("#")]
    older = "# Redis 6.2, Redis 7.0, Redis 7.2 and Valkey before 8.1, Redis 7.4 and later"
    assert heads == [older, "# Valkey 8.1, Valkey 9.0 and later"]
    assert out.count("+slowlog|get") == out.count("~kvmon:canary:*") == 2
    assert "canary" not in terminal("acl", "--no-probe").out
    assert out.count("+commandlog|get") == 1
    assert "latency" not in out


def test_a_collector_or_server_that_does_not_exist_is_named(terminal: Terminal) -> None:
    wrong = terminal("acl", "--collectors", "slowlogs")
    assert wrong.code == 2
    assert "slowlog" in wrong.err.partition("slowlogs")[2]
    assert "valkey-9.1" in terminal("acl", "--server", "memcached-1").err


def test_what_looks_at_keys_has_its_rights(terminal: Terminal) -> None:
    migration = {"source": "old", "destination": "new"}
    targets = [{"name": name, "url": f"redis://{name}", "probe": "off"} for name in ("old", "new", "other")]
    terminal.write(json.dumps({"targets": targets, "migration": migration}))

    def line(*words: str) -> list[str]:
        return terminal("acl", *words, "--config", "kvmon.yaml", "--collectors", "slowlog").out.split()

    other = line("other", "--server", "redis-7.0")
    assert "+scan" not in other
    assert not [word for word in other if "~" in word]
    for side in ("old", "new"):
        watched = line(side, "--server", "redis-7.0")
        assert {"+randomkey", "+hgetall", "+xinfo|groups", "+set", "+select", "~kvmon:migration:*", "%R~*"} <= set(watched)
        assert "+hpttl" not in watched
    migrated = line("other", "--migrate", "--server", "redis-7.4")
    assert {"+scan", "+exists", "+hgetall", "+hpttl", "%R~*"} <= set(migrated)
    assert not {"+set", "+randomkey"} & set(migrated)
    surveyed = line("other", "--keys", "--server", "redis-6.2", "--cluster")
    assert {"+scan", "+memory", "+readonly", "~*"} <= {word.partition("|")[0] for word in surveyed}
    assert "+get" not in surveyed
