"""Reading the files a configuration names, with errors that say what to do."""

from __future__ import annotations

import glob
import os
from pathlib import Path

LIMIT = 4 * 1024 * 1024
"""Bytes. No configuration or secret is larger; a wrong path (/dev/zero, a database) is."""


def read_text(path: str) -> str:
    """The text of a file; raises ValueError with a sentence that names it and why it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {_reason(error)}") from None
    except ValueError:
        raise ValueError("cannot read a file whose name holds a zero byte") from None
    if len(content) > LIMIT:
        raise ValueError(f"cannot read {path}: it is larger than 4 MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read {path}: it is not UTF-8 text (byte {error.start})") from None


def beside(path: str, base: str) -> str:
    """A path as the file in the folder `base` means it: relative ones begin there."""
    return os.path.normpath(Path(base, path)) if base else path


def matching(pattern: str) -> list[str]:
    """The files of a pattern, sorted. A name without one is not looked for."""
    if not glob.has_magic(pattern):
        return [pattern]
    return sorted(path for path in glob.glob(pattern) if Path(path).is_file())  # noqa: PTH207 - patterns may be absolute


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
