"""Limits of projections with a Poisson likelihood, and their bands."""

import numpy as np
import pytest
from scipy.stats import norm

from counted_limits import dipole_bands, dipole_limit, expected, limits
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.limits.counting import (
    SignalFreeExpectation,
    counting_model,
    require_known_fluxes,
)
from upscatter.scenario.changes import chosen_test
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.model import ScenarioFile
from upscatter.statistics.profile import fit
from upscatter.statistics.pulls import chi2_threshold
from upscatter.studies.limits import upper_limit

DESCRIBED = [
    n for n in bundled_names()
    if isinstance(Scenario.load(n).settings, ScenarioFile) and not Scenario.load(n).lacks_data
]  # fmt: skip
SIGNALS = {
    "8B": np.array([[40.0, 12.0, 3.0], [4.0, 2.0, 0.0], [0.0, 0.0, 0.0]]) * 1e18,
    "hep": np.array([[0.4, 0.3, 0.1], [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]]) * 1e18,
}
TOTAL = SIGNALS["8B"] + SIGNALS["hep"]


def with_test(name, test):
    scenario = Scenario.load(name)
    return scenario.replaced(chosen_test(scenario, test))


def expectation(factor=1.0, background=0.05, flux=0.16):
    return SignalFreeExpectation(
        backgrounds={"background": factor * np.array([55.0, 55.0, 55.0])},
        background_uncertainties={"background": background},
        sources={
            "8B": factor * np.array([12.0, 6.0, 1.0]),
            "hep": factor * np.array([0.3, 0.2, 0.1]),
        },
        causes={"8B": {"8B": flux}, "hep": {"hep": flux}},
    )


def test_the_model_expects_what_it_is_given():
    given = expectation()
    model = counting_model(given, {source: n[0] for source, n in SIGNALS.items()})
    assert model.names == ("flux 8B", "flux hep", "background")
    nothing = np.array([0.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(model.expected(nothing), given.total)
    # a flux pull of one moves the dipole and the Standard Model events of its source together
    more = model.expected(np.array([1e-18, 1.0, 0.0, 0.0]))
    dipole = 1e-18 * (1.16 * SIGNALS["8B"][0] + SIGNALS["hep"][0])
    np.testing.assert_allclose(more, given.total + 0.16 * given.sources["8B"] + dipole, rtol=1e-12)


def test_what_is_known_exactly_is_no_parameter():
    model = counting_model(expectation(background=0.0, flux=0.0), {"8B": SIGNALS["8B"][0]})
    assert model.names == ()


@pytest.mark.parametrize("test", ["poisson", "cls"])
@pytest.mark.parametrize("confidence", [0.90, 0.95])
def test_the_median_fed_back_gives_its_threshold(test, confidence):
    """√q_A = Φ⁻¹(CL) for the p-value; CL_b = 1/2 makes it Φ⁻¹(1 − α/2) for CL_s."""
    given = expectation()
    limit = limits(test, SIGNALS, given, confidence).mu
    level = confidence if test == "poisson" else 0.5 * (1.0 + confidence)
    for row in (0, 1):
        model = counting_model(given, {source: n[row] for source, n in SIGNALS.items()})
        q = fit(model, model.observe(given.total), limit[row] ** 2).deviance
        assert np.sqrt(q) == pytest.approx(norm.ppf(level), rel=1e-6)
    assert np.isnan(limit[2])


@pytest.mark.parametrize("factor", [1e4, 1e6])
def test_many_counts_are_gaussian(factor):
    """The χ² and the likelihood agree where both hold, at the same threshold.

    Flux uncertainties are left out: the likelihood's move the signal too.
    """
    given = expectation(factor, background=1e-3, flux=0.0)
    alpha = 1.0 - norm.cdf(np.sqrt(chi2_threshold(0.90)))
    gauss = dipole_limit(TOTAL, given, "expected", 0.90)
    poisson = limits("poisson", SIGNALS, given, 1.0 - alpha).mu
    np.testing.assert_allclose(poisson[:2], gauss[:2], rtol=2.0 / np.sqrt(factor))


class TestPullBands:
    def test_the_median_is_the_asimov_limit(self):
        """Exactly so for known fluxes; else a template that is 1/(1 + t) moves it a little."""
        for flux, near in ((0.0, 1e-9), (0.16, 0.02)):
            given = expectation(flux=flux)
            for variance in ("background", "expected"):
                bands = dipole_bands(SIGNALS, given, variance)
                limit = dipole_limit(TOTAL, given, variance)
                np.testing.assert_allclose(bands[2], limit, rtol=near)
                assert (np.diff(bands[:, :2], axis=0) > 0.0).all()
                assert np.isnan(bands[:, 2]).all()

    def test_in_closed_form_for_one_bin(self):
        """s = b + √(min(b, 0)² + 2.71 σ²) with b = N σ."""
        one = expected(np.array([100.0]), 0.0, {"8B": np.array([0.0])}, {"8B": 0.0})
        signals = {"8B": np.array([[1e20]])}
        bands = dipole_bands(signals, one, "background") ** 2 * 1e20 / 10.0
        threshold = chi2_threshold(0.90)
        closed = [n + np.sqrt(min(n, 0.0) ** 2 + threshold) for n in (-2, -1, 0, 1, 2)]
        np.testing.assert_allclose(bands[:, 0], closed, rtol=1e-12)

    def test_counts_fluctuate_by_all_that_is_expected(self):
        """With Δ² = background the χ² thinks less of fluctuations than there are."""
        given = expectation(flux=0.0, background=0.0)
        wide = dipole_bands(SIGNALS, given, "background")[3, 0] ** 2
        median = dipole_bands(SIGNALS, given, "background")[2, 0] ** 2
        information = (TOTAL[0] ** 2 / given.background).sum()
        spread2 = (TOTAL[0] ** 2 / given.background**2 * given.total).sum() / information**2
        assert wide - median == pytest.approx(np.sqrt(spread2), rel=1e-9)


class TestScenarios:
    @pytest.mark.parametrize("test", ["chi2-pulls", "poisson", "cls"])
    def test_bands_surround_the_limit(self, test):
        scenario = with_test("ge-nextgen", test)
        curve = upper_limit(scenario, [0.01, 8.0, 30.0], bands=True)
        assert curve.test == test
        assert curve.provenance["test"] == test
        # the paper's χ² leaves the flux's error out of the signal: its median is not quite Asimov's
        near = 0.02 if test == "chi2-pulls" else 1e-12
        np.testing.assert_allclose(curve.bands[2, :2], curve.mu[:2], rtol=near)
        assert (np.diff(curve.bands[:, :2], axis=0) > 0.0).all()
        assert np.isnan(curve.mu[2])
        assert np.isnan(curve.bands[:, 2]).all()
        alone = upper_limit(scenario, [0.01, 8.0, 30.0])
        assert alone.bands is None
        np.testing.assert_allclose(alone.mu, curve.mu, rtol=1e-7)

    def test_ge_nextgen(self):
        """Check values of this package; the paper's 8.63e-10 is at Δχ² = 2.71."""
        found = [
            float(upper_limit(with_test("ge-nextgen", test), [0.01]).mu[0])
            for test in ("chi2-pulls", "poisson", "cls")
        ]
        assert found == pytest.approx([8.651e-10, 8.42e-10, 9.72e-10], rel=2e-3)

    @pytest.mark.parametrize("name", DESCRIBED)
    def test_every_bundled_scenario_has_a_whole_curve(self, name):
        """Also where recoils end, and counts are roundings of either sign before they are cut."""
        curve = upper_limit(with_test(name, "cls"))
        # in the last per cent only the far tail of a resolution may be seen, which rounding hides
        seen = curve.mass < 0.99 * curve.mass[-1]
        assert np.isfinite(curve.mu[seen]).all()
        # where a line ends recoils gather in one bin, and a heavier neutrino may be seen better
        least = -1e-3 if name == "cenns-750" else -1e-6
        rises = np.diff(np.log(curve.mu[np.isfinite(curve.mu)]))
        assert (rises > least).all()

    def test_bands_in_files(self):
        curve = upper_limit("ge-nextgen", [0.01, 30.0], bands=True)
        columns = ("mu_bohr_minus2", "mu_bohr_minus1", "mu_bohr_median", "mu_bohr_plus1")
        assert curve.header[2:6] == columns
        assert curve.rows[0][2:] == tuple(curve.bands[:, 0])
        assert curve.rows[1][1:] == (None,) * 6
        assert curve.to_dict()["expected_mu_bohr"]["plus2"] == [curve.bands[4, 0], None]

    def test_statistics_that_mean_nothing_are_refused(self):
        plain = Scenario.load("xe-darwin")
        with pytest.raises(ScenarioError, match=r"has dof, which test = \"cls\" does not use"):
            plain.replaced({"statistics.test": "cls", "statistics.dof": 2})
        with pytest.raises(ScenarioError, match=r"confidence = 0.4.*more than 0.5"):
            plain.replaced({"statistics.test": "poisson", "statistics.confidence": 0.4})
        with pytest.raises(ScenarioError, match=r"test.*chi2-pulls, poisson, cls"):
            plain.replaced("statistics.test", "bayes")


def test_a_flux_that_could_hide_any_signal_is_refused():
    """1 + 0.5 z is zero at two deviations: beyond q = 4 no signal would be excluded."""
    signals = {source: n[0] for source, n in SIGNALS.items()}
    require_known_fluxes(counting_model(expectation(flux=0.33), signals))
    with pytest.raises(PhysicsError, match=r"the flux of 8B = 0.5: .* give 0.33 or less"):
        require_known_fluxes(counting_model(expectation(flux=0.5), signals))
    dark = {**signals, "8B": np.zeros(3)}
    with pytest.raises(PhysicsError, match=r"of hep = 0\.5"):
        require_known_fluxes(counting_model(expectation(flux=0.5), dark))
    wild = Scenario.parse(
        Scenario.load("ge-nextgen").text.replace('"8B" = 0.16', '"8B" = 0.6'), "wild.toml"
    )
    wild = wild.replaced(chosen_test(wild, "cls"))
    with pytest.raises(
        ScenarioError, match=r"^wild.toml: statistics: uncertainty of the flux of 8B = 0.6: with"
    ):
        upper_limit(wild, [1.0])


def test_no_signal_at_all_is_refused():
    with pytest.raises(PhysicsError, match="a limit needs some signal"):
        counting_model(expectation(), {"8B": np.zeros(3)})
