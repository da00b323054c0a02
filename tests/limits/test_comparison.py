"""Comparison of curves with published limits: crossings, gaps, regions, confidence levels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bound
from upscatter.limits.comparison import at_confidence, compare, new_ground, rescale_confidence
from upscatter.limits.curve import LimitCurve


def curve(mass, mu, flavour="universal"):
    return LimitCurve(
        scenario="mine",
        flavour=flavour,
        confidence=0.9,
        dof=1,
        mass=np.array(mass),
        mu=np.array(mu, float),
    )


def bound(mass, mu, topology="lower-edge", **known):
    known = {"name": "theirs", "label": "theirs", "kind": "measurement"} | known
    return Bound(**known, topology=topology, mass=np.array(mass), mu=np.array(mu, float))


FLAT = curve([0.1, 1.0, 10.0], [1e-9, 1e-9, 1e-9])
BOX = bound([1.0, 4.0, 4.0, 1.0], [1e-10, 1e-10, 1e-8, 1e-8], "closed")


def test_two_power_laws_cross_where_algebra_says():
    # mu = 1e-10 (m/MeV)^2 overtakes 1e-9 at m = sqrt(10) MeV.
    found = compare(FLAT, bound([0.5, 8.0], [0.25e-10, 64e-10]))
    root = np.sqrt(10.0)
    assert_allclose(found.stronger, [(root, 8.0)], rtol=1e-12)
    assert_allclose(found.covered, [(0.5, root)], rtol=1e-12)
    assert_allclose(found.beyond, [(0.1, 0.5), (8.0, 10.0)], rtol=1e-12)
    assert found.complementary == ()
    assert_allclose((found.best_factor, found.best_mass), (6.4, 8.0), rtol=1e-12)


def test_several_crossings():
    zigzag = bound([0.2, 0.5, 1.0, 2.0, 5.0], [1e-8, 1e-10, 1e-8, 1e-10, 1e-8])
    found = compare(FLAT, zigzag)
    expected = [(0.2, np.sqrt(0.1)), (np.sqrt(0.5), np.sqrt(2.0)), (np.sqrt(10.0), 5.0)]
    assert_allclose(found.stronger, expected, rtol=1e-12)
    assert len(found.covered) == 2


def test_against_a_dense_scan():
    rng = np.random.default_rng(8)
    mass = np.geomspace(0.1, 20.0, 30)
    mine = curve(mass, 10.0 ** rng.uniform(-10, -8, 30))
    theirs = bound(np.geomspace(0.3, 15.0, 23), 10.0 ** rng.uniform(-10, -8, 23))
    found = compare(mine, theirs)
    dense = np.geomspace(0.1, 20.0, 200_001)
    own = np.exp(np.interp(np.log(dense), np.log(mass), np.log(mine.mu)))
    ratio = theirs.lower_limit(dense) / own
    inside = np.zeros(dense.size, dtype=bool)
    for low, high in found.stronger:
        inside |= (dense > low) & (dense < high)
    assert (inside != (ratio > 1.0)).mean() < 1e-4
    assert_allclose(found.best_factor, np.nanmax(ratio), rtol=1e-3)


def test_a_gap_in_the_curve_is_not_bridged():
    mine = curve([0.1, 1.0, 2.0, 3.0, 10.0], [1e-9, 1e-9, np.nan, 1e-9, 1e-9])
    found = compare(mine, bound([0.1, 10.0], [1e-8, 1e-8]))
    assert_allclose(found.stronger, [(0.1, 1.0), (3.0, 10.0)], rtol=1e-12)


def test_the_order_of_masses_does_not_matter_and_zero_is_left_out():
    theirs = bound([0.5, 8.0], [0.25e-10, 64e-10])
    shuffled = curve([10.0, 0.0, 1.0, 0.1], [1e-9, 1e-9, 1e-9, 1e-9])
    assert_allclose(compare(shuffled, theirs).stronger, compare(FLAT, theirs).stronger)


def test_a_curve_without_any_limit():
    found = compare(curve([1.0, 2.0], [np.nan, np.nan]), BOX)
    assert found.words == "without a limit"
    assert found.best_factor is None


def test_one_mass_makes_no_interval():
    assert compare(curve([1.0], [1e-9]), BOX).words == "without a limit"


@pytest.mark.parametrize(
    ("mu", "relation", "factor"),
    [(1e-11, "stronger", 10.0), (1e-9, "covered", 0.1), (1e-7, "complementary", None)],
)
def test_a_closed_region_has_an_edge_above(mu, relation, factor):
    found = compare(curve([0.1, 10.0], [mu, mu]), BOX)
    assert_allclose(getattr(found, relation), [(1.0, 4.0)], rtol=1e-12)
    assert_allclose(found.beyond, [(0.1, 1.0), (4.0, 10.0)], rtol=1e-12)
    assert found.best_factor == (factor and pytest.approx(factor, rel=1e-12))


def test_the_frame_of_a_figure_is_no_limit():
    # Excluded to the left of a line; bottom, left and top are the frame.
    wedge = Bound(
        name="w", label="w", kind="cosmology", topology="wedge",
        mass=np.array([2.0, 2.0]), mu=np.array([1e-12, 1e-6]),
        frame_mass=np.array([1.0, 1.0]), frame_mu=np.array([1e-6, 1e-12]),
    )  # fmt: skip
    found = compare(FLAT, wedge)
    assert_allclose(found.covered, [(1.0, 2.0)], rtol=1e-12)
    assert found.best_factor is None


def test_words_name_every_relation():
    assert compare(FLAT, BOX).words == "inside at 1-4; alone at 0.1-1, 4-10"
    edge = bound([0.5, 8.0], [0.25e-10, 64e-10])
    words = compare(FLAT, edge).words
    assert words == "stronger at 3.16-8; weaker at 0.5-3.16; alone at 0.1-0.5, 8-10"


def test_new_ground_is_what_no_limit_covers():
    assert_allclose(new_ground(FLAT, []), [(0.1, 10.0)], rtol=1e-12)
    edge = bound([0.2, 8.0], [1e-10, 1e-10])
    expected = [(0.1, 0.2), (8.0, 10.0)]
    assert_allclose(new_ground(FLAT, [edge]), expected, rtol=1e-12)
    assert_allclose(new_ground(FLAT, [edge, BOX]), expected, rtol=1e-12)


def test_new_ground_between_a_region_and_the_limit_above_it():
    # Inside the box up to 1e-8; a second limit begins where it ends for m < 2 MeV, higher above.
    above = bound([0.1, 2.0, 2.0, 10.0], [9e-9, 9e-9, 2e-8, 2e-8])
    assert_allclose(new_ground(FLAT, [BOX, above]), [(0.1, 1.0), (2.0, 10.0)], rtol=1e-12)


def test_new_ground_against_a_dense_scan():
    names = ["borexino", "bbn", "sn1987a", "xenon1t-er", "sk-atm-mu", "lsnd-e"]
    bounds = [known_bound(name) for name in names]
    mine = curve([0.01, 3.0, 9.0, 18.0], [3e-10, 4e-10, 1e-9, 1e-6])
    mass = np.geomspace(0.0101, 17.9, 151)
    own = np.interp(np.log(mass), np.log(mine.mass), np.log(mine.mu))
    mu = np.exp(own[:, None] + np.linspace(1e-6, 12.0, 2001))
    free = np.ones(mu.shape, dtype=bool)
    for row in bounds:
        free &= ~row.excludes(mass[:, None], mu)
    inside = np.zeros(mass.size, dtype=bool)
    for low, high in new_ground(mine, bounds):
        inside |= (mass > low) & (mass < high)
    assert 0.05 < inside.mean() < 0.95
    # Slivers thinner than the scan's steps of 0.6 % in mu are all that may differ.
    assert (inside != free.any(axis=1)).sum() <= 1


@pytest.mark.parametrize(("old", "new"), [(0.90, 0.95), (0.95, 0.90), (0.68, 0.90)])
def test_rescaling_is_the_fourth_root_of_delta_chi2(old, new):
    expected = 3e-10 * (chi2.ppf(new, 1) / chi2.ppf(old, 1)) ** 0.25
    assert_allclose(rescale_confidence(3e-10, old, new), expected, rtol=1e-12)


def test_rescaling_there_and_back():
    there = rescale_confidence([1e-10, 2e-10], 0.9, 0.95, 1, 2)
    assert_allclose(rescale_confidence(there, 0.95, 0.9, 2, 1), [1e-10, 2e-10], rtol=1e-12)


def test_rescaling_is_what_the_exact_limit_does():
    from counted_limits import dipole_limit, expected

    expectation = expected(np.array([4.0, 9.0]), 0.1, {"8B": np.array([2.0, 1.0])}, {"8B": 0.16})
    signal = np.array([[5e18, 2e18]])
    at_90 = dipole_limit(signal, expectation, confidence=0.90)
    at_95 = dipole_limit(signal, expectation, confidence=0.95)
    assert_allclose(rescale_confidence(at_90, 0.90, 0.95), at_95, rtol=1e-12)


def test_only_chi2_like_limits_are_put_at_another_level():
    chi2_like = bound([1.0, 2.0], [1e-9, 1e-9], confidence=0.95, statistic="chi2-like")
    other = bound([1.0, 2.0], [1e-9, 1e-9], confidence=0.95)
    unknown = bound([1.0, 2.0], [1e-9, 1e-9], statistic="chi2-like")
    moved = at_confidence(chi2_like, 0.9)
    assert moved.confidence == 0.9
    assert_allclose(moved.mu, 1e-9 * (2.7055 / 3.8415) ** 0.25, rtol=1e-4)
    assert at_confidence(other, 0.9) is None
    assert at_confidence(unknown, 0.9) is None
    assert at_confidence(other, 0.95) is other
    assert at_confidence(known_bound("texono"), 0.9) is known_bound("texono")
    assert at_confidence(known_bound("texono"), 0.95) is None
