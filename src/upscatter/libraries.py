"""Libraries of the extras "scan" and "explorer", which are imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from upscatter.errors import OutputError


def scan_library(name: str) -> ModuleType:
    """A library of the extra "scan".

    Raises
    ------
    OutputError
        If it is not installed.
    """
    return _library(name, "labelled arrays, stores of scans and clusters need", "scan")


def explorer_library(name: str) -> ModuleType:
    """A library of the extra "explorer".

    Raises
    ------
    OutputError
        If it is not installed.
    """
    return _library(name, "the explorer needs", "explorer")


def _library(name: str, who_needs: str, extra: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise OutputError(
            f"{who_needs} {name} ({error}): pip install 'upscatter[{extra}]'"
        ) from None
