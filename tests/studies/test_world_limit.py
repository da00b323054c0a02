"""The limits of the world: what counts, and what the combination of all data gains."""

import numpy as np
import pytest

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.inputs.catalogue import known_bound, known_bounds
from upscatter.studies.world import MASSES, world_limit


@pytest.fixture(scope="module")
def result():
    return world_limit()


def test_every_name_is_a_laboratory_measurement_of_its_kind(result):
    for flavour, found in result.flavours.items():
        for kind, limits in (("published", found.published), ("recomputed", found.recomputed)):
            named = [known_bound(name) for name in set(limits.names) if name]
            assert named or flavour in ("e", "tau")
            assert {b.origin for b in named} <= {kind}
            assert {b.kind for b in named} <= {"measurement"}
            assert flavour == "universal" or {b.flavour for b in named} <= {flavour}


def test_no_known_limit_is_stronger(result):
    for bound in known_bounds("published"):
        if bound.kind != "measurement":
            continue
        mu = bound.lower_limit(MASSES)
        there = np.isfinite(mu)
        assert (result.flavours["universal"].published.mu[there] <= mu[there]).all(), bound.name


def test_at_low_mass_all_data_are_stronger_than_each(result):
    """Five sets of electron recoils in xenon: none dominates, so together they gain."""
    light = MASSES < 0.05
    for found in result.flavours.values():
        assert (found.combined_mu[light] < 0.85 * found.recomputed.mu[light]).all()


def test_where_one_experiment_is_alone_the_combination_is_that_one(result):
    """Only stopped pions reach 20 to 28 MeV, but for atmospheric neutrinos."""
    alone = (MASSES > 19.5) & (MASSES < 28.0)
    for flavour in ("universal", "e", "mu"):
        found = result.flavours[flavour]
        np.testing.assert_allclose(found.combined_mu[alone], found.recomputed.mu[alone], rtol=0.03)


def test_the_masses_are_round_and_reach_four_decades():
    assert (MASSES[0], MASSES[-1]) == (0.01, 4000.0)
    assert (np.diff(MASSES) > 0.0).all()
    assert {0.05, 2.0, 100.0} <= set(MASSES.tolist())


def test_an_unknown_flavour_is_refused():
    with pytest.raises(ScenarioError, match=r"^flavour 'x': is unknown; choose one of universal"):
        world_limit(flavours=["x"])


@pytest.mark.parametrize("masses", [[], [-1.0], [0.0], [float("nan")]])
def test_masses_that_are_none_are_refused(masses):
    with pytest.raises(PhysicsError, match=r"^mass: "):
        world_limit(masses)


def test_masses_may_have_units():
    assert world_limit(["100 keV"], ["mu"]).rows == world_limit([0.1], ["mu"]).rows
