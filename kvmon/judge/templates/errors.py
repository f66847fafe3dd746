"""What may be wrong with a template, in Go's words."""

from __future__ import annotations

from kvmon.errors import UsageError


class TemplateError(UsageError):
    """A template cannot be parsed, or cannot be expanded with this data. The text is the one that Go gives."""
