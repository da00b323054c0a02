"""A quenching model of one's own, made as CONTRIBUTING says: nothing else has to be changed."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field

from scenario_files import scenario
from upscatter.detector.quenching import Quenching
from upscatter.scenario.detector_blocks import DetectorBlock, QuenchingBlock, QuenchingModel
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ScenarioFile
from upscatter.scenario.summary import summarise
from upscatter.studies.impacts import impacts
from upscatter.studies.limits import upper_limit
from upscatter.studies.planning import plan
from upscatter.units import KEV


@dataclass(frozen=True)
class Saturating(Quenching):
    """Y = y T / (T + 1 keV)."""

    most: float
    parameter: ClassVar[str] = "yield at saturation"

    def scaled(self, factor):
        return replace(self, most=min(1.0, factor * self.most))

    def ionization_yield(self, energy_recoil):
        t = np.asarray(energy_recoil)
        return self.most * t / (t + KEV)

    def yield_slope(self, energy_recoil):
        return self.most * KEV / (np.asarray(energy_recoil) + KEV) ** 2


class SaturatingBlock(QuenchingBlock):
    model: Literal["saturating"]
    most: float

    def build(self, nucleus, columns):
        return Saturating(self.most)


class Detector(DetectorBlock):
    """What naming the block in `QuenchingModel` does."""

    quenching: Annotated[QuenchingModel | SaturatingBlock, Field(discriminator="model")]


class File(ScenarioFile):
    detector: Detector


@pytest.fixture
def written(monkeypatch):
    monkeypatch.setattr("upscatter.scenario.load.ScenarioFile", File)

    def written(most, **more):
        quenching = {"model": "saturating", "most": most, **more}
        return Scenario.parse(scenario(), "mine").replaced("detector.quenching", quenching)

    return written


def test_impacts(written):
    result = impacts(written(0.25))
    (found,) = (i for i in result.impacts if i.name == "yield at saturation")
    low, high = (upper_limit(written(most), [0.01]).mu[0] for most in (0.225, 0.275))
    assert found.reason == ""
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-10)
    assert low > 1.01 * high
    choices = {i.change for i in result.choices if i.name == "quenching"}
    assert choices == {"lindhard", "essig-high"}


def test_everything_else(written):
    mine = written(0.2, scale=1.25)
    np.testing.assert_allclose(
        upper_limit(mine, [0.01, 5.0]).mu, upper_limit(written(0.25), [0.01, 5.0]).mu, rtol=1e-12
    )
    assert ("quenching", "saturating, scaled by 1.25") in summarise(mine)
    assert Scenario.parse(mine.to_toml(), "exported").digest == mine.digest
    mu = upper_limit(mine, [0.01]).mu[0]
    assert plan(mine, 0.95 * mu, "threshold").value < 0.16
