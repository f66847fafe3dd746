"""One POST at a time to the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar
from multidict import CIMultiDict

TIMEOUT = ClientTimeout(total=30.0, connect=10.0)
LARGEST = 65_536
"""Bytes of an answer that are read."""


class NoAnswer(Exception):
    """The API could not be reached; the text says why, without what was sent."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str


class Post(Protocol):
    """Sends a body. Raises NoAnswer."""

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer, whatever its status."""

    async def close(self) -> None:
        """Close the connection."""


class Http:
    """Over one kept connection, through `proxy` if any. Follows no redirection: the key is for this host alone."""

    def __init__(self, proxy: str | None) -> None:
        self._proxy = proxy
        self._session: ClientSession | None = None

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See Post."""
        if self._session is None:
            self._session = ClientSession(timeout=TIMEOUT, cookie_jar=DummyCookieJar())
        try:
            async with self._session.post(url, data=body, headers=headers, proxy=self._proxy, allow_redirects=False) as response:
                content = await response.content.read(LARGEST)
                return Answer(response.status, CIMultiDict(response.headers), content.decode(errors="replace"))
        except TimeoutError:
            raise NoAnswer("no answer in time") from None
        except (ClientError, OSError) as error:
            # Not the error's own text alone: it may hold the proxy's address with its password.
            why = getattr(error, "os_error", error)
            raise NoAnswer(getattr(why, "strerror", None) or type(error).__name__) from None

    async def close(self) -> None:
        """See Post."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
