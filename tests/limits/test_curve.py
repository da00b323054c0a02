"""Limits from counts: the closed form fed back, scaling, and what cannot be limited."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from counted_limits import dipole_limit, expected, shifts
from upscatter.errors import PhysicsError
from upscatter.limits.counting import SignalFreeExpectation
from upscatter.limits.curve import LimitCurve, mass_grid
from upscatter.statistics.pulls import chi2_threshold, fit_pulls
from upscatter.units import MEV

SIGNAL = np.array([[40.0, 12.0, 3.0, 0.0], [4.0, 2.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]) * 1e18
UNCERTAINTIES = {"8B": 0.16, "hep": 0.16}
EXPECTED = SignalFreeExpectation(
    backgrounds={"background": np.array([55.0, 55.0, 55.0, 55.0])},
    background_uncertainties={"background": 0.0},
    sources={"8B": np.array([12.0, 6.0, 1.0, 0.0]), "hep": np.array([0.3, 0.2, 0.1, 0.05])},
    causes={name: {name: u} for name, u in UNCERTAINTIES.items()},
)


class TestDipoleLimit:
    @pytest.mark.parametrize("variance", ["background", "expected"])
    def test_fed_back_gives_the_threshold(self, variance):
        counted = {"background": EXPECTED.background, "expected": EXPECTED.total}
        mu = dipole_limit(SIGNAL, EXPECTED, variance)
        for row in range(2):
            residual = -(mu[row] ** 2) * SIGNAL[row]
            fit = fit_pulls(residual, counted[variance], shifts(EXPECTED))
            assert float(fit.chi2) == pytest.approx(2.70554, rel=1e-5)

    def test_root_of_the_profile(self):
        """The limit where a root finder that knows no closed form finds it."""

        def excess(log_mu):
            residual = -np.exp(2.0 * log_mu) * SIGNAL[0]
            chi2 = fit_pulls(residual, EXPECTED.background, shifts(EXPECTED)).chi2
            return float(chi2) - chi2_threshold(0.90)

        root = np.exp(brentq(excess, np.log(1e-11), np.log(1e-7), xtol=1e-13))
        assert dipole_limit(SIGNAL, EXPECTED, "background")[0] == pytest.approx(root, rel=1e-9)

    def test_no_signal_has_no_limit(self):
        assert np.isnan(dipole_limit(SIGNAL, EXPECTED)[2])

    @settings(deadline=None)
    @given(factor=st.floats(1e-3, 1e3))
    def test_signal_is_linear_in_mu_squared(self, factor):
        np.testing.assert_allclose(
            dipole_limit(factor * SIGNAL, EXPECTED)[:2],
            dipole_limit(SIGNAL, EXPECTED)[:2] / np.sqrt(factor),
            rtol=1e-12,
        )

    @settings(deadline=None)
    @given(low=st.floats(0.5, 0.98), step=st.floats(0.001, 0.019))
    def test_more_confidence_is_a_weaker_limit(self, low, step):
        weak = dipole_limit(SIGNAL, EXPECTED, confidence=low)
        strong = dipole_limit(SIGNAL, EXPECTED, confidence=low + step)
        assert (strong[:2] > weak[:2]).all()

    def test_two_parameters_are_a_weaker_limit(self):
        one, two = (dipole_limit(SIGNAL, EXPECTED, dof=dof)[0] for dof in (1, 2))
        # Δχ² 4.605 against 2.706, as every table of the χ² distribution has it
        assert two / one == pytest.approx((4.60517 / 2.70554) ** 0.25, rel=1e-5)

    def test_a_known_flux_is_a_stronger_limit(self):
        known = expected(EXPECTED.background, 0.0, EXPECTED.sources, {"8B": 0.0, "hep": 0.0})
        assert dipole_limit(SIGNAL, known)[0] < dipole_limit(SIGNAL, EXPECTED)[0]

    def test_an_uncertain_background_is_a_weaker_limit(self):
        uncertain = expected(EXPECTED.background, 0.1, EXPECTED.sources, UNCERTAINTIES)
        assert dipole_limit(SIGNAL, uncertain)[0] > dipole_limit(SIGNAL, EXPECTED)[0]

    def test_a_bin_that_expects_nothing_but_can_have_signal_is_refused(self):
        empty = expected(np.array([0.0, 1.0, 1.0, 1.0]), 0.0, EXPECTED.sources, UNCERTAINTIES)
        with pytest.raises(PhysicsError, match=r"bin 1 expects no counts.*expected"):
            dipole_limit(SIGNAL, empty, "background")

    def test_a_bin_that_can_have_nothing_is_left_out(self):
        background = np.array([55.0, 55.0, 55.0, 0.0])
        sources = {"8B": np.array([12.0, 6.0, 1.0, 0.0])}
        with_it = expected(background, 0.0, sources, {"8B": 0.1})
        without = expected(background[:3], 0.0, {"8B": sources["8B"][:3]}, {"8B": 0.1})
        assert dipole_limit(SIGNAL, with_it)[0] == dipole_limit(SIGNAL[:, :3], without)[0]


class TestMassGrid:
    def test_covers_the_curve_and_rises(self):
        grid = mass_grid(0.01, 18.78, 200)
        assert grid.size == 200
        assert (np.diff(grid) > 0.0).all()
        assert grid[0] == pytest.approx(0.01 * MEV)
        assert 0.999 * 18.78 * MEV < grid[-1] < 18.78 * MEV

    @pytest.mark.parametrize("number", [30, 100, 200, 800])
    @pytest.mark.parametrize("end", [0.42, 1.44, 17.0382, 18.7838])
    def test_has_as_few_digits_as_it_can(self, end, number):
        grid = mass_grid(0.01, end, number)
        assert grid.size == number
        assert (np.diff(grid) > 0.0).all()
        texts = [f"{mass:.9g}" for mass in grid]
        np.testing.assert_allclose([float(text) for text in texts], grid, rtol=1e-14)
        digits = np.array([len(text.replace(".", "").strip("0")) for text in texts])
        distance = 1.0 - grid / end
        if number <= 200:
            assert digits[distance > 0.1].max() <= 3
        # two more digits than the distance to the end has zeros, and one for a finer grid
        needed = 3.5 - np.log10(distance) + np.log10(max(number / 200.0, 1.0))
        assert (digits <= needed).all()
        assert 1e-4 < distance[-1] < 3e-4

    def test_is_spaced_as_it_was_before_rounding(self):
        steps = np.diff(np.log(mass_grid(0.01, 18.7838)[:150]))
        even = np.log(0.85 * 18.7838 / 0.01) / 149
        assert steps.mean() == pytest.approx(even, rel=5e-3)
        assert (steps > 0.25 * even).all()
        assert (steps < 1.75 * even).all()


class TestLimitCurve:
    curve = LimitCurve(
        scenario="x",
        flavour="universal",
        confidence=0.9,
        dof=1,
        mass=np.array([1.0, 30.0]),
        mu=np.array([1e-9, np.nan]),
    )

    def test_json_contract(self):
        content = self.curve.to_dict()
        assert list(content) == [
            "scenario", "flavour", "confidence", "dof", "mass_MeV", "mu_bohr",
            "approximation", "remarks", "provenance",
        ]  # fmt: skip
        assert content["mu_bohr"] == [1e-9, None]
        assert content["mass_MeV"] == pytest.approx([1.0, 30.0])

    def test_rows_have_none_out_of_reach(self):
        assert self.curve.rows[1][1] is None
