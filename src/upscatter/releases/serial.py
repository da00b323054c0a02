"""Trees of dataclasses with arrays, as text and arrays from which the same tree can be built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from upscatter.numerics import FloatArray


def flattened(content: object) -> tuple[str, list[FloatArray]]:
    """A tree of dataclasses as JSON text with the place of each array, and the arrays."""
    arrays: list[FloatArray] = []

    def plain(value: object) -> object:
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value, dtype=float))
            return {"array": len(arrays) - 1}
        if is_dataclass(value) and not isinstance(value, type):
            inside = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
            return {type(value).__name__: inside}
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return value

    return json.dumps(plain(content), sort_keys=True), arrays


def restored(text: str, arrays: Sequence[FloatArray], classes: Sequence[type[Any]]) -> object:
    """The tree, made of these classes only, from which `flattened` has made text and arrays."""
    kinds = {kind.__name__: kind for kind in classes}

    def built(value: object) -> object:
        if isinstance(value, list):
            return tuple(map(built, value))
        if not isinstance(value, dict):
            return value
        ((name, inside),) = value.items()
        if name == "array":
            return arrays[inside]
        return kinds[name](**{key: built(item) for key, item in inside.items()})

    return built(json.loads(text))


def digest(text: str, arrays: Sequence[FloatArray]) -> str:
    """SHA-256 of a flattened tree, in hexadecimal digits."""
    found = hashlib.sha256(text.encode())
    for array in arrays:
        found.update(repr(array.shape).encode())
        found.update(array.tobytes())
    return found.hexdigest()
