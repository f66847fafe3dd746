"""An examination of a node: the way there, a poll, and on demand a write and an audit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from kvmon.clock import Clock, SystemClock
from kvmon.diagnose.doctor.audit import SETTINGS, audit
from kvmon.diagnose.doctor.condition import Seen, condition
from kvmon.diagnose.doctor.finding import Examination, Finding
from kvmon.diagnose.doctor.fixes import fix_for
from kvmon.diagnose.doctor.reach import STEPS, Walk
from kvmon.errors import TargetError
from kvmon.model.conversation import Refusal, Reply
from kvmon.model.reasons import reason
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.providers import told_by
from kvmon.model.targets.target import Credentials, Node
from kvmon.watch.collectors import Collectors
from kvmon.watch.collectors.commandlog import CommandlogMemory
from kvmon.watch.collectors.slowlog import SlowlogMemory
from kvmon.watch.poller import NodePoller
from kvmon.watch.probes.canary import PREFIX
from kvmon.watch.wire import Connection

REST = ("permissions", "clock", "topology", "memory", "persistence", "slow commands")


async def examine(
    node: Node,
    collectors: Collectors,
    *,
    write: bool = False,
    audited: bool = False,
    tell: Callable[[Finding], object] = lambda _: None,
) -> Examination:
    """Examine a node; `tell` is given each finding at once. `write`: set a small key that expires even where no probe does.

    It raises no TargetError: that is a finding.
    """
    findings: list[Finding] = []

    def found(finding: Finding) -> None:
        findings.append(finding)
        tell(finding)

    clock = SystemClock()
    walk = Walk(node, clock=clock)
    try:
        async for finding in walk.steps():
            found(finding)
        if findings[-1].status == "fail":
            named = [step for step in STEPS if step != "tls" or node.target.tls is not None]
            later = named[named.index(findings[-1].step) + 1 :]
            return Examination(node, findings, (*later, *REST))
        snapshot, seen = await _poll(node, collectors, clock, found)
        if seen is None:
            return Examination(node, findings, REST, snapshot)
        for finding in condition(seen):
            found(finding)
        # After the poll: what it says about keys is about those of others.
        probe = node.target.probe
        if (write or (probe is not None and probe.write_every is not None)) and not seen.sentinel:
            found(await _write(walk, clock, asked=write))
        if audited:
            for finding in audit(seen, open_to_all=await _open(node, clock), rights=await _rights(walk)):
                found(finding)
    finally:
        await walk.connection.close()
    return Examination(node, findings, snapshot=snapshot)


async def _poll(
    node: Node, collectors: Collectors, clock: Clock, found: Callable[[Finding], None]
) -> tuple[Snapshot, Seen | None]:
    config = collectors.config
    wanted = config.model_copy(update={"settings": tuple(dict.fromkeys((*config.settings, *SETTINGS)))})
    poller = NodePoller(node, collectors.model_copy(update={"config": wanted}), clock=clock)
    try:
        snapshot = await poller.poll(clock.monotonic())
    finally:
        await poller.close()
    if snapshot.failure is not None:
        failure = snapshot.failure
        fix = fix_for(failure.reason, failure.message, node.target)
        found(Finding("permissions", "fail", failure.message.removeprefix(f"{node}: "), fix, snapshot.duration))
        return snapshot, None
    memory = poller.memory("slowlog")
    recent = memory.recent if isinstance(memory, SlowlogMemory) else ()
    provider = told_by(node.target.provider, snapshot.facts)
    sized = poller.memory("commandlog")
    logs = sized.recent.values() if isinstance(sized, CommandlogMemory) else ()
    large = [(entry.command, entry.cost) for log in logs for entry in log]
    slow = [(entry.command, entry.cost, float(entry.at)) for entry in recent]
    return snapshot, Seen(
        node.target,
        provider,
        snapshot.facts,
        snapshot.samples,
        poller.capabilities(),
        slow,
        large,
        snapshot.at,
        snapshot.duration,
    )


async def _write(walk: Walk, clock: Clock, *, asked: bool) -> Finding:
    node = walk.node
    begun = clock.monotonic()
    key = f"{PREFIX}doctor:{secrets.token_hex(8)}"
    try:
        (reply,) = await walk.connection.ask([("SET", key, "1", "EX", 10)], node.target.timeout)
    except TargetError as error:
        return Finding("write", "fail", str(error).removeprefix(f"{node}: "), fix_for(error.reason, str(error), node.target))
    took = clock.monotonic() - begun
    if not isinstance(reply, Refusal):
        return Finding("write", "ok", "a small key was set, and expires", "", took)
    if reply.code in ("MOVED", "ASK"):
        return Finding("write", "ok", "another node of the cluster has the key's slot", "", took)
    if reply.reason == "noperm":
        return Finding("write", "warn", f"the user may not write ({reply.text})", reason("noperm").todo, took)
    if reply.code == "READONLY" and not asked:
        return Finding("write", "skip", "a replica takes no writes", "", took)
    return Finding("write", "fail", reply.text, fix_for(reply.reason, reply.text, node.target), took)


async def _open(node: Node, clock: Clock) -> bool | None:
    """Whether a client without a password is served."""
    nobody = Node(replace(node.target, credentials=Credentials()), node.address)
    connection = Connection(nobody, clock=clock)
    try:
        await connection.connect(node.target.timeout)
        (reply,) = await connection.ask([("PING",)], node.target.timeout)
    except TargetError as error:
        return False if error.reason in ("auth", "noperm", "protected", "tls") else None
    finally:
        await connection.close()
    return not isinstance(reply, Refusal)


async def _rights(walk: Walk) -> str | None:
    """The command rules of the user that kvmon is; None where it may not look."""
    with suppress(TargetError):
        name = walk.node.target.credentials.username or "default"
        (reply,) = await walk.connection.ask([("ACL", "GETUSER", name)], walk.node.target.timeout)
        if isinstance(reply, list):
            return _text(_value(reply, b"commands"))
    return None


def _value(reply: Sequence[Reply], name: bytes) -> Reply:
    return next((value for key, value in zip(reply[::2], reply[1::2], strict=False) if key == name), None)


def _text(value: Reply) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else None
