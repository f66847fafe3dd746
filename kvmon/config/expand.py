"""`${NAME}`, `${NAME:-default}` and `${file:/path}` in strings; `$${` stands for a literal `${`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def expand(text: str, environ: Mapping[str, str], read: Callable[[str], str], *, used: list[str] | None = None) -> str:
    """The text with every reference replaced, once: what comes in is not expanded again.

    `read` gives a file's content; its final line break is dropped, since a secret in a file usually has one. `used` receives
    what came in. Raises ValueError for an undefined variable, an unreadable file, or a `${` that is never closed; the
    message never shows a value.
    """

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        if found[1] is None:
            raise ValueError("a ${ is never closed: write $${ for a literal one")
        value = _resolve(found[1], environ, read)
        if used is not None and value:
            used.append(value)
        return value

    return _REFERENCE.sub(replace, text)


def _resolve(inside: str, environ: Mapping[str, str], read: Callable[[str], str]) -> str:
    if inside.startswith("file:"):
        return read(inside.removeprefix("file:")).removesuffix("\n").removesuffix("\r")
    name, default, fallback = inside.partition(":-")
    if not _NAME.fullmatch(name):
        raise ValueError(f"${{{inside}}} is no reference: write ${{NAME}}, ${{NAME:-default}} or ${{file:/path}}")
    value = environ.get(name)
    if default:
        return value or fallback
    if value is None:
        raise ValueError(f"${{{name}}}: the environment variable {name} is not set: set it, or write ${{{name}:-default}}")
    return value
