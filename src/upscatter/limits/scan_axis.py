"""A field of a scenario with its values in a scan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class ScanAxis:
    """A field of a scenario and its values in a scan.

    Parameters
    ----------
    path : str
        Dotted path of the field, such as ``"background.flat"``.
    values : tuple
        Numbers in `unit`, or choices as in a scenario file.
    unit : str
        Unit of the numbers, such as "keVee"; empty for pure numbers and choices.

    Examples
    --------
    >>> axis = ScanAxis("detector.exposure", (1.0, 10.0), "kg yr")
    >>> axis.name, axis.given(1)
    ('detector.exposure [kg yr]', '10.0 kg yr')
    """

    path: str
    values: tuple[object, ...]
    unit: str = ""

    @property
    def name(self) -> str:
        """The path with the unit, as in the heading of a column."""
        return f"{self.path} [{self.unit}]" if self.unit else self.path

    @cached_property
    def is_numeric(self) -> bool:
        """Whether the values are numbers."""
        return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in self.values)

    def given(self, index: int) -> object:
        """A value as in a scenario file."""
        value = self.values[index]
        return f"{value!r} {self.unit}" if self.unit else value

    @property
    def labels(self) -> list[float | str]:
        """The values as numbers, or choices as texts."""
        return [self.labels_at(i) for i in range(len(self.values))]

    def labels_at(self, index: int) -> float | str:
        """One of `labels`."""
        value = self.values[index]
        if self.is_numeric and isinstance(value, (int, float)):
            return value
        return value if isinstance(value, str) else json.dumps(value)
