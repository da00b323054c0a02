"""Free parameters of a fit, with their units."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fitted:
    """A free parameter of a fit.

    Parameters
    ----------
    name : str
    unit : str
    value, error : float
        At the best fit; the error is NaN if the parameter is at a bound, and infinite if the data
        say nothing about it.
    at_limit : float
        With the signal at its limit.
    """

    name: str
    unit: str
    value: float
    error: float
    at_limit: float

    @property
    def key(self) -> str:
        """Name with unit, as a column has it."""
        return column(self.name, self.unit)


def column(name: str, unit: str) -> str:
    """Name of a column with its unit.

    Examples
    --------
    >>> column("L1 energy", "keVee"), column("flat rate", "/ (keVee kg day)")
    ('L1_energy_keVee', 'flat_rate_per_keVee_kg_day')
    """
    shown = unit.replace("/ (", "per ").replace(")", "")
    return f"{name} {shown}".strip().replace(" ", "_")
