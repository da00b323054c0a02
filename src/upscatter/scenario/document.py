"""TOML document of a scenario: changes by dotted paths, and writing with the comments kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from upscatter.errors import ScenarioError
from upscatter.scenario.messages import shown, toml

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.container import Container
    from tomlkit.items import Item, Table

Document: TypeAlias = dict[str, Any]
"""Content of a file as read by `tomllib`. It is shared between scenarios and never modified."""

# Tables that a plain value can replace: quenching = "lindhard" is { model = "lindhard" }.
_SHORT_FOR: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("detector", "quenching"): "model",
        ("detector", "efficiency"): "value",
        ("oscillation", "mixing"): "fit",
        ("flux", "spectra", "*"): "variant",
        ("reactor", "spectrum"): "model",
    }
)
_LONGEST_LINE = 88
_LEAST_SPACE = 2


def with_changes(document: Document, changes: Mapping[str, object]) -> Document:
    """A document with some of its values replaced, added or removed.

    Parameters
    ----------
    document : dict
        Not modified.
    changes : mapping
        Dotted path, such as ``"flux.fluxes.8B"``, ``"background.0.flat"`` in a list of tables, or
        ``"detector.region.0"`` in a list of values, to the value in a TOML file; None removes the
        key. Changes are made in the given order.

    Raises
    ------
    ScenarioError
        If a TOML file cannot contain a new value, or a path leads into a list without a place in
        it; the message names its path.

    Examples
    --------
    >>> with_changes({"detector": {"quenching": "lindhard"}}, {"detector.quenching.k": 0.15})
    {'detector': {'quenching': {'model': 'lindhard', 'k': 0.15}}}
    """
    for path, value in changes.items():
        new = None if value is None else _plain(path, value)
        document = _with_value(document, tuple(path.split(".")), (), new)
    return document


def at(document: Document, path: str) -> Any:  # noqa: ANN401 - whatever TOML has
    """The value at a dotted path, None if there is none."""
    value: Any = document
    for step in path.split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def edited(text: str, wanted: Document, *, mark: bool = True) -> str:
    r"""Text of a TOML file with new content, keeping the comments that are still true.

    The comment behind a value that differs is replaced by ``# changed`` or ``# added``. All other
    lines stay as they are.

    Parameters
    ----------
    text : str
        A TOML file.
    wanted : dict
        The new content.
    mark : bool
        Whether to replace the comments. If not, they stay; this is for values that are equivalent.

    Examples
    --------
    >>> print(edited("a = 1  # printed\nb = 2  # printed", {"a": 1, "b": 3}))
    a = 1  # printed
    b = 3  # changed
    """
    before = tomllib.loads(text)
    if before == wanted:
        return text
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _edit(document, before, wanted, mark)
        result = tomlkit.dumps(document)
        if tomllib.loads(result) == wanted:
            return result
    except (TOMLKitError, ValueError):
        pass
    # The library cannot edit this layout: the content is right, but the comments are lost.
    return tomlkit.dumps(wanted)


def _with_value(
    table: Document, path: tuple[str, ...], above: tuple[str, ...], value: object
) -> Document:
    """A copy with a new value, which shares everything outside the path with the original."""
    key, *rest = path
    here = (*above, key)
    if not rest:
        kept = {k: v for k, v in table.items() if value is not None or k != key}
        return kept if value is None else {**kept, key: value}
    inner = table.get(key)
    if _tables(inner) and rest[0].isdecimal() and int(rest[0]) < len(inner):
        # an entry of a list of tables is a table whose name is its number, from 0
        entries = {str(i): entry for i, entry in enumerate(inner)}
        changed = _with_value(entries, tuple(rest), here, value)
        return {**table, key: list(changed.values())}
    if isinstance(inner, list) and len(rest) == 1 and rest[0].isdecimal() and value is not None:
        number = int(rest[0])
        if number < len(inner) and not _tables(inner):
            return {**table, key: [*inner[:number], value, *inner[number + 1 :]]}
    if inner is None:
        if value is None:
            return table
        inner = {}
    elif isinstance(inner, list):
        # a table in its place would drop what the list has
        named, last = ".".join(here), len(inner) - 1
        which = "0" if last == 0 else f"0 to {last}"
        end = [] if rest[0].isdecimal() else rest
        raise ScenarioError(
            f"{'.'.join((named, *rest))}: {named} is a list; give the place in it, {which}, such "
            f"as {'.'.join((named, str(last), *end))}"
        )
    elif not isinstance(inner, dict):
        short_for = _SHORT_FOR.get(here) or _SHORT_FOR.get((*above, "*"))
        inner = {} if short_for is None else {short_for: inner}
    return {**table, key: _with_value(inner, tuple(rest), here, value)}


def _plain(path: str, value: object) -> object:
    """Convert a value to the type that `tomllib` gives."""
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {str(k): _plain(f"{path}.{k}", v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(path, item) for item in value]
    for kind in (bool, int, float, str):  # also their subclasses, such as numpy's float
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, (date, time)):
        return value
    raise ScenarioError(
        f"{path} = {shown(value)}: is nothing that a TOML file can have; give a text, a number, "
        "a list or a mapping"
    )


def _edit(
    table: TOMLDocument | Table, before: Document, wanted: Document, mark: bool, top: bool = True
) -> None:
    """Edit a table so that it has the wanted content."""
    from tomlkit.container import OutOfOrderTableProxy
    from tomlkit.items import AoT, Table

    container = table.value if isinstance(table, Table) else table
    for key in [key for key in before if key not in wanted]:
        _drop_continuation(container, key)
        table.remove(key)
    for key, value in wanted.items():
        if key not in before:
            item = _block(value) if top and isinstance(value, dict) else _item(value)
            if mark:
                item.comment("added")
                item.trivia.comment_ws = " " * _LEAST_SPACE
            table.append(key, item)
        elif before[key] != value:
            found = container.item(key)
            if isinstance(found, OutOfOrderTableProxy):
                raise ValueError(f"{key} is written in several places")
            if isinstance(found, Table) and isinstance(value, dict):
                _edit(found, before[key], value, mark, top=False)
                continue
            if isinstance(found, AoT) and _tables(value) and len(found) == len(value):
                for inner, old, new in zip(found, before[key], value, strict=True):
                    _edit(inner, old, new, mark, top=False)
                continue
            item = _item(value)
            if mark:
                _drop_continuation(container, key)
                column = len(found.as_string()) + len(found.trivia.comment_ws)
                item.comment("changed")
                space = max(column - len(item.as_string()), _LEAST_SPACE)
                item.trivia.comment_ws = " " * space
            table[key] = item


def _tables(value: object) -> TypeGuard[list[Document]]:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _drop_continuation(container: Container, key: str) -> None:
    """Remove the indented comment lines that continue the comment behind a value."""
    from tomlkit.items import Comment, Null

    body = container.body
    index = next(i for i, (name, _) in enumerate(body) if name is not None and name.key == key)
    if not body[index][1].trivia.comment:
        return
    for i in range(index + 1, len(body)):
        line = body[i][1]
        if not (isinstance(line, Comment) and len(line.trivia.indent) > _LEAST_SPACE):
            return
        body[i] = (None, Null())


def _block(value: Document) -> Item:
    from tomlkit import table

    block = table()
    for key, inner in value.items():
        block.append(key, _item(inner))
    return block


def _item(value: object) -> Item:
    import tomlkit

    item: Item = tomlkit.value(toml(value, _LONGEST_LINE))
    return item
