"""The least that the user of kvmon has to be allowed: rules of access control for what is asked, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kvmon.diagnose.migration.lag import PREFIX as WRITTEN
from kvmon.model.targets.providers import PROVIDERS, Provider
from kvmon.watch.collectors import Collectors
from kvmon.watch.collectors.keys import SCAN, SIZES, parse_key
from kvmon.watch.collectors.keys import Keys as KeyOptions
from kvmon.watch.collectors.server import Mode, Server, parse_version
from kvmon.watch.probes.canary import PREFIX
from kvmon.watch.scans.attached import EXPIRES, fields_expire
from kvmon.watch.scans.contents import READS
from kvmon.watch.topology.azure_events import CHANNEL

PASSWORD = "${KVMON_PASSWORD}"  # noqa: S105 - the place for one
HEALTH = "health:test:"
"""What the keys of `/api/health/redis` begin with."""

KINDS: tuple[tuple[str, Server], ...] = (
    ("Redis 6.2", Server("redis", (6, 2, 0))),
    ("Redis 7.0", Server("redis", (7, 0, 0))),
    ("Redis 7.2 and Valkey before 8.1", Server("redis", (7, 2, 0))),
    ("Redis 7.4 and later", Server("redis", (7, 4, 0))),
    ("Valkey 8.1", Server("valkey", (8, 1, 0))),
    ("Valkey 9.0 and later", Server("valkey", (9, 0, 0))),
)
"""Servers that may need different rules."""

_SIGN_IN = ("client|setname",)
_CLUSTER = ("cluster|nodes",)
_SENTINEL = ("sentinel|master", "sentinel|slaves", "sentinel|sentinels")
_READ = ("ping", "get")
_WRITE = ("set", "get")


def server_named(text: str) -> Server:
    """`redis-6.2`, `valkey-9.1`; raises ValueError."""
    software, _, version = text.lower().partition("-")
    number = parse_version(version)
    if software not in ("redis", "valkey") or number < (6, 0, 0):
        raise ValueError(f"{text!r} is no server with access control: write redis-7.0 or valkey-9.1")
    return Server("valkey" if software == "valkey" else "redis", number)


@dataclass(frozen=True, slots=True)
class Keys:
    """What is done with keys: `read` and `write` by probes, `health` by `/api/health/redis`.

    `patterns` are of the keys that scans look at, `channels` whether they ask about channels; `surveyed`: `kvmon keys` looks at
    all; `compared`: `kvmon migrate` reads all; `drawn`: a migration that is watched reads some of all, and writes a key.
    """

    read: bool = False
    write: bool = False
    health: bool = False
    patterns: tuple[str, ...] = ()
    channels: bool = False
    surveyed: bool = False
    compared: bool = False
    drawn: bool = False

    @property
    def all(self) -> bool:
        """Whether every key may be read."""
        return self.surveyed or self.compared or self.drawn


def rules(collectors: Collectors, server: Server, provider: Provider = PROVIDERS[0], keys: Keys = Keys()) -> tuple[str, ...]:
    """The rules in the order of the questions. A `server` in cluster mode, or a Sentinel, is also asked for the nodes."""
    withheld = provider.withholds
    asked = [part for part in collectors.enabled() if part.needs(server) and part.name not in withheld]
    commands = [*_SIGN_IN, *(command for collector in asked for command in collector.rights(server))]
    if server.mode == "cluster":
        commands += _CLUSTER
    if provider.announces:
        commands += ("subscribe",)
    if server.mode == "sentinel":
        commands += _SENTINEL
    if keys.read:
        commands += (*_READ, "readonly") if server.mode == "cluster" else _READ
    if keys.write or keys.health:
        commands += _WRITE
    commands += (*_scans(collectors.keys, server, keys), *_compared(server, keys))
    # Selecting what may only be read came with 7.0.
    read = "%R~" if server.version >= (7,) else "~"
    looked_at = ("*",) if keys.all else (*keys.patterns, *_looked_at(collectors.keys))
    patterns = (
        *([f"&{CHANNEL}"] if provider.announces else []),
        *([f"~{PREFIX}*"] if keys.read else []),
        *([f"~{HEALTH}*"] if keys.health else []),
        *([f"~{WRITTEN}*"] if keys.drawn else []),
        *(f"{read}{pattern}" for pattern in dict.fromkeys(looked_at)),
    )
    return ("resetchannels", "-@all", *_allowed(commands), *patterns)


def _scans(options: KeyOptions, server: Server, keys: Keys) -> tuple[str, ...]:
    """What scans ask, on connections of their own."""
    if server.mode == "sentinel" or not (keys.patterns or keys.channels or keys.surveyed or options.wanted):
        return ()
    asked = ("ping", "info", *options.rights())
    if keys.patterns or keys.surveyed:
        asked += (*SCAN, *SIZES)
    if keys.channels:
        asked += (
            "pubsub|channels",
            "pubsub|numsub",
            *(("pubsub|shardchannels", "pubsub|shardnumsub") if server.version >= (7,) else ()),
        )
    if server.software == "valkey" or server.version >= (7, 2):
        asked += ("client|no-touch",)
    return (*asked, "readonly") if server.mode == "cluster" else (*asked, "select")


def _compared(server: Server, keys: Keys) -> tuple[str, ...]:
    """What comparisons of two backends ask."""
    if server.mode == "sentinel" or not (keys.compared or keys.drawn):
        return ()
    asked: tuple[str, ...] = ("ping", "info", "exists", *READS, *((EXPIRES,) if fields_expire(server) else ()))
    if keys.compared:
        asked += ("scan",)
    if keys.drawn:
        asked += ("randomkey", "set")
    return (*asked, "readonly") if server.mode == "cluster" else (*asked, "select")


def _looked_at(options: KeyOptions) -> list[str]:
    if not options.wanted:
        return []
    if options.groups or options.group_regexes:
        return ["*"]
    texts = (*options.single, *options.patterns, *options.single_streams, *options.streams, *options.queues)
    return [parse_key(text).name for text in texts]


def line(user: str, found: Sequence[str]) -> str:
    """The command that makes the user anew with these rules. Its password is the variable that PASSWORD names."""
    return f"ACL SETUSER {user} reset on >{PASSWORD} {' '.join(found)}"


def in_mode(server: Server, mode: Mode) -> Server:
    """The same server in this mode."""
    return replace(server, mode=mode)


def _allowed(commands: Iterable[str]) -> list[str]:
    return [f"+{command}" for command in dict.fromkeys(commands)]
