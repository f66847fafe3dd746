"""The nodes of a target: those that are configured always, those that were announced until they are forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kvmon.model.targets.address import Address

LIMIT = 1_000
"""Nodes of a target at most: what a server announces must not make us connect anywhere without end."""


@dataclass(frozen=True, slots=True)
class Membership:
    """`found` maps announced addresses to the monotonic time at which they were announced last.

    `runs` are the run ids that were met at addresses. A process that is met at two addresses is one node, and the address that
    is configured, else the one found first, is the one that counts: that is how `cache.example.net` and `10.0.0.7` become one.
    """

    configured: tuple[Address, ...]
    found: Mapping[Address, float] = field(default_factory=dict)
    runs: Mapping[Address, str] = field(default_factory=dict)

    def announced(self, addresses: Iterable[Address], now: float) -> Membership:
        """Somebody announced these. Beyond the limit nobody new is taken."""
        found = dict(self.found)
        for address in addresses:
            if address not in self.configured and (address in found or len(found) + len(self.configured) < LIMIT):
                found[address] = now
        return replace(self, found=found) if found != self.found else self

    def met(self, address: Address, run: str) -> Membership:
        """The process with this run id answered at the address."""
        if not run or self.runs.get(address) == run:
            return self
        return replace(self, runs={**self.runs, address: run})

    def expired(self, now: float, forget_after: float) -> Membership:
        """Without those that nobody announced for so many seconds."""
        found = {address: last for address, last in self.found.items() if now - last < forget_after}
        if len(found) == len(self.found):
            return self
        runs = {address: run for address, run in self.runs.items() if address in found or address in self.configured}
        return replace(self, found=found, runs=runs)

    def without(self, addresses: Iterable[Address]) -> Membership:
        """These are found no more."""
        gone = set(addresses)
        return replace(self, found={address: last for address, last in self.found.items() if address not in gone})

    def expires(self, forget_after: float) -> float | None:
        """When the next of them is forgotten unless it is announced again; None where there is none."""
        return min(self.found.values()) + forget_after if self.found else None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Who is to be polled: the configured ones in their order, then those that were found in theirs."""
        return (*self.configured, *(address for address in self.found if self.alias(address) == address))

    def alias(self, address: Address) -> Address:
        """The address at which the process behind this one is polled."""
        run = self.runs.get(address)
        if run is None or address in self.configured:
            return address
        return next((other for other in (*self.configured, *self.found) if self.runs.get(other) == run), address)
