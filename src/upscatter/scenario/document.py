"""The TOML document of a scenario: changed by dotted paths, and written with its comments."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from upscatter.errors import ScenarioError
from upscatter.scenario.messages import shown, toml

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.container import Container
    from tomlkit.items import Item, Table

Document: TypeAlias = dict[str, Any]
"""What `tomllib` makes of a file. It is shared between scenarios and never modified."""

# Keys for which a plain value may stand: quenching = "lindhard" is { model = "lindhard" }.
_SHORT_FOR: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("detector", "quenching"): "model",
        ("detector", "efficiency"): "value",
        ("oscillation", "mixing"): "fit",
        ("flux", "spectra", "*"): "variant",
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
        Dotted path, such as ``"flux.fluxes.8B"``, to what a TOML file would have there; None
        removes the key. They are made in their order.

    Raises
    ------
    ScenarioError
        Naming the path whose new value is nothing that a TOML file can have.

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
    """The value at a dotted path, None where there is none."""
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def edited(text: str, wanted: Document, *, mark: bool = True) -> str:
    r"""The text of a TOML file with the content that is wanted, and the comments that stay true.

    A value that differs loses the comment behind it; ``# changed`` or ``# added`` says so instead.
    All other lines stay as they are.

    Parameters
    ----------
    text : str
        A TOML file.
    wanted : dict
    mark : bool
        Whether to say so. Without it the comments stay: the values say the same in other words.

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
    # A layout that the library cannot edit: the content is right, the comments are lost.
    return tomlkit.dumps(wanted)


def _with_value(
    table: Document, path: tuple[str, ...], above: tuple[str, ...], value: object
) -> Document:
    """A copy with a new value; what does not lie on the path is shared with the original."""
    key, *rest = path
    here = (*above, key)
    if not rest:
        kept = {k: v for k, v in table.items() if value is not None or k != key}
        return kept if value is None else {**kept, key: value}
    inner = table.get(key)
    if inner is None:
        if value is None:
            return table
        inner = {}
    elif not isinstance(inner, dict):
        short_for = _SHORT_FOR.get(here) or _SHORT_FOR.get((*above, "*"))
        inner = {} if short_for is None else {short_for: inner}
    return {**table, key: _with_value(inner, tuple(rest), here, value)}


def _plain(path: str, value: object) -> object:
    """A value as `tomllib` would give it."""
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
    """Give a table its wanted content."""
    from tomlkit.container import OutOfOrderTableProxy
    from tomlkit.items import Table

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
            item = _item(value)
            if mark:
                _drop_continuation(container, key)
                column = len(found.as_string()) + len(found.trivia.comment_ws)
                item.comment("changed")
                space = max(column - len(item.as_string()), _LEAST_SPACE)
                item.trivia.comment_ws = " " * space
            table[key] = item


def _drop_continuation(container: Container, key: str) -> None:
    """Remove the lines in which the comment behind a value goes on: indented ones below it."""
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
