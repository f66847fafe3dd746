"""The way to a node: name, TCP, TLS, signing in, PING; the first step that fails ends it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

from kvmon.clock import Clock
from kvmon.diagnose.doctor.certificate import shaken
from kvmon.diagnose.doctor.finding import Finding, Status
from kvmon.diagnose.doctor.fixes import TLS_FIXES, WANTS_TLS, fix_for
from kvmon.errors import TargetError, TlsFailed
from kvmon.model.conversation import Refusal
from kvmon.model.reasons import reason
from kvmon.model.targets.target import Node
from kvmon.watch.wire import Connection
from kvmon.watch.wire.resolve import resolve
from kvmon.watch.wire.stages import reach, shake, speaks_plainly, speaks_tls

STEPS = ("dns", "tcp", "tls", "auth", "ping")
PINGS = 20
SLOW = 0.010
"""Seconds: a PING that takes longer on average is slow within one region."""


class Walk:
    """Walks to a node. After a good walk `connection` is open and signed in."""

    def __init__(self, node: Node, *, clock: Clock) -> None:
        self.node = node
        self.connection = Connection(node, clock=clock)
        self._clock = clock
        self._begun = 0.0

    async def steps(self) -> AsyncIterator[Finding]:
        """A finding for each step, up to the first that fails."""
        there = [] if self.node.address.path else [self._dns, self._tcp]
        secure = [] if self.node.target.tls is None else [self._tls]
        for way in (*there, *secure, self._auth, self._ping):
            self._begun = self._clock.monotonic()
            finding = await way()
            yield finding
            if finding.status == "fail":
                return

    def _found(self, step: str, status: Status, text: str, fix: str = "") -> Finding:
        return Finding(step, status, text, fix, self._clock.monotonic() - self._begun)

    async def _dns(self) -> Finding:
        host = self.node.address.host
        try:
            self._addresses = await resolve(host)
        except (socket.gaierror, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no host name"
            return self._found("dns", "fail", f"{host} cannot be resolved: {why}", reason("dns").todo)
        if self._addresses == (host,):
            return self._found("dns", "ok", f"{host} is an address")
        return self._found("dns", "ok", f"{host} is {', '.join(self._addresses[:4])}")

    async def _tcp(self) -> Finding:
        target, port = self.node.target, self.node.address.port
        reason, why = "unreachable", "the name has no address"
        for host in self._addresses:
            try:
                await reach(host, port, target.timeout)
            except TimeoutError:
                reason, why = "connect_timeout", f"no answer from {host} port {port} within {target.timeout:g} s"
            except ConnectionRefusedError:
                reason, why = "refused", f"nothing listens on {host} port {port}"
            except OSError as error:
                reason, why = "unreachable", f"{host} port {port}: {error.strerror or error}"
            else:
                self._host = host
                return self._found("tcp", "ok", f"{host} port {port} accepts connections")
        return self._found("tcp", "fail", why, fix_for(reason, why, target))

    async def _tls(self) -> Finding:
        tls, address, timeout = self.node.target.tls, self.node.address, self.node.target.timeout
        assert tls is not None  # noqa: S101 - the step is left out without
        name = tls.server_name or address.host
        try:
            found = await shake(self._host, address.port, tls, name, timeout)
        except TlsFailed as error:
            return self._found("tls", "fail", str(error), "correct the files under `tls`")
        except TimeoutError:
            # A server without TLS takes the handshake for the beginning of a long command, and waits for its end.
            if await speaks_plainly(self._host, address.port, timeout):
                return self._found("tls", "fail", "the server speaks without TLS there", TLS_FIXES["plain"])
            return self._found("tls", "fail", f"no handshake within {timeout:g} s", reason("timeout").todo)
        except OSError as error:
            return self._found("tls", "fail", f"{error.strerror or error}", TLS_FIXES["closed"])
        status, text, fix = shaken(found, name, trusted=tls.verify == "full", now=self._clock.time())
        return self._found("tls", status, text, fix)

    async def _auth(self) -> Finding:
        target = self.node.target
        try:
            await self.connection.connect(target.timeout)
        except TargetError as error:
            fix = fix_for(error.reason, str(error), target)
            address = self.node.address
            doubtful = target.tls is None and not address.path and error.reason in ("timeout", "closed", "protocol")
            if doubtful and await speaks_tls(self._host, address.port, target.timeout):
                fix = WANTS_TLS
            return self._found("auth", "fail", _short(self.node, error), fix)
        who = target.credentials
        if not who.secret:
            return self._found("auth", "ok", "without a password: the server asks for none so far")
        return self._found("auth", "ok", f"as {who.username or 'the default user'}")

    async def _ping(self) -> Finding:
        target, times = self.node.target, []
        try:
            for _ in range(PINGS):
                begun = self._clock.monotonic()
                (reply,) = await self.connection.ask([("PING",)], target.timeout)
                times.append(self._clock.monotonic() - begun)
                if isinstance(reply, Refusal):
                    # A user without the right to PING may still do everything that is asked in polls.
                    status: Status = "warn" if reply.reason == "noperm" else "fail"
                    return self._found("ping", status, reply.text, fix_for(reply.reason, reply.text, target))
        except TargetError as error:
            return self._found("ping", "fail", _short(self.node, error), fix_for(error.reason, str(error), target))
        least, most, mean = min(times), max(times), sum(times) / len(times)
        text = f"{mean * 1000:.1f} ms on average, {least * 1000:.1f} to {most * 1000:.1f} ms in {PINGS}"
        if mean > SLOW:
            fix = "a region or a VPN may lie between; else look at the server's CPU, at SLOWLOG and `LATENCY DOCTOR`"
            return self._found("ping", "warn", text, fix)
        return self._found("ping", "ok", text)


def _short(node: Node, error: TargetError) -> str:
    return str(error).removeprefix(f"{node}: ")
