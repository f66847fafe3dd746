"""Regular expressions as Prometheus has them: RE2, anchored at both ends, `.` matches line ends too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from kvmon.errors import PromqlError


@lru_cache(maxsize=1024)
def anchored(pattern: str) -> Any:
    """The compiled expression. Raises PromqlError."""
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
        return re2.compile(f"^(?s:{pattern})$", options=options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        detail = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise PromqlError(f"error parsing regexp: {detail}") from None


def expanded(template: str, match: Any) -> str:
    """The template with `$1`, `${1}`, `$name` and `${name}` replaced by groups, as Go's Regexp.Expand does."""
    out: list[str] = []
    rest = template
    while rest:
        before, dollar, after = rest.partition("$")
        out.append(before)
        if not dollar:
            break
        if after.startswith("$"):
            out.append("$")
            rest = after[1:]
            continue
        name, length = _reference(after)
        if not name:
            out.append("$")
            rest = after
            continue
        out.append(_group(match, name))
        rest = after[length:]
    return "".join(out)


def _reference(after: str) -> tuple[str, int]:
    """The name after a dollar and how many characters it takes; an empty name where it is malformed."""
    braces = after.startswith("{")
    start = 1 if braces else 0
    end = start
    while end < len(after) and (after[end] == "_" or after[end].isalnum()):
        end += 1
    if end == start or (braces and (end >= len(after) or after[end] != "}")):
        return "", 0
    return after[start:end], end + 1 if braces else end


def _group(match: Any, name: str) -> str:
    if name.isascii() and name.isdigit():
        number = int(name) if len(name) < 9 else -1
        return (match.group(number) or "") if 0 <= number <= match.re.groups else ""
    return (match.group(name) or "") if name in match.re.groupindex else ""
