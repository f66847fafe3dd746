"""Who to be on a connection: user and password; its file is read again when it changes, a token replaced before it ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kvmon.errors import Denied
from kvmon.model.targets.target import Credentials

if TYPE_CHECKING:
    from kvmon.watch.wire.identity import Token, TokenSource

_LARGEST = 64 * 1024  # bytes; tokens are a few thousand, and a wrong path may name anything


Pair = tuple[str | None, str | None]


class CredentialSource:
    """Gives the user and the password of the moment."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._stamp: tuple[int, int, int] | None = None
        self._password = credentials.password
        self._tokens = _tokens(credentials)
        self._signed: str | None = None

    def __repr__(self) -> str:
        return f"CredentialSource({self._credentials!r})"  # Credentials keeps its password out of its repr

    async def pair(self) -> Pair:
        """User and password; either may be None. Raises Denied (auth) where there is no file or token to be had."""
        if self._tokens is not None:
            return self._as(await self._tokens.get())
        self._read(again=False)
        return self._credentials.username, self._password

    async def refresh(self) -> bool:
        """Read the file whatever its stamp says, or get another token; whether the password is another one than before."""
        if self._tokens is not None:
            before = self._signed
            return (await self._tokens.another()).value != before
        before = self._password
        self._read(again=True)
        return self._password != before

    def renewed(self) -> Pair | None:
        """User and password to sign in with once more on a connection in use, where there is a newer token."""
        if self._tokens is None or self._tokens.token is None or self._tokens.token.value == self._signed:
            return None
        return self._as(self._tokens.token)

    def _as(self, token: Token) -> Pair:
        self._signed = token.value
        return self._credentials.username or token.username, token.value

    def _read(self, *, again: bool) -> None:
        path = self._credentials.password_file
        if path is None:
            return
        try:
            stat = os.stat(path)  # noqa: PTH116 - through links: a mounted secret is swapped by changing a link
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if again or stamp != self._stamp:
                if stat.st_size > _LARGEST:
                    raise Denied("auth", f"password file {path} is larger than {_LARGEST} bytes: it holds no password")
                self._password = Path(path).read_bytes().decode().rstrip("\r\n")
                self._stamp = stamp
        except OSError as error:
            raise Denied("auth", f"cannot read password file {path}: {error.strerror}: check path and permissions") from error
        except UnicodeDecodeError:
            # Without its cause: the cause's text shows the file's bytes.
            raise Denied("auth", f"password file {path} is not UTF-8 text") from None


def _tokens(credentials: Credentials) -> TokenSource | None:
    if credentials.auth is None:
        return None
    from kvmon.watch.wire.identity import source_of

    return source_of(credentials.auth)
