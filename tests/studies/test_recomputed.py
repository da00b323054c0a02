"""Recorded limits are what the code gives, from the same scenarios and data."""

from dataclasses import replace

import numpy as np
import pytest

from upscatter.errors import UpscatterError
from upscatter.inputs.catalogue import known_bound, known_bounds
from upscatter.limits.curve import LimitCurve
from upscatter.studies.recomputed import deviation, recomputations, record

LARGEST = 1e-3
"""Half of it is the rounding of a recorded moment to four digits."""

RECOMPUTED = {bound.name: bound for bound in known_bounds("recomputed")}
WITHOUT_DATA = [name for name, made in recomputations().items() if not made.data]
COMBINED = [name for name in RECOMPUTED if name.startswith("all-data")]


@pytest.mark.parametrize("name", RECOMPUTED)
def test_the_scenarios_are_still_those_of_the_record(name):
    """If this fails, a bundled scenario has changed: run scripts/recompute_limits.py --write."""
    made, bound = recomputations()[name], RECOMPUTED[name]
    assert tuple(scenario.name for scenario in made.scenarios) == bound.scenarios
    assert made.digests == bound.provenance["digests"]
    assert made.flavour == bound.flavour


@pytest.mark.parametrize("name", WITHOUT_DATA)
def test_records_that_need_no_data(name):
    assert deviation(RECOMPUTED[name]) < LARGEST


@pytest.mark.parametrize("name", ["texono", "conus-plus", "xenonnt-er", "lz-mu", "pandax-er-tau"])
def test_records_from_published_data(name, reference):
    assert deviation(RECOMPUTED[name], reference, every=10) < LARGEST


@pytest.mark.thorough
@pytest.mark.parametrize("name", [n for n in RECOMPUTED if n not in (*WITHOUT_DATA, *COMBINED)])
def test_all_records_from_published_data(name, reference):
    assert deviation(RECOMPUTED[name], reference) < LARGEST


@pytest.mark.thorough
@pytest.mark.parametrize("name", COMBINED)
def test_records_of_all_data_together(name, reference):
    assert deviation(RECOMPUTED[name], reference, every=3) < LARGEST


def test_a_changed_record_is_found():
    bound = RECOMPUTED["nucleus"]
    assert deviation(replace(bound, mu=1.01 * bound.mu), every=9) == pytest.approx(0.01, abs=2e-3)


def test_a_single_changed_vertex_is_found():
    bound = RECOMPUTED["nucleus"]
    changed = bound.mu * np.where(np.arange(bound.mu.size) == 9, 1.01, 1.0)
    assert deviation(replace(bound, mu=changed), every=9) == pytest.approx(0.01, abs=2e-3)


def test_a_flavour_without_a_signal_leaves_parts_out():
    parts = {name: recomputations()[name].scenarios for name in ("all-data", "all-data-tau")}
    names = {name: {s.name for s in scenarios} for name, scenarios in parts.items()}
    gone = names["all-data"] - names["all-data-tau"]
    assert gone == {"texono", "dresden-ii", "conus-plus", "coherent-csi", "coherent-lar"}


def test_data_are_asked_for():
    with pytest.raises(UpscatterError, match=r"^coherent: needs data; give the folder"):
        recomputations()["coherent"].experiment()


def test_a_record_keeps_the_curve_within_the_tolerance():
    mass = np.geomspace(0.01, 10.0, 200)
    mu = 1e-10 / (1.0 - (mass / 10.5) ** 2)
    curve = LimitCurve(
        scenario="x", flavour="e", confidence=0.9, dof=1, mass=mass, mu=mu, test="cls",
        provenance={"upscatter": "0"},
    )  # fmt: skip
    points = np.array(record(curve, recomputations()["nucleus"].scenarios)["points"])
    kept = replace(known_bound("nucleus"), mass=points[:, 0], mu=points[:, 1])
    low = mass < 8.0
    np.testing.assert_allclose(kept.lower_limit(mass)[low], mu[low], rtol=5e-3)
    assert len(points) < 60
