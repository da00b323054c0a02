"""Block `[statistics]` of a scenario file: which limit is set, and how it is calibrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from upscatter.scenario.fields import Block, Confidence
from upscatter.statistics.registry import (
    DEFAULT_TEST,
    METHODS,
    CalibrationName,
    TestName,
    limit_method,
)

if TYPE_CHECKING:
    from upscatter.statistics.limit_method import LimitMethod


class StatisticsBlock(Block):
    """Block of the statistics: test, its calibration, and confidence level of the limit."""

    test: TestName = DEFAULT_TEST
    """Test that the limit is made with."""
    confidence: Confidence = 0.90
    """Confidence level of the limit; one-sided for poisson and cls."""
    variance: Literal["background", "expected"] = "expected"
    """Δ_i² of chi2-pulls: counts of the background, or all that are expected without a signal."""
    dof: Annotated[int, Field(strict=True, ge=1, le=10)] = 1
    """Degrees of freedom of Δχ², for chi2-pulls."""
    calibration: CalibrationName = "asymptotic"
    """Distribution of the test statistic: asymptotic formulae, or pseudo-experiments."""
    trials: Annotated[int, Field(strict=True, ge=100, le=10_000_000)] = 5000
    """Pseudo-experiments for each hypothesis."""
    seed: Annotated[int, Field(strict=True, ge=0)] = 1
    """Seed of their random numbers."""
    power_constraint: Annotated[float, Field(strict=True, gt=0.0, lt=1.0)] | None = None
    """Least probability with which signal-free data must exclude a strength, for unified and
    poisson; none by default."""

    @model_validator(mode="after")
    def _options_are_used(self) -> StatisticsBlock:
        entry = METHODS[self.test]
        unused = self.model_fields_set - {"test", "confidence"} - entry.options
        if "test" in self.model_fields_set:
            # a scenario that is used with another test keeps the variance for its own
            unused -= {"variance"}
        for option in sorted(unused):
            users = " or ".join(f'"{name}"' for name in METHODS if option in METHODS[name].options)
            raise ValueError(
                f'has {option}, which test = "{self.test}" does not use; remove it, or set '
                f"test = {users}"
            )
        if self.calibration == "asymptotic" and self.model_fields_set & {"trials", "seed"}:
            raise ValueError(
                "has trials or seed without pseudo-experiments; remove them, or set calibration = "
                '"toys"'
            )
        if self.confidence <= entry.least_confidence:
            raise ValueError(
                f"has confidence = {self.confidence:g}, but the one-sided limits of "
                f'test = "{self.test}" need more than {entry.least_confidence:g}, such as 0.90'
            )
        return self

    def method(self) -> LimitMethod:
        """The method that the block describes."""
        return limit_method(**dict(self))

    @property
    def choices(self) -> dict[str, object]:
        """Test and options that the result depends on, JSON-ready."""
        options = METHODS[self.test].options - {"dof"}
        if self.calibration == "asymptotic":
            options -= {"calibration", "trials", "seed"}
        chosen = {name: getattr(self, name) for name in type(self).model_fields if name in options}
        return {"test": self.test} | {k: v for k, v in chosen.items() if v is not None}

    @property
    def used(self) -> dict[str, object]:
        """Fields that the test uses, as in a file."""
        degrees = {"dof": self.dof} if "dof" in METHODS[self.test].options else {}
        return {"confidence": self.confidence} | degrees | self.choices

    @property
    def words(self) -> str:
        """Description of the limit in one line."""
        entry = METHODS[self.test]
        kind = entry.limit.format(dof=self.dof, variance=self.variance)
        parts = [entry.title, f"{100 * self.confidence:g} % CL", kind]
        if self.calibration == "toys":
            parts.append(f"{self.trials} pseudo-experiments a hypothesis, seed {self.seed}")
        if self.power_constraint is not None:
            parts.append(f"power constraint {self.power_constraint:g}")
        return ", ".join(parts)
