"""The node that an argument names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvmon.cli.settings import Settings
from kvmon.errors import UsageError

if TYPE_CHECKING:
    from kvmon.model.targets.target import Node
    from kvmon.watch.collectors import Collectors


def node_of(word: str, settings: Settings) -> tuple[Node, Collectors]:
    """The first node of a configured target, or of a URL, with what to ask it. Raises UsageError."""
    from kvmon.config import load
    from kvmon.config.explain import nearest

    if "://" in word:
        config = load(None, {"REDIS_URL": word}, flags={"REDIS_URL": "TARGET"})
        target = config.targets[0]
    else:
        config = settings.load()
        found = config.target(word)
        if found is None:
            hint = nearest(word, [target.name for target in config.targets])
            raise UsageError(f"TARGET: no target is called {word!r} ({hint}); it may be a URL, too")
        target = found
    return target.nodes[0], config.collectors_of(target)
