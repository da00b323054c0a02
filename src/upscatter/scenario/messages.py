"""One line for what is wrong with a scenario: file, field, value, remedy."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

_LONGEST_VALUE = 60


def explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """Describe the first thing that is wrong.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : type of BaseModel
        The model that was being filled.
    where : str
        The file's name.
    """
    # An unknown key explains best: a misspelt one also shows up as a missing field.
    found = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
    field = _field(found["loc"])
    context = found.get("ctx", {})
    kind = found["type"]
    value = _shown(found["input"])
    if kind == "extra_forbidden":
        message = _unknown_key(found["loc"], model)
        return f"{where}: {field}: {message}"
    if kind == "missing":
        return f"{where}: {field}: is missing; add it"
    if kind in ("literal_error", "union_tag_invalid"):
        options = context.get("expected", context.get("expected_tags", ""))
        suffix = ".model" if kind == "union_tag_invalid" else ""
        given = _shown(context["tag"]) if "tag" in context else value
        return f"{where}: {field}{suffix} = {given}: is unknown; choose one of {options}"
    if kind == "union_tag_not_found":
        return f"{where}: {field} = {value}: needs a model, such as {{ model = 'essig-high' }}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{where}: {field} = {value}: must be a table of keys such as [{field}]"
    if kind == "value_error":
        return f"{where}: {field} = {value}: {context['error']}"
    return f"{where}: {field} = {value}: {_plain(found['msg'])}; correct the value"


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _steps(loc: Sequence[int | str]) -> list[str]:
    """Path of a field as the user wrote it, without the tags that pydantic adds for unions."""
    names: list[str] = []
    for step in loc:
        if isinstance(step, int):
            names[-1] = f"{names[-1]}[{step}]"
        elif step not in _TAGS:
            names.append(step)
    return names


_TAGS = frozenset({"essig-high", "lindhard", "constant", "table", "[key]"})


def _field(loc: Sequence[int | str]) -> str:
    return ".".join(_steps(loc)) or "scenario"


def _unknown_key(loc: Sequence[int | str], model: type[BaseModel]) -> str:
    known = _known_keys(loc[:-1], model)
    key = str(loc[-1])
    close = get_close_matches(key, known, n=1)
    if close:
        return f"is an unknown key; did you mean {close[0]!r}?"
    return f"is an unknown key; remove it, or use one of {', '.join(known)}"


def _known_keys(loc: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    """Keys of the block at `loc`, found by walking the model's own fields."""
    current: list[type[BaseModel]] = [model]
    for step in loc:
        found: list[type[BaseModel]] = []
        for candidate in current:
            if isinstance(step, str) and step in candidate.model_fields:
                found += _blocks_in(candidate.model_fields[step].annotation)
        current = found or current
    keys = {name for candidate in current for name in candidate.model_fields}
    return sorted(keys)


def _blocks_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - typing's own objects
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [b for arg in getattr(annotation, "__args__", ()) for b in _blocks_in(arg)]
