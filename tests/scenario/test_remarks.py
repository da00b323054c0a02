"""Remarks on scenarios: what their authors may not have meant."""

import numpy as np
import pytest

from upscatter import upper_limit
from upscatter.errors import ScenarioError
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.remarks import remarks_on
from upscatter.scenario.summary import summarise

NEXTGEN = Scenario.load("ge-nextgen")


def remarks(**changes):
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    return remarks_on(Model(NEXTGEN.replaced(changed)))


def table(*points):
    return {"points": [list(p) for p in points], "rate": "1 / (keVee kg day)"}


def test_bundled_scenarios_have_none():
    for name in bundled_names():
        scenario = Scenario.load(name)
        if hasattr(scenario.settings, "detector") and not scenario.lacks_tables:
            assert remarks_on(Model(scenario)) == (), name


@pytest.mark.parametrize(
    "points",
    [
        [(0.5, 0.01), (3.0, 0.01)],
        [(0.1, 0.01), (1.5, 0.01)],
        [(0.5, 0.01), (1.5, 0.01)],
    ],
)
def test_a_table_that_leaves_a_part_of_the_region_without_a_rate(points):
    first, last = points[0][0], points[-1][0]
    (said,) = remarks(background=table(*points))
    assert said == (
        f"background: its table has {first:g} to {last:g} keVee, and nothing in the rest of the "
        "region, 0.16 to 2.16 keVee"
    )
    changed = {"background": table(*points), "statistics": {"test": "poisson"}}
    limit = upper_limit(NEXTGEN.replaced(changed), [1.0])
    assert said in limit.remarks


def test_a_table_that_covers_the_region_or_ends_with_nothing():
    assert remarks(background=table((0.16, 0.01), (2.16, 0.02))) == ()
    assert remarks(background=table((0.5, 0.0), (1.0, 0.02), (1.5, 0.0))) == ()


def test_a_variation_that_does_not_cover_it():
    varied = [{"name": "gamma", **table((0.1, 0.01), (3.0, 0.01)),
               "variation": table((0.1, 0.02), (1.0, 0.02))}]  # fmt: skip
    (said,) = remarks(background=varied)
    assert said.startswith("gamma.variation: its table has 0.1 to 1 keVee")


def test_a_large_uncertainty():
    assert remarks(background__uncertainty=5) == ("background: an uncertainty of 500 %",)
    assert remarks(background__uncertainty=0.5) == ()
    assert ("background counts", "1095.8 +- 50 %") in summarise(
        NEXTGEN.replaced("background.uncertainty", 0.5)
    )


def test_a_quenching_that_is_not_that_of_the_target():
    said = "quenching: essig-high is a model of germanium, and is used for Xe"
    assert remarks(target__element="Xe") == (said,)
    assert ("note", said) in summarise(NEXTGEN.replaced("target.element", "Xe"))
    assert remarks(target__element="Xe", detector__quenching="lindhard") == ()


def test_electrons_are_not_quenched_and_have_no_energy_in_kevnr():
    electrons = {"target.recoils": ["electron"], "target.element": "Xe"}
    (said,) = remarks_on(Model(NEXTGEN.replaced(electrons)))
    assert said == "quenching: essig-high is not used, for only electrons recoil"
    for field in (
        {"detector.region": ["1 keVnr", "30 keVnr"]},
        {
            "detector.region": None,
            "detector.bins": None,
            "detector.bin_edges": ["1 keVnr", "2 keVee"],
        },
    ):
        with pytest.raises(
            ScenarioError, match="1 keVnr is an energy of nuclear recoils, and only"
        ):
            _ = Model(NEXTGEN.replaced({**electrons, **field})).edges


class TestEvents:
    def model(self, events):
        changes = {"statistics": {}, "detector.bins": 4, "data": {"events": events}}
        return Model(NEXTGEN.replaced(changes))

    def test_some_outside_of_the_region(self):
        model = self.model([0.2, 0.3, 2.5, 2.0])
        assert model.observed.counts.tolist() == [2.0, 0.0, 0.0, 1.0]
        assert remarks_on(model) == (
            "data: 1 of 4 events are outside of the region, 0.16 to 2.16 keVee",
        )
        assert remarks_on(self.model([0.2, 2.0])) == ()

    def test_all_outside_of_it_are_in_another_unit(self):
        with pytest.raises(ScenarioError, match=r"events: none of the 2 is in the region, 0.16 to"):
            _ = self.model([1500.0, 2000.0]).observed
        assert not self.model([]).observed.counts.any()


def test_a_limit_of_zero_says_so():
    few = NEXTGEN.replaced(
        {"statistics": {"test": "poisson"}, "detector.bins": 1, "data": {"counts": [900]}}
    )
    curve = upper_limit(few, [1.0])
    assert curve.mu.tolist() == [0.0]
    assert any("no moment is allowed" in said for said in curve.remarks)
    other = upper_limit(few.replaced("statistics.test", "cls"), [1.0])
    assert other.mu[0] > 0.0
    assert not any("no moment is allowed" in said for said in other.remarks)


def test_check_says_what_the_detector_does():
    changed = NEXTGEN.replaced(
        {
            "detector.efficiency": {"energy": "keVnr", "points": [[0.5, 0.0], [2.0, 0.8]]},
            "detector.resolution": {"noise": "10 eVee"},
            "detector.cutoff": "0.6 keVnr",
            "detector.quenching": {"model": "constant", "value": 0.25},
        }
    )
    lines = dict(summarise(changed))
    assert lines["quenching"] == "constant, value = 0.25"
    assert lines["efficiency"] == "0 to 0.8 between 0.5 and 2 keVnr"
    assert lines["resolution"] == "sigma 0.01 and 0.01 keVee at 0.16 and 2.16 keVee"
    assert lines["cutoff"] == "0.6 keVnr"
    assert not {"efficiency", "resolution", "cutoff", "note"} & dict(summarise(NEXTGEN)).keys()


def test_an_efficiency_that_begins_is_a_cutoff():
    """Where the resolution reaches down to zero."""
    quenching = {"model": "constant", "value": 0.25}
    wide = {"detector.resolution": {"noise": "50 eVee"}, "detector.quenching": quenching}
    with pytest.raises(ScenarioError, match="within 5 standard deviations"):
        upper_limit(NEXTGEN.replaced(wide), [1.0])
    for points in ([[0.5, 0.0], [2.0, 0.8]], [[0.0, 0.0], [0.5, 0.0], [2.0, 0.8]]):
        wide["detector.efficiency"] = {"energy": "keVnr", "points": points}
        without = upper_limit(NEXTGEN.replaced(wide), [1.0]).mu
        with_cutoff = upper_limit(NEXTGEN.replaced({**wide, "detector.cutoff": "0.5 keVnr"}), [1.0])
        np.testing.assert_allclose(without, with_cutoff.mu, rtol=1e-6)
