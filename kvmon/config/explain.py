"""What pydantic found, in our words, with place and advice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from kvmon.config.mistakes import Ledger
from kvmon.config.source import Path, Source, spelled

_WORDS = {
    "missing": "it is missing",
    "string_type": "it has to be text: put it in quotes",
    "bool_type": "it has to be true or false",
    "bool_parsing": "it has to be true or false",
    "int_type": "it has to be a whole number",
    "int_parsing": "it has to be a whole number",
    "int_from_float": "it has to be a whole number",
    "float_type": "it has to be a number",
    "float_parsing": "it has to be a number",
    "model_type": "it has to be a mapping of keys to values",
    "model_attributes_type": "it has to be a mapping of keys to values",
    "dict_type": "it has to be a mapping of keys to values",
    "tuple_type": "it has to be a list",
    "list_type": "it has to be a list",
    "set_type": "it has to be a list",
    "frozen_set_type": "it has to be a list",
}


class Explainer:
    """Writes pydantic's errors about one source into the ledger."""

    def __init__(self, source: Source, ledger: Ledger) -> None:
        self._source = source
        self._ledger = ledger

    def __call__(
        self,
        error: ValidationError,
        model: type[BaseModel],
        *,
        under: Path = (),
        later: Iterable[str] = (),
        foreign: Iterable[str] = (),
    ) -> None:
        """Write down each error.

        `under`: where the validated value stands; `later`: sections of versions to come; `foreign`: words of a format of
        somebody else's that mean nothing here.
        """
        for detail in error.errors(include_url=False, include_input=False):
            loc = tuple(detail["loc"])
            path = (*under, *loc)
            if path in self._source.broken:
                continue  # it could not be expanded, which is said already
            if detail["type"] == "extra_forbidden":
                message, hint = _unknown(model, loc, later, foreign)
            else:
                message, hint = _masked(_message(dict(detail)), self._source, path), ""
            self._ledger.add(f"{spelled(path)}: {message}" if path else message, where=self._source.where(path), hint=hint)


def nearest(word: str, words: Iterable[str]) -> str:
    """`did you mean 'interval'?`, or the words there are."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _unknown(model: type[BaseModel], loc: Path, later: Iterable[str], foreign: Iterable[str]) -> tuple[str, str]:
    key = str(loc[-1])
    if key in foreign:
        return "kvmon does not support this", "remove it"
    if len(loc) == 1 and key in later:
        return "this section is not supported by this version of kvmon", "remove it"
    around = _model_at(model, loc[:-1])
    if around is None:
        return "unknown key", ""
    names = {field.alias or name: model_in(field.annotation) for name, field in around.model_fields.items()}
    section = next((name for name, inner in names.items() if inner is not None and key in inner.model_fields), None)
    return "unknown key", f"it belongs under {section}" if section is not None else nearest(key, names)


def _model_at(model: type[BaseModel], loc: Path) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for key in loc:
        if isinstance(key, int):
            continue
        field = _field(here, key) if here else None
        here = model_in(field.annotation) if field else None
    return here


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    """By the word that stands in the file."""
    named = (field for name, field in model.model_fields.items() if key == (field.alias or name))
    return next(named, None)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation names: itself, or inside `X | None`, `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part))), None)


_BOUNDS = {"greater_than": ("greater than", "gt"), "greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}


def _message(detail: dict[str, Any]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"it has to be one of {str(context['expected']).replace(' or ', ', ')}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"it has to be {words} {context[key]:g}"
    if kind in ("string_too_short", "too_short"):
        least = context["min_length"]
        return "it is empty" if least == 1 else f"it is too short: at least {least} characters"
    return _WORDS.get(kind) or str(detail["msg"])


def _masked(message: str, source: Source, path: Path) -> str:
    """The message without whole lists and mappings, and without what came in for `${...}` at this place or below."""
    value = _value_at(source, path)
    if isinstance(value, list | dict):
        message = message.replace(repr(value), "a list" if isinstance(value, list) else "a mapping")
    original, _ = source.expanded.get(path, ("", ()))
    if original and value:
        message = message.replace(repr(value), repr(original)).replace(str(value), original)
    secrets = [text for place, (_, used) in source.expanded.items() if place[: len(path)] == path for text in used]
    if any(secret in message for secret in secrets):
        return f"{original!r} expands to something that cannot stand here" if original else "it holds what cannot stand here"
    return message


def _value_at(source: Source, path: Path) -> Any:
    value: Any = source.value
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None  # pydantic's path goes on below what the file has
    return value
