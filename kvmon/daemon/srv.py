"""SRV records as documents that name targets."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import dns.asyncresolver
import dns.exception
import dns.name

from kvmon.config.discovery.documents import Group
from kvmon.config.discovery.sources import DnsSource
from kvmon.daemon.documents import Shelf
from kvmon.model.targets.address import Address, parse_address


async def ask_dns(source: DnsSource, shelf: Shelf) -> NoReturn:
    """Ask for ever."""
    while True:
        try:
            shelf.put(source.name, await _groups(source))
        except ValueError as error:
            shelf.fail(source.name, str(error))
        await asyncio.sleep(source.refresh_interval)


async def _groups(source: DnsSource) -> tuple[Group, ...]:
    """What the record names; raises ValueError with a sentence."""
    try:
        resolver = dns.asyncresolver.Resolver(configure=source.nameserver is None)
        if source.nameserver is not None:
            server = parse_address(source.nameserver)
            resolver.nameservers, resolver.port = [server.host], server.port
        answer = await resolver.resolve(source.name, "SRV", lifetime=source.timeout, search=False)
    except dns.exception.Timeout:
        raise ValueError(f"no answer within {source.timeout:g} s") from None
    except (dns.exception.DNSException, OSError) as error:
        raise ValueError(f"the name cannot be asked for: {error}") from None
    places = sorted({Address(record.target.to_text(omit_final_dot=True), record.port) for record in answer}, key=str)
    labels = dict(source.labels) | ({"target": source.target} if source.target else {})
    return (Group(tuple(f"{source.scheme}://{place}" for place in places), tuple(sorted(labels.items()))),)
