"""Detector response: acceptances against quadrature of efficiency times Gaussian."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from upscatter.detector.germanium import Photoneutron
from upscatter.detector.quenching import Constant, EssigHigh, Lindhard, Tabulated
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import SMEARING_REACH, GaussianResponse, SharpResponse
from upscatter.errors import ScenarioError
from upscatter.units import EV, KEV

FAST = settings(deadline=None, max_examples=40)
EDGES = tuple(np.array([0.2, 0.3, 0.5, 0.9, 1.0, 1.6]) * KEV)
OBSERVED = Efficiency((0.1, 0.6, 0.9), tuple(np.array([0.25, 0.6, 1.3]) * KEV))
RECOIL = Efficiency((0.2, 1.0), tuple(np.array([2.0, 5.0]) * KEV), "recoil")
FULL = Efficiency()
LINDHARD = Lindhard(32, 0.157)
TABLE = Tabulated(tuple(np.array([0.4, 1.0, 3.0, 30.0]) * KEV), (0.05, 0.15, 0.2, 0.3))
NOISY = Resolution(noise=30.0 * EV)
GRADED = Resolution(20.0 * EV, 0.4 * EV, 0.03)
WIDENING = Resolution(5.0 * EV, 0.0, 0.12)

QUENCHINGS = {"essig": EssigHigh(), "lindhard": LINDHARD, "constant": Constant(0.2), "table": TABLE}
EFFICIENCIES = {"full": FULL, "constant": Efficiency((0.4,)), "observed": OBSERVED, "true": RECOIL}
each_quenching = pytest.mark.parametrize("quenching", QUENCHINGS.values(), ids=QUENCHINGS.keys())
each_efficiency = pytest.mark.parametrize(
    "efficiency", EFFICIENCIES.values(), ids=EFFICIENCIES.keys()
)
each_resolution = pytest.mark.parametrize(
    "resolution", [NOISY, GRADED, WIDENING], ids=["noise", "graded", "widening"]
)
RECOILS = np.array([0.41, 0.8, 1.2, 2.0, 3.1, 5.0, 7.7, 12.0]) * KEV


def both(quenching=LINDHARD, efficiency=FULL, cutoff=0.0, resolution=GRADED, edges=EDGES):
    return (
        SharpResponse(edges, quenching, efficiency, cutoff),
        GaussianResponse(edges, quenching, efficiency, cutoff, resolution),
    )


def smeared_bin(response, recoil, index):
    """∫ dT_obs ε(T_obs) N(T_obs; T_ee, σ) over one bin, the Gaussian cut at 5 σ."""
    visible = float(response.quenching.visible_energy(recoil))
    sigma = float(response.resolution.sigma(visible))
    low = max(response.edges[index], visible - SMEARING_REACH * sigma)
    high = min(response.edges[index + 1], visible + SMEARING_REACH * sigma)
    if low >= high:
        return 0.0

    def integrand(e):
        return norm.pdf(e, visible, sigma) * float(response.efficiency.on_axis("observed", e))

    points = [p for p in (*response.efficiency.energies, visible) if low < p < high]
    kept = quad(integrand, low, high, points=points or None, epsabs=1e-13, epsrel=1e-10)[0]
    return kept * float(response.efficiency.on_axis("recoil", recoil))


@each_quenching
@each_efficiency
@each_resolution
def test_gaussian_acceptance_against_quadrature(quenching, efficiency, resolution):
    _, response = both(quenching, efficiency, resolution=resolution)
    acceptance = response.acceptance(RECOILS)
    assert acceptance.shape == (RECOILS.size, response.bins) == (8, 5)
    for row, recoil in zip(acceptance, RECOILS, strict=True):
        expected = [smeared_bin(response, recoil, i) for i in range(response.bins)]
        np.testing.assert_allclose(row, expected, rtol=1e-7, atol=1e-11)


@each_efficiency
@each_resolution
def test_recoils_do_not_depend_on_those_beside_them(efficiency, resolution):
    """Many are computed in blocks, each within the reach of its Gaussians."""
    _, response = both(efficiency=efficiency, resolution=resolution)
    energies = np.geomspace(0.1, 60.0, 501) * KEV
    shuffled = np.random.default_rng(4).permutation(energies)[:500].reshape(50, 10)
    alone = [[response.acceptance(np.array([e]))[0] for e in row] for row in shuffled]
    np.testing.assert_array_equal(response.acceptance(shuffled), alone)


def test_published_gaussian_probabilities():
    """±1, ±2, ±3 σ hold 68.27, 95.45 and 99.73 % (PDG 2024, table 40.1)."""
    visible, noise = 1.0 * KEV, 10.0 * EV
    for deviations, percent in ((1, 68.27), (2, 95.45), (3, 99.73)):
        edges = (visible - deviations * noise, visible + deviations * noise)
        response = GaussianResponse(edges, Constant(0.5), FULL, 0.0, Resolution(noise))
        assert 100 * response.acceptance(np.array(2.0 * KEV))[0] == pytest.approx(percent, abs=5e-3)


@each_efficiency
def test_sharp_acceptance(efficiency):
    response, _ = both(Constant(0.25), efficiency)
    recoil = np.array([0.5, 0.8, 1.1, 1.2, 2.4, 3.8, 6.0, 6.4, 9.0]) * KEV
    visible = 0.25 * recoil
    expected = np.zeros((9, 5))
    for row, (t, e) in enumerate(zip(recoil, visible, strict=True)):
        for i in range(5):
            if EDGES[i] <= e < EDGES[i + 1]:
                expected[row, i] = efficiency.on_axis("observed", e) * efficiency.on_axis(
                    "recoil", t
                )
    np.testing.assert_allclose(response.acceptance(recoil), expected, rtol=1e-14)
    # The lower edge of the region belongs to it, the upper one does not.
    response, _ = both(Constant(0.25), Efficiency((0.4,)), edges=(0.25 * KEV, 1.5 * KEV))
    np.testing.assert_array_equal(response.acceptance(np.array([1.0, 6.0]) * KEV)[:, 0], [0.4, 0.0])


def test_narrow_gaussian_is_sharp():
    sharp, narrow = both(efficiency=OBSERVED, resolution=Resolution(noise=1e-6 * EV))
    # but for the two tails beyond 5 σ
    cut = 2.0 * norm.sf(SMEARING_REACH)
    np.testing.assert_allclose(
        narrow.acceptance(RECOILS), (1.0 - cut) * sharp.acceptance(RECOILS), rtol=1e-8, atol=1e-14
    )


def test_a_width_that_vanishes_with_the_energy_leaves_invisible_recoils_outside():
    _, response = both(EssigHigh(), resolution=Resolution(relative=0.1))
    np.testing.assert_array_equal(response.acceptance(np.array([0.0, 1.0, 15.0]) * EV), 0.0)


@each_quenching
@each_resolution
def test_bins_add_up_to_one_wide_bin(quenching, resolution):
    for fine, wide in zip(
        both(quenching, OBSERVED, resolution=resolution),
        both(quenching, OBSERVED, resolution=resolution, edges=(EDGES[0], EDGES[-1])),
        strict=True,
    ):
        np.testing.assert_allclose(
            fine.acceptance(RECOILS).sum(-1), wide.acceptance(RECOILS)[:, 0], rtol=1e-8, atol=1e-14
        )


@FAST
@given(recoil=st.floats(0.01, 40.0).map(lambda x: x * KEV))
def test_acceptance_is_a_probability(recoil):
    for response in both(LINDHARD, OBSERVED):
        acceptance = response.acceptance(np.array(recoil))
        assert acceptance.shape == (5,)
        assert (acceptance >= -1e-15).all()
        assert acceptance.sum() <= 1.0


def test_an_energy_in_the_middle_of_the_region_is_surely_counted():
    response = GaussianResponse((0.1 * KEV, 3.0 * KEV), Constant(0.2), FULL, 0.0, NOISY)
    # all but what lies beyond 5 σ: 5.7e-7
    lost = 1.0 - response.acceptance(np.array(7.0 * KEV)).sum()
    assert lost == pytest.approx(2.0 * norm.sf(5.0), rel=1e-6)


def test_panels_are_laid_out_once_and_for_all():
    for response in both():
        edges = response.panel_edges()
        assert response.panel_edges() is edges
        with pytest.raises(ValueError, match="read-only"):
            edges[0] = 0.0


@each_quenching
@each_efficiency
@each_resolution
def test_panels_cover_the_support(quenching, efficiency, resolution):
    for response in both(quenching, efficiency, resolution=resolution):
        edges = response.panel_edges()
        assert (np.diff(edges) > 0.0).all()
        outside = np.concatenate(
            [
                np.geomspace(1e-3 * edges[0], edges[0] * (1 - 1e-9), 60),
                np.geomspace(edges[-1] * (1 + 1e-9), 100.0 * edges[-1], 60),
            ]
        )
        # What the truncated Gaussian leaves at its end, from an inverse by interpolation.
        assert response.acceptance(outside).max() < 2e-9
        inside = np.linspace(edges[0], edges[-1], 4000)
        assert response.acceptance(inside).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("relative", [0.12, 0.19, 0.3])
def test_panels_reach_as_far_as_a_widening_resolution(relative):
    """Recoils of twice the region's end come down into it by 1/relative/2 deviations."""
    widening = Resolution(5.0 * EV, 0.0, relative)
    _, response = both(Constant(0.2), cutoff=0.1 * KEV, resolution=widening)
    top = response.panel_edges()[-1]
    assert response.acceptance(np.array(2.0 * EDGES[-1] / 0.2)).sum() > 1e-5
    assert response.acceptance(np.array(1.001 * top)).sum() < 1e-9 or top > 1e3 * EDGES[-1]


@each_efficiency
@pytest.mark.parametrize("resolution", [None, NOISY, GRADED], ids=["sharp", "noise", "graded"])
def test_panels_hold_a_smooth_acceptance(efficiency, resolution):
    """Four Gauss nodes on each panel integrate acceptance times a steep rate."""
    sharp, smeared = both(LINDHARD, efficiency, 0.0, resolution or NOISY)
    response = sharp if resolution is None else smeared
    edges = np.log(response.panel_edges())

    def integral(order):
        x, w = np.polynomial.legendre.leggauss(order)
        half = 0.5 * np.diff(edges)[:, None]
        t = np.exp(edges[:-1, None] + half * (x + 1.0)).ravel()
        weights = (half * w).ravel() * np.exp(-t / (2.0 * KEV))
        return weights @ response.acceptance(t)

    np.testing.assert_allclose(integral(4), integral(24), rtol=3e-5)


@pytest.mark.parametrize("cutoff", [2.5 * KEV, 4.0 * KEV])
def test_cutoff(cutoff):
    recoil = cutoff * np.array([0.5, 1 - 1e-12, 1.0, 1.01, 1.2])
    for response, free in zip(both(Constant(0.2), cutoff=cutoff), both(Constant(0.2)), strict=True):
        np.testing.assert_array_equal(response.acceptance(recoil[:2]), 0.0)
        np.testing.assert_array_equal(response.acceptance(recoil[2:]), free.acceptance(recoil[2:]))
        assert response.acceptance(recoil[2:]).any()
        assert response.panel_edges()[0] == cutoff


def test_noise_alone_is_no_recoil():
    """Below 15 eV the model frees no charge: nothing is seen there, however wide the noise."""
    _, response = both(EssigHigh(), resolution=Resolution(noise=100.0 * EV))
    assert not response.acceptance(np.array([1.0, 10.0, 14.9]) * EV).any()
    assert response.acceptance(np.array([16.0]) * EV).any()
    assert response.panel_edges()[0] == pytest.approx(15.0 * EV, rel=1e-15)


def test_region_from_zero_is_dead_below_the_quenching():
    sharp, _ = both(EssigHigh(), edges=(0.0, 1.0 * KEV))
    assert not sharp.acceptance(np.array([1.0, 14.9]) * EV).any()
    assert sharp.acceptance(np.array([16.0]) * EV).all()
    assert sharp.panel_edges()[0] == pytest.approx(15.0 * EV, rel=1e-15)


def test_nothing_is_known_beyond_the_end_of_a_yield_table():
    short = Tabulated(tuple(np.array([0.4, 9.0]) * KEV), (0.05, 0.2))
    _, response = both(short, resolution=Resolution(noise=200.0 * EV), cutoff=0.4 * KEV)
    assert response.panel_edges()[-1] == 9.0 * KEV
    assert response.acceptance(np.array([9.0 * KEV])).any()
    assert not response.acceptance(np.array([9.001 * KEV])).any()


def test_kinks_are_panel_edges():
    sharp, smeared = both(TABLE, RECOIL)
    for response in (sharp, smeared):
        edges = response.panel_edges()
        for kink in (2.0, 3.0, 5.0):
            assert np.abs(edges / (kink * KEV) - 1.0).min() < 1e-12
    sharp, _ = both(Constant(0.2), OBSERVED)
    for knot in (0.25, 0.6, 1.3):
        assert np.abs(sharp.panel_edges() * 0.2 / (knot * KEV) - 1.0).min() < 1e-12


def refusal(response):
    with pytest.raises(ScenarioError) as caught:
        response.panel_edges()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_sharp_region_from_zero_is_refused_without_a_cutoff():
    edges = (0.0, 1.0 * KEV)
    sharp, _ = both(Constant(0.2), edges=edges)
    assert refusal(sharp) == (
        "region: it starts at zero recoil energy, where the dipole rate 1/T diverges; "
        "raise its lower end or set a cutoff"
    )
    cut, _ = both(Constant(0.2), cutoff=0.1 * KEV, edges=edges)
    assert cut.panel_edges()[0] == 0.1 * KEV


def test_a_smeared_region_near_zero_is_refused_without_a_cutoff():
    wide = Resolution(noise=50.0 * EV)
    _, response = both(resolution=wide)  # 0.2 keV is 4 σ from zero
    assert refusal(response) == (
        "resolution: the region starts at 0.2 keVee, within 5 standard deviations (of 0.05 keVee) "
        "of zero, where the dipole rate 1/T diverges; raise the region, or set the cutoff below "
        "which no recoil is detected"
    )
    _, cut = both(resolution=wide, cutoff=0.3 * KEV)
    assert cut.panel_edges()[0] == 0.3 * KEV
    _, higher = both(resolution=wide, edges=(0.3 * KEV, 1.0 * KEV))
    assert higher.panel_edges()[0] > 0.0


def test_a_cutoff_above_the_region_is_refused():
    for response in both(Constant(0.2), cutoff=50.0 * KEV):
        assert refusal(response) == "cutoff: 50 keVnr is above the whole region; lower it"


def test_a_region_beyond_the_model_is_refused():
    short = Tabulated(tuple(np.array([0.4, 2.0]) * KEV), (0.05, 0.2))
    sharp, _ = both(short)
    assert "the model ends at 2 keVnr" in refusal(sharp)


class TestPositiveEnergies:
    """A Gaussian that is cut at zero and normalised anew."""

    RESOLUTION = Resolution(0.1 * KEV, 0.3 * EV, positive=True)

    def test_all_of_it_is_above_zero(self):
        wide = (1e-6 * KEV, 0.2 * KEV, 5.0 * KEV)
        response = GaussianResponse(wide, LINDHARD, FULL, 0.05 * KEV, self.RESOLUTION)
        seen = response.acceptance(np.array([0.06, 0.2, 1.0, 4.0]) * KEV)
        np.testing.assert_allclose(seen.sum(axis=-1), 1.0, atol=2e-5)

    def test_against_quadrature(self):
        response = GaussianResponse(EDGES, LINDHARD, FULL, 0.05 * KEV, self.RESOLUTION)
        for t in np.array([0.06, 0.5, 2.0]) * KEV:
            visible = float(LINDHARD.visible_energy(t))
            sigma = float(self.RESOLUTION.sigma(visible))
            density = norm(visible, sigma).pdf
            whole, _ = quad(density, 0.0, visible + 12.0 * sigma, points=[visible])
            found = response.acceptance(np.array([t]))[0]
            for seen, low, high in zip(found, EDGES[:-1], EDGES[1:], strict=True):
                part, _ = quad(density, low, high)
                assert seen == pytest.approx(part / whole, abs=2e-6)


@pytest.mark.filterwarnings("error")
def test_recoils_beyond_a_model_leave_the_others_as_they_are():
    """Beyond its range, the fit to yields of photoneutrons falls below zero."""
    quenching = Photoneutron()
    counting = Resolution(40.0 * EV, 0.98 * EV)
    response = GaussianResponse((0.2 * KEV, 0.5 * KEV), quenching, FULL, 0.0, counting)
    recoil = np.array([1.5, 2.0, 3.0, 12.0]) * KEV
    assert quenching.visible_energy(recoil)[-1] < 0.0
    accepted = response.acceptance(recoil)
    within = response.acceptance(recoil[:3])
    assert within.sum() > 0.1
    assert np.array_equal(accepted[:3], within)
    assert not accepted[3].any()
