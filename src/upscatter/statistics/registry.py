"""The tests that limits can be made with: what each is called, and which options it takes.

Nothing heavy is imported here: the command line's help and the validation of a scenario need names
only. Everything that depends on a test's name is asked of its entry in `METHODS`, or of the
`upscatter.statistics.limit_method.LimitMethod` that the entry makes.
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
"""What a scenario or the command line calls a test."""

CalibrationName = Literal["asymptotic", "toys"]
"""Where the distribution of a test statistic is from: a formula, or pseudo-experiments."""

DEFAULT_TEST: TestName = "poisson"
"""What a scenario with a detector gets that names none: it covers as often as it says."""

RELEASE_TEST: TestName = "cls"
"""What a scenario with a data release gets: a deficit in data excludes nothing unseen."""


@dataclass(frozen=True, kw_only=True)
class MethodEntry:
    """A test that limits can be made with.

    Parameters
    ----------
    title : str
        What it is, in a table.
    symbol : str
        What it is, in a figure (with mathtext).
    limit : str
        What sort of limit it gives.
    options : frozenset of str
        Fields of `[statistics]` that it takes beside `test` and `confidence`.
    for_data : bool
        Whether it takes observed counts; else it is for projections.
    least_confidence : float
        Confidence that has to be exceeded.
    conservative : bool
        Whether it covers at least as often as it says, by construction.
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
    """The method that makes limits with a test.

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
