"""Services and Pods of Kubernetes as documents that name targets: listed once, and watched from there.

aiohttp is enough for two requests: Kubernetes' own client for asyncio takes 39 MiB more (measured), half of what a daemon may.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import aiohttp

from kvmon.config.discovery.documents import Group
from kvmon.config.discovery.kubernetes import group_of, mapping
from kvmon.config.discovery.sources import KubernetesSource
from kvmon.config.files import beside, read_text
from kvmon.config.trust import TlsOptions
from kvmon.daemon.documents import Shelf
from kvmon.daemon.fetching import LARGEST, body_of, complaints, trusted
from kvmon.model.targets.address import Address

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where a Pod finds its own token, and whom to trust. The token is replaced there long before it ends."""

PAGE = 100
"""Objects of an answer: reading one takes some milliseconds."""

WATCH = 300
"""Seconds of a watch; then it is asked for again, with the token of that time."""

FIRST, LONGEST = 1.0, 30.0
"""Seconds until it is asked again, doubling."""


class _Gone(Exception):
    """The API no longer knows what came after this version: all has to be listed anew."""


async def ask_kubernetes(source: KubernetesSource, base: str, shelf: Shelf) -> NoReturn:
    """List and watch for ever, every namespace by itself."""
    # No bound: each namespace keeps a connection for its watch.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for namespace in source.documents:
            group.create_task(_Watcher(source, namespace, _Api(source, base, session), shelf).run())
    raise AssertionError  # watchers do not end


class _Api:
    """Requests to the API, each with the token that is there now."""

    def __init__(self, source: KubernetesSource, base: str, session: aiohttp.ClientSession) -> None:
        self._source = source
        self._base = base
        self._session = session

    @asynccontextmanager
    async def ask(
        self, namespace: str, parameters: dict[str, str], *, lasts: float = 0.0
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, once it has begun; raises ValueError with a sentence, and _Gone. It may go on for `lasts` seconds."""
        source = self._source
        server, token, tls = self._place()
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        path = f"/api/v1/namespaces/{namespace}/{source.role}s" if namespace else f"/api/v1/{source.role}s"
        if source.selector:
            parameters = {**parameters, "labelSelector": source.selector}
        trust, name = trusted(tls, self._base)
        timeout = aiohttp.ClientTimeout(sock_connect=source.timeout, sock_read=source.timeout + lasts)
        with complaints(source.timeout + lasts):
            async with self._session.get(
                server.rstrip("/") + path, params=parameters, headers=headers, ssl=trust, server_hostname=name, timeout=timeout,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                if answer.status != 200:
                    raise _complaint(answer.status, _status(await body_of(answer)))
                yield answer

    def _place(self) -> tuple[str, str, TlsOptions | None]:
        """The API's URL, the token, and whom to trust; raises ValueError."""
        source = self._source
        token_file, tls = source.token_file, source.tls
        if source.api is not None:
            server = source.api
        else:
            host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
            if not host:
                raise ValueError("this is no Pod of Kubernetes (KUBERNETES_SERVICE_HOST is not set): write api")
            server = f"https://{Address(host, int(port) if port.isdigit() else 443)}"
            token_file = token_file or f"{ACCOUNT}/token"
            tls = tls or TlsOptions(ca=f"{ACCOUNT}/ca.crt")
        return server, read_text(beside(token_file, self._base)).strip() if token_file else "", tls


class _Watcher:
    """Keeps what a namespace names."""

    def __init__(self, source: KubernetesSource, namespace: str, api: _Api, shelf: Shelf) -> None:
        self._source = source
        self._namespace = namespace
        self._name = source.documents[namespace]
        self._api = api
        self._shelf = shelf
        self._found: dict[str, Group] = {}
        self._version = ""
        self._pause = FIRST

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except _Gone:
                self._version = ""
            except ValueError as error:
                self._shelf.fail(self._name, str(error))
                self._pause = min(self._pause * 2, LONGEST)
            await asyncio.sleep(self._pause)

    async def _list(self) -> None:
        found: dict[str, Group] = {}
        more = ""
        while True:
            parameters = {"limit": str(PAGE)} | ({"continue": more} if more else {})
            async with self._api.ask(self._namespace, parameters) as answer:
                page = _read(await body_of(answer))
            for item in page.get("items") or ():
                group = group_of(mapping(item), self._source)
                if group is not None:
                    found[_key(item)] = group
            about = mapping(page.get("metadata"))
            more = about.get("continue") or ""
            if not more:
                break
        self._found, self._version = found, str(about.get("resourceVersion") or "")
        if not self._version:
            raise ValueError("the answer has no resourceVersion: is this the API of Kubernetes?")
        self._put()

    async def _watch(self) -> None:
        """Take changes in until the API ends the watch."""
        parameters = {
            "resourceVersion": self._version,
            "timeoutSeconds": str(WATCH),
            "allowWatchBookmarks": "true",
            "watch": "true",
        }
        async with self._api.ask(self._namespace, parameters, lasts=WATCH) as answer:
            self._put()
            async for line in _lines(answer):
                event = _read(line)
                self._take(str(event.get("type")), mapping(event.get("object")))

    def _take(self, kind: str, item: dict[str, Any]) -> None:
        if kind == "ERROR":
            raise _complaint(item.get("code"), item)
        self._version = str(mapping(item.get("metadata")).get("resourceVersion") or self._version)
        if kind != "BOOKMARK":
            group = group_of(item, self._source) if kind != "DELETED" else None
            if group is not None:
                self._found[_key(item)] = group
            else:
                self._found.pop(_key(item), None)
        self._put()

    def _put(self) -> None:
        self._pause = FIRST
        self._shelf.put(self._name, tuple(self._found[key] for key in sorted(self._found)))


def _complaint(code: object, status: dict[str, Any]) -> Exception:
    """Of a Status, as the API says why it does not do something."""
    if code == 410:
        return _Gone()
    said = str(status.get("message") or "")[:300]
    return ValueError(f"the API answers with status {code}{f': {said}' if said else ''}")


def _status(body: bytes) -> dict[str, Any]:
    try:
        return _read(body)
    except ValueError:  # of something else on the way
        return {}


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in answer.content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LARGEST:
            raise ValueError("an event is larger than 16 MiB")
        for line in lines:
            if line.strip():
                yield line


def _read(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("what it answers is no JSON object: is this the API of Kubernetes?")  # noqa: TRY004 - not our mistake
    return found


def _key(item: dict[str, Any]) -> str:
    about = mapping(item.get("metadata"))
    return f"{about.get('namespace')}/{about.get('name')}"
