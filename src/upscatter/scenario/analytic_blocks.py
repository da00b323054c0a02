"""Validated blocks of backgrounds given by formulae, whose parameters may be fitted.

A parameter is a quantity (fixed), "free", or a table: a value with an uncertainty, or with bounds
within which it is free; or it is tied to the same parameter of another component.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from upscatter.detector.analytic import AnalyticName
from upscatter.scenario.component_block import ComponentBlock, ComponentName
from upscatter.scenario.fields import (
    BackgroundRate,
    Block,
    PeakRate,
    PeakWidth,
    Uncertainty,
    VisibleEnergy,
)
from upscatter.units import DAY, KEV, KG

_Quantity = TypeVar("_Quantity")


class ParameterBlock(Block, Generic[_Quantity]):
    """A parameter of a formula.

    Parameters
    ----------
    value : quantity, optional
        Fixed, unless there is one of the following; for a free parameter the start of its fit, and
        what a projection takes for true.
    uncertainty : float
        Relative standard deviation of a Gaussian constraint, of `value` or of `factor`.
    free : bool
        Whether the data alone fix it.
    bounds : pair of quantities, optional
        Least and largest value of a free parameter.
    tied : str, optional
        Component whose parameter of the same name it is, times `factor`.
    factor : float
    """

    added: ClassVar[tuple[str, ...]] = ("value", "uncertainty", "free", "bounds", "tied", "factor")

    value: _Quantity | None = None
    """Value, or the centre of its constraint, or where a search begins."""
    uncertainty: Uncertainty = 0.0
    """Relative standard deviation of a Gaussian constraint."""
    free: bool = False
    """Whether the data alone fix it."""
    bounds: tuple[_Quantity, _Quantity] | None = None
    """Least and largest value of a free parameter."""
    tied: ComponentName | None = None
    """Component whose parameter of the same name it is, times `factor`."""
    factor: Annotated[float, Field(strict=True, gt=0.0, le=1e6)] | None = None
    """Factor of a tied parameter."""

    @field_validator("bounds", mode="before")
    @classmethod
    def _two_bounds(cls, bounds: object) -> object:
        if bounds is not None and (not isinstance(bounds, (list, tuple)) or len(bounds) != 2):
            raise ValueError("must be two values, the lesser first")
        return bounds

    @model_validator(mode="after")
    def _one_kind(self) -> ParameterBlock[_Quantity]:
        free = self.free or self.bounds is not None
        if self.tied is not None:
            if free or self.value is not None:
                raise ValueError(
                    "is tied to another component and has a value, or is free, as well; keep one"
                )
        elif self.factor is not None:
            raise ValueError('has a factor but nothing it multiplies; add tied = "COMPONENT"')
        elif free:
            if self.uncertainty:
                raise ValueError("is free and has an uncertainty; keep one of them")
            self._check_bounds()
        elif self.value is None:
            raise ValueError('has no value; give one, or write "free"')
        return self

    def _check_bounds(self) -> None:
        low, high = self.bounds or (None, None)
        if low is None or high is None:
            return
        if not low < high:  # type: ignore[operator]  # quantities are numbers
            raise ValueError("bounds: the first is not below the second; give the lesser first")
        if self.value is not None and not low <= self.value <= high:  # type: ignore[operator]
            raise ValueError("value: is outside of its bounds; correct one")

    @property
    def is_free(self) -> bool:
        """Whether it is free, within bounds or without."""
        return self.free or self.bounds is not None


def _short(value: object) -> object:
    """The table for which a user wrote "free", or a quantity alone."""
    if isinstance(value, (dict, ParameterBlock)):
        return value
    return {"free": True} if value == "free" else {"value": value}


def _with_bounds(block: ParameterBlock[float]) -> ParameterBlock[float]:
    """Refuse a free energy without bounds: the search would have no beginning."""
    if block.is_free and block.bounds is None:
        raise ValueError('is free and has no bounds; add bounds = ["0.1 keVee", "0.5 keVee"]')
    return block


_Rate = Annotated[ParameterBlock[BackgroundRate], BeforeValidator(_short)]
_Area = Annotated[ParameterBlock[PeakRate], BeforeValidator(_short)]
_Energy = Annotated[
    ParameterBlock[VisibleEnergy], BeforeValidator(_short), AfterValidator(_with_bounds)
]
_Width = Annotated[ParameterBlock[PeakWidth], BeforeValidator(_short), AfterValidator(_with_bounds)]

_PER_ENERGY = (1.0 / (KEV * KG * DAY), "/ (keVee kg day)")
_PER_TIME = (1.0 / (KG * DAY), "/ (kg day)")
_VISIBLE = (KEV, "keVee")


class AnalyticBlock(ComponentBlock):
    """Base class of the blocks of `upscatter.detector.analytic.AnalyticBackground`."""

    units: ClassVar[Mapping[str, tuple[float, str]]] = {}
    """Unit of each parameter, in the order of the formula's arguments."""
    kind: ClassVar[str]
    """Name of the model in a scenario."""
    formula: ClassVar[AnalyticName]
    """Name of its formula."""
    empty: ClassVar[bool] = False

    @property
    def uncertainty(self) -> float:
        """Relative uncertainty of the rate."""
        return self.parameters["rate"].uncertainty

    @property
    def parameters(self) -> dict[str, ParameterBlock[Any]]:
        """The parameters by name, in the order of the formula's arguments."""
        return {name: getattr(self, name) for name in self.units}


class ConstantBackground(AnalyticBlock):
    """A constant rate per observed energy."""

    units: ClassVar = {"rate": _PER_ENERGY}
    kind: ClassVar = "constant"
    formula: ClassVar[AnalyticName] = "constant"

    model: Literal["constant"]
    """Name of the formula."""
    rate: _Rate
    """Observed rate per energy."""


class ExponentialBackground(AnalyticBlock):
    """A rate that falls like exp(−E/decay); `rate` is that at the lower end of the first bin."""

    units: ClassVar = {"rate": _PER_ENERGY, "decay": _VISIBLE}
    kind: ClassVar = "exponential"
    formula: ClassVar[AnalyticName] = "exponential"

    model: Literal["exponential"]
    """Name of the formula."""
    rate: _Rate
    """Observed rate per energy at the lower end of the first bin."""
    decay: _Width
    """Energy in which the rate falls by a factor e."""


class LineBackground(AnalyticBlock):
    """A Gaussian line; `rate` is its integral, `width` its standard deviation."""

    units: ClassVar = {"rate": _PER_TIME, "energy": _VISIBLE, "width": _VISIBLE}
    kind: ClassVar = "line"
    formula: ClassVar[AnalyticName] = "line"

    model: Literal["line"]
    """Name of the formula."""
    rate: _Area
    """Integral of the line."""
    energy: _Energy
    """Observed energy of the line."""
    width: _Width
    """Standard deviation."""


class TritiumBackground(AnalyticBlock):
    """The β spectrum of tritium as the detector sees it; `rate` counts all decays."""

    units: ClassVar = {"rate": _PER_TIME}
    kind: ClassVar = "tritium"
    formula: ClassVar[AnalyticName] = "template"

    model: Literal["tritium"]
    """Name of the formula."""
    rate: _Area
    """Rate of all decays."""


AnalyticModel: TypeAlias = (
    ConstantBackground | ExponentialBackground | LineBackground | TritiumBackground
)
"""The formulae that a component of the background may name."""
