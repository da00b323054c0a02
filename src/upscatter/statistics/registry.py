"""The tests that limits can be made with: their names and options.

This module imports nothing that is slow to load, because the help of the command line and the
validation of a scenario need only names. Everything that depends on the choice of a test is in its
entry of `METHODS`, or in the `upscatter.statistics.methods.LimitMethod` that the entry names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from upscatter.statistics.limit_method import LimitMethod

TestName = Literal["chi2-pulls", "poisson", "cls", "unified"]
"""Name of a test in a scenario or on the command line."""

CalibrationName = Literal["asymptotic", "toys"]
"""Distribution of a test statistic: an asymptotic formula, or pseudo-experiments."""

DEFAULT_TEST: TestName = "poisson"
"""Test of a scenario with a detector that names none; its coverage is the nominal one."""

RELEASE_TEST: TestName = "cls"
"""Test of a scenario with a data release; a deficit in data does not make its limit too strong."""


@dataclass(frozen=True, kw_only=True)
class MethodEntry:
    """A test that limits can be made with.

    Parameters
    ----------
    title : str
        Name of the test in tables.
    symbol : str
        Name of the test in figures (with mathtext).
    limit : str
        Kind of limit it gives.
    options : frozenset of str
        Fields of `[statistics]` that it takes beside `test` and `confidence`.
    for_data : bool
        Whether it takes observed counts; else it is for projections only.
    least_confidence : float
        The confidence level has to exceed this value.
    conservative : bool
        Whether its coverage is at least the nominal one by construction.
    home : str
        Module and class of the method.
    """

    title: str
    symbol: str
    limit: str
    options: frozenset[str]
    for_data: bool
    least_confidence: float
    home: str
    conservative: bool = False

    @property
    def has_dof(self) -> bool:
        """Whether its limit depends on degrees of freedom."""
        return "dof" in self.options


_CALIBRATED = frozenset({"calibration", "trials", "seed"})
_LIKELIHOOD = "upscatter.statistics.methods"

METHODS: Mapping[str, MethodEntry] = MappingProxyType(
    {
        "chi2-pulls": MethodEntry(
            title="chi2 with pulls",
            symbol=r"$\chi^2$ with pulls",
            limit="{dof} dof, variance: {variance}",
            options=frozenset({"variance", "dof"}),
            for_data=False,
            least_confidence=0.0,
            home="upscatter.statistics.pulls_method:PullsMethod",
        ),
        "poisson": MethodEntry(
            title="Poisson likelihood",
            symbol="Poisson",
            limit="one-sided",
            options=_CALIBRATED | {"power_constraint"},
            for_data=True,
            least_confidence=0.5,
            home=f"{_LIKELIHOOD}:PoissonMethod",
        ),
        "cls": MethodEntry(
            title="CLs",
            symbol=r"CL$_s$",
            limit="one-sided",
            options=_CALIBRATED,
            for_data=True,
            least_confidence=0.5,
            home=f"{_LIKELIHOOD}:ClsMethod",
            conservative=True,
        ),
        "unified": MethodEntry(
            title="unified intervals",
            symbol="unified",
            limit="upper end of the interval",
            options=_CALIBRATED | {"power_constraint"},
            for_data=True,
            least_confidence=0.5,
            home=f"{_LIKELIHOOD}:UnifiedMethod",
        ),
    }
)
"""Every test by its name."""

TEST_NAMES: tuple[str, ...] = tuple(METHODS)

CALIBRATIONS: tuple[str, ...] = get_args(CalibrationName)

FOR_DATA: tuple[str, ...] = tuple(name for name, entry in METHODS.items() if entry.for_data)
"""Tests that take observed counts."""


def limit_method(test: str, confidence: float, **options: object) -> LimitMethod:
    """Method that makes limits with the given test.

    Parameters
    ----------
    test : str
        A key of `METHODS`.
    confidence : float
    **options
        Fields of `[statistics]`; those that the test does not take are left out.

    Returns
    -------
    LimitMethod

    Examples
    --------
    >>> limit_method("cls", 0.90, dof=1).name
    'cls'
    """
    entry = METHODS[test]
    taken = {name: value for name, value in options.items() if name in entry.options}
    method: LimitMethod = resolve_name(entry.home)(confidence=confidence, **taken)
    return method
