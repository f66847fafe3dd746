"""The API key of the moment."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr

LARGEST = 4096
"""Bytes; a key has 32 characters, and a wrong path may name anything."""


class NoKey(Exception):
    """The file with the key cannot be used; the text says why."""


class KeySource:
    """Reads the key's file again when it changes."""

    def __init__(self, key: SecretStr | None, file: str | None) -> None:
        self._key = key.get_secret_value() if key is not None else ""
        self._file = file
        self._stamp: tuple[int, int, int] | None = None

    def __repr__(self) -> str:
        return f"KeySource({self._file!r})"

    def key(self) -> str:
        """The key. Raises NoKey."""
        if self._file is None:
            return self._key
        try:
            found = os.stat(self._file)  # noqa: PTH116 - through links: a mounted secret is swapped by changing a link
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if stamp != self._stamp:
                with Path(self._file).open("rb") as file:
                    self._key = clean_key(file.read(LARGEST + 1))
                self._stamp = stamp
        except OSError as error:
            raise NoKey(f"cannot read {self._file}: {(error.strerror or 'error').lower()}") from None
        except ValueError as error:
            raise NoKey(f"{self._file} holds no API key: {error}") from None
        return self._key

    def redact(self, text: str) -> str:
        """The text without the key."""
        return text.replace(self._key, "<redacted>") if self._key else text


def clean_key(content: bytes) -> str:
    """The key that a file holds. Raises ValueError with a sentence that does not show it."""
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST} bytes")
    try:
        key = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("it is empty" if not key else "it is not one word")
    return key
