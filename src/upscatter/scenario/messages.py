"""Error messages of one line for invalid scenarios: file, field, value, remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, time
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

_LONGEST_VALUE = 60
# Pydantic's names for the branches of a plain union, which do not occur in files.
_BRANCH = re.compile(r"one|several|plain|float|int|str|bool|tuple\[.*\]|list\[.*\]")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_ADDITIONS = {
    "title": 'title = "My experiment" at the top',
    "target": 'a table [target] with element = "Ge"',
    "detector": "a table [detector] with exposure, region, bins and quenching",
    "exposure": 'exposure = "150 kg yr"',
    "quenching": 'quenching = { model = "lindhard" }',
    "model": 'a model, such as { model = "lindhard" }',
    "uncertainty": "uncertainty = 0.1, or whatever it is",
    "flavour": 'flavour = "e"',
    "value": "value = 0.2, or whatever it is",
}

# What a value must be, by pydantic's kind of error; {} are the constraint's own names.
_DEMANDS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:.10g} or more",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be {le:.10g} or less",
    "finite_number": "must be a finite number",
    "float_type": "must be a number, without quotes or a unit",
    "int_type": "must be a whole number, without quotes or a point",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list in brackets",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have {min_length} or more entries",
}


def explain(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """Message about the first error in a scenario.

    Parameters
    ----------
    error : ValidationError
        Pydantic's error.
    model : type of BaseModel
        The model that was validated.
    where : str
        Name of the file.
    """
    # An unknown key is reported first, as a misspelt key also appears as a missing field.
    found = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
    loc, kind, value = found["loc"], found["type"], found["input"]
    context = found.get("ctx", {})
    field = _field(loc, model)
    if kind == "extra_forbidden":
        return f"{where}: {field}: {_unknown_key(loc, model)}"
    if kind == "missing":
        if isinstance(loc[-1], int):
            needed = f"has too few entries; give {loc[-1] + 1}"
            return f"{where}: {_field(loc[:-1], model)} = {shown(value)}: {needed}"
        return f"{where}: {field}: is missing; add {_ADDITIONS.get(str(loc[-1]), 'it')}"
    if kind == "literal_error":
        given = "" if loc[-1] == "[key]" else f" = {shown(value)}"
        return f"{where}: {field}{given}: {unknown(value, _options(context['expected']))}"
    if kind == "union_tag_invalid":
        options = [tag for tag in _options(context["expected_tags"]) if tag != "plain"]
        tag = value["model"]
        return f"{where}: {field}.model = {shown(tag)}: {unknown(tag, options)}"
    if kind == "union_tag_not_found":
        return f"{where}: {field}: is missing its model; add {_ADDITIONS['model']}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        table = f"[{field}] or {field.rpartition('.')[2]} = {{ key = value }}"
        if field.endswith("]"):  # an entry of a list
            table = "{ key = value }"
        return f"{where}: {field} = {shown(value)}: must be a table of keys, {table}"
    # The message about a block does not need the block's whole content.
    given = "" if isinstance(value, (dict, BaseModel)) else f" = {shown(value)}"
    if kind == "value_error":
        return f"{where}: {field}{given}: {context['error']}"
    demand = _DEMANDS.get(kind)
    if demand is None:
        return f"{where}: {field}{given}: {_plain(found['msg'])}; correct the value"
    return f"{where}: {field}{given}: {demand.format(**context)}{_hint(kind, value)}"


def unknown(word: object, options: Sequence[str]) -> str:
    """Text that a word is unknown, with the closest known one."""
    close = closest(word, options)
    meant = f"did you mean {close!r}? It is " if close else "choose "
    return f"is unknown; {meant}one of {', '.join(options)}"


def closest(word: object, options: Iterable[str]) -> str | None:
    """The option closest to a misspelt word, ignoring case and the order of letters."""
    plain = {option.casefold(): option for option in options}
    given = str(word).casefold()
    for key, option in plain.items():
        if sorted(key) == sorted(given):
            return option
    longer = [key for key in plain if len(given) > 2 and key.startswith(given)]
    if longer:
        return plain[min(longer, key=len)]
    close = get_close_matches(given, plain, n=1)
    return plain[close[0]] if close else None


def shown(value: object) -> str:
    """A value as in a TOML file, shortened if it is long."""
    text = toml(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def toml(value: object, longest: int | None = None) -> str:
    """A value as in a TOML file; lists longer than `longest` take several lines."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        items = [toml(item, longest) for item in value]
        text = f"[{', '.join(items)}]"
        if longest is None or len(text) <= longest:
            return text
        return "".join(["[\n", *(f"    {item},\n" for item in items), "]"])
    if isinstance(value, dict):
        pairs = (f"{_key(str(key))} = {toml(item, longest)}" for key, item in value.items())
        inside = ", ".join(pairs)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, (date, time)):
        return value.isoformat()
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _hint(kind: str, value: object) -> str:
    """Further hint for common mistakes."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return "; write 10 % as 0.1"
    if kind.startswith("less_than") and isinstance(value, (int, float)) and 1 < value <= 100:
        return "; if it is a percentage, divide it by 100"
    return ""


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]


def _options(expected: str) -> list[str]:
    """The words in pydantic's list of expected values."""
    return re.findall(r"'([^']*)'", expected)


def _field(loc: Sequence[int | str], model: type[BaseModel]) -> str:
    return _walk(loc, model)[0] or "scenario"


def _unknown_key(loc: Sequence[int | str], model: type[BaseModel]) -> str:
    blocks = _walk(loc[:-1], model)[1]
    known = sorted({name for block in blocks for name in block.model_fields})
    # of blocks that differ by their model
    owners = [tag for b in blocks if loc[-1] in b.model_fields for tag in _tags(b)]
    if owners:
        models = " or ".join(f"model = {json.dumps(tag)}" for tag in dict.fromkeys(owners))
        return f"goes with {models} alone; add that, or remove it"
    close = closest(loc[-1], known)
    if close:
        return f"is an unknown key; did you mean {close!r}?"
    return f"is an unknown key; remove it, or use one of {', '.join(known)}"


def _walk(loc: Sequence[int | str], model: type[BaseModel]) -> tuple[str, list[type[BaseModel]]]:
    """Path of a field as in the file, and the blocks that may contain it.

    Pydantic's own path also has the tags by which it chose between blocks.
    """
    names: list[str] = []
    blocks = [model]
    for step in loc:
        if isinstance(step, int):
            names[-1] += f"[{step}]"
            continue
        tagged = [block for block in blocks if step in _tags(block)]
        if tagged and len(blocks) > 1:
            blocks = tagged
        elif step != "[key]" and not _BRANCH.fullmatch(step):
            names.append(_key(step))
            inner = [b.model_fields[step].annotation for b in blocks if step in b.model_fields]
            blocks = [block for annotation in inner for block in _blocks_in(annotation)] or blocks
    return ".".join(names), blocks


def _tags(block: type[BaseModel]) -> tuple[object, ...]:
    field = block.model_fields.get("model")
    return getattr(field.annotation, "__args__", ()) if field else ()


def _blocks_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - typing's own objects
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [b for arg in getattr(annotation, "__args__", ()) for b in _blocks_in(arg)]
