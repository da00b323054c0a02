"""The fields of a scenario file, for documentation: read off the schema, so that no list is stale.

What a field means is the text below it in the source of its block.
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from upscatter.scenario.analytic_blocks import AnalyticBlock, ParameterBlock
from upscatter.scenario.component_block import ComponentBlock
from upscatter.scenario.fields import Block, EndPoint, OptionalTable, QuantityField
from upscatter.scenario.model import ReleaseFile, ScenarioFile
from upscatter.scenario.sources import SOURCES
from upscatter.scenario.stopped_pion_block import Protons

_SIMPLE = {float: "number", int: "integer", str: "text", bool: "true or false", Any: "energy"}
_VALUES = (EndPoint, Protons, ParameterBlock)
"""Blocks that are written as one value."""

_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


@dataclass(frozen=True, kw_only=True)
class FieldEntry:
    """A field of a scenario file.

    Parameters
    ----------
    path : str
        Dotted path, as in `Scenario.replaced`; a model, by which its fields differ, in brackets.
    kind : str
        What the value is: a number, a text, a quantity of some dimension, one of some words.
    unit : str
        A unit of it, of which others of the same dimension are accepted; empty without one.
    example : str
        A quantity as it is written.
    default : str
        Default as in a file; "required", or empty if there is none.
    bounds : str
        Bounds of the value.
    meaning : str
        What it means, in a sentence.
    """

    path: str
    kind: str
    unit: str = ""
    example: str = ""
    default: str = ""
    bounds: str = ""
    meaning: str = ""


@cache
def field_entries() -> tuple[FieldEntry, ...]:
    """All fields of scenario files, block by block.

    Examples
    --------
    >>> entry = next(e for e in field_entries() if e.path == "detector.exposure")
    >>> entry.kind, entry.unit, entry.default
    ('an exposure (mass times time)', 'kg s', 'required')
    """
    entries = dict.fromkeys([*_fields(ScenarioFile, ""), *_fields(ReleaseFile, "")])
    for key, block in SOURCES.items():
        entries |= dict.fromkeys([FieldEntry(path=key, kind="table", meaning=_purpose(block))])
        entries |= dict.fromkeys(_fields(block, f"{key}."))
    entries |= dict.fromkeys(_fields(ParameterBlock, "background[MODEL].PARAMETER."))
    seen: dict[str, FieldEntry] = {}
    for entry in entries:  # both kinds of files have most blocks
        seen.setdefault(entry.path, entry)
    return tuple(seen.values())


@cache
def meanings(block: type[Block]) -> dict[str, str]:
    """The text below each field in the source of a block, with those of its base classes.

    Examples
    --------
    >>> from upscatter.scenario.model import PhysicsBlock
    >>> meanings(PhysicsBlock)["form_factor"]
    'Form factor of nuclei.'
    """
    found: dict[str, str] = {}
    for base in reversed(block.__mro__):
        if (
            not issubclass(base, Block) or "[" in base.__name__
        ):  # pydantic makes some of generic ones
            continue
        definition = ast.parse(inspect.getsource(base)).body[0]
        assert isinstance(definition, ast.ClassDef)
        for line, below in zip(definition.body, definition.body[1:], strict=False):
            match line, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = " ".join(text.split())
    return found


def _fields(block: type[Block], path: str) -> Iterator[FieldEntry]:
    """Fields of a block and of those within it; the columns of tables are told once, by `kind`."""
    known = meanings(block)
    for name, info in block.model_fields.items():
        if _told_elsewhere(block, name):
            continue
        annotation = (
            Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        )
        yield FieldEntry(
            path=path + name,
            kind=_kind(annotation),
            unit=next((unit for unit, _ in _units(annotation)), ""),
            example=next((example for _, example in _units(annotation)), ""),
            default=_default(info, annotation),
            bounds=", ".join(dict.fromkeys(_bounds(annotation))),
            meaning=known.get(name, ""),
        )
        blocks = list(dict.fromkeys(_blocks(annotation)))
        for inner in blocks:
            label = _model_name(inner) if len(blocks) > 1 else ""
            yield from _fields(inner, f"{path}{name}{label}.")


def _told_elsewhere(block: type[Block], name: str) -> bool:
    """Whether a field is one of those that several blocks have, and that are told once."""
    table = issubclass(block, OptionalTable) and name in OptionalTable.model_fields
    return table or (issubclass(block, AnalyticBlock) and name in ComponentBlock.model_fields)


def _parts(annotation: object) -> tuple[Any, tuple[Any, ...]]:
    """A type without its metadata, and these."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        deeper, more = _parts(inner)
        return deeper, (*more, *metadata)
    return annotation, ()


def _options(annotation: object) -> list[Any]:
    """Members of a union but None, or the type itself."""
    bare, _ = _parts(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        return [option for option in get_args(bare) if option is not types.NoneType]
    return [annotation]


def _kind(annotation: object) -> str:
    bare, metadata = _parts(annotation)
    quantity = next(_quantities(metadata), None)
    if quantity is not None:
        return quantity.dimension.name
    if len(_options(annotation)) > 1:
        return " or ".join(dict.fromkeys(map(_kind, _options(annotation))))
    if _options(annotation) != [annotation]:
        return _kind(_options(annotation)[0])
    origin, inner = get_origin(bare), get_args(bare)
    if origin is Literal:
        return ", ".join(f'"{choice}"' for choice in inner)
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return f"list of {_kind(inner[0])}"
        return "[" + ", ".join(map(_kind, inner)) + "]"
    if origin is dict:
        return f"{_kind(inner[1])} by {_kind(inner[0])}"
    if isinstance(bare, TypeVar):
        return "value of the parameter"
    if bare in (EndPoint, Protons):
        return "energy" if bare is EndPoint else "number, or a rate"
    if isinstance(bare, type) and issubclass(bare, Block):
        if issubclass(bare, ParameterBlock):
            value = _kind(bare.model_fields["value"].annotation)
            return f'{value}, "free", or a table'
        return "table of two columns" if issubclass(bare, OptionalTable) else "table"
    return _SIMPLE[bare]


def _inner(annotation: object) -> Iterator[Any]:
    """Every type within a type, with its metadata."""
    yield annotation
    bare, _ = _parts(annotation)
    if get_origin(bare) is not Literal:
        for option in get_args(bare):
            if option is not Ellipsis:
                yield from _inner(option)


def _quantities(metadata: tuple[Any, ...]) -> Iterator[QuantityField]:
    for item in metadata:
        validator = getattr(item, "func", None)
        if isinstance(validator, QuantityField):
            yield validator


def _units(annotation: object) -> Iterator[tuple[str, str]]:
    """Units, each with an example."""
    for option in _inner(annotation):
        bare, metadata = _parts(option)
        for quantity in _quantities(metadata):
            yield quantity.dimension.unit, quantity.dimension.example
        if bare in (EndPoint, Any):
            yield "keVee or keVnr", "0.16 keVee"
        if bare is Protons:
            yield "1/s", "1e16 / s"
        if isinstance(bare, type) and issubclass(bare, ParameterBlock):
            yield from _units(bare.model_fields["value"].annotation)


def _bounds(annotation: object) -> Iterator[str]:
    for option in _inner(annotation):
        _, metadata = _parts(option)
        for quantity in _quantities(metadata):
            if quantity.least is not None:
                yield f"≥ {quantity.least}"
            elif not quantity.signed:
                yield "≥ 0" if quantity.zero_allowed else "> 0"
            if quantity.most is not None:
                yield f"≤ {quantity.most}"
        for item in metadata:
            for constraint in item.metadata if isinstance(item, FieldInfo) else (item,):
                for name, sign in _BOUNDS.items():
                    value = getattr(constraint, name, None)
                    if value is not None:
                        yield f"{sign} {value:.7g}"


def _blocks(annotation: object) -> Iterator[type[Block]]:
    for option in _inner(annotation):
        bare, _ = _parts(option)
        is_class = isinstance(bare, type) and get_origin(bare) is None
        if is_class and issubclass(bare, Block) and not issubclass(bare, _VALUES):
            yield bare


def _model_name(block: type[Block]) -> str:
    """The word by which a block is told from others in its place."""
    model = block.model_fields.get("model")
    words = get_args(model.annotation) if model is not None else ()
    return f"[{words[0]}]" if words else ""


def _default(info: FieldInfo, annotation: object) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value:
        return f'"{value}"'
    if not isinstance(value, (int, float)):
        return ""
    _, metadata = _parts(annotation)
    quantity = next(_quantities(metadata), None)
    if quantity is None or not value:
        return f"{value:g}"
    return f"{value / quantity.dimension.internal:g} {quantity.dimension.unit}"


def _purpose(block: type[Block]) -> str:
    return (inspect.getdoc(block) or "").splitlines()[0]
