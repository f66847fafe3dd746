"""Who to be on a connection: user and password, the password's file read again when it changes."""

from __future__ import annotations

import os
from pathlib import Path

from kvmon.errors import Denied
from kvmon.model.targets.target import Credentials

_LARGEST = 64 * 1024  # bytes; tokens are a few thousand, and a wrong path may name anything


class CredentialSource:
    """Gives the user and the password of the moment."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._stamp: tuple[int, int, int] | None = None
        self._password = credentials.password

    def __repr__(self) -> str:
        return f"CredentialSource({self._credentials!r})"  # Credentials keeps its password out of its repr

    def pair(self) -> tuple[str | None, str | None]:
        """User and password; either may be None. Raises Denied (auth) where the file cannot be read."""
        self._read(again=False)
        return self._credentials.username, self._password

    def refresh(self) -> bool:
        """Read the file whatever its stamp says; whether the password is another one than before."""
        before = self._password
        self._read(again=True)
        return self._password != before

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
