"""A measured limit: on a release made up in memory, and on the official one where it is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from made_up_release import made_up_release
from released_files import official_release
from upscatter.errors import OutputError, PhysicsError, ScenarioError
from upscatter.experiments.choose import experiment_of
from upscatter.experiments.released import Released
from upscatter.releases.xenonnt_s2only import OBSERVED
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.criteria import CLS
from upscatter.statistics.profile import fit
from upscatter.statistics.upper_limits import upper_limit
from upscatter.studies.limits import limit_of, measured_limit
from upscatter.studies.measured import post_fit
from upscatter.tasks import Work
from upscatter.units import MEV

SEEN = np.concatenate([*OBSERVED.values()])


def measurement(excess=0.0, **statistics):
    scenario = Scenario.load("xenonnt-s2only").replaced(
        {f"statistics.{k}": v for k, v in statistics.items()}
    )
    return Released(ReleasedExperiment(Scattering(scenario), made_up_release(excess)))


@pytest.fixture(scope="module")
def quiet():
    return measurement()


@pytest.fixture(scope="module")
def curve(quiet):
    return limit_of(quiet, [0.01, 8.0, 25.0], bands=True)


class TestCurve:
    def test_without_an_excess(self, curve):
        np.testing.assert_allclose(curve.best[:2], 0.0, atol=0.1 * curve.mu[0])
        assert (curve.p_value[:2] > 0.3).all()
        # data equal to the expectation give the median
        np.testing.assert_allclose(curve.mu[:2], curve.bands[2, :2], rtol=0.02)
        assert curve.mu[1] > curve.mu[0]
        assert curve.deviance < 1.0
        assert curve.bins == 21

    def test_out_of_reach_there_is_nothing(self, curve):
        for column in (curve.mu, curve.best, curve.significance, curve.p_value):
            assert np.isnan(column[2])
        assert np.isnan(curve.pulls[2]).all()
        assert curve.rows[2][1:] == (None,) * (len(curve.header) - 1)

    def test_the_limit_is_that_of_the_likelihood(self, quiet, curve):
        likelihood = quiet.recast.likelihood
        model = likelihood.model(quiet.recast.signals(8.0 * MEV))
        alone = upper_limit(model, likelihood.observation(model), 0.90, CLS).require("limit")
        assert curve.mu[1] == pytest.approx(np.sqrt(float(alone)), rel=1e-6)

    def test_confidence_and_test_are_the_scenarios(self, curve):
        more = limit_of(measurement(confidence=0.95), [0.01])
        assert more.mu[0] > 1.05 * curve.mu[0]
        plain = limit_of(measurement(test="poisson"), [0.01])
        assert plain.test == "poisson"
        assert plain.mu[0] < curve.mu[0]

    def test_an_excess_is_found(self):
        found = limit_of(measurement(excess=0.35), [0.01], bands=True)
        assert found.significance[0] > 3.0
        assert found.p_value[0] == pytest.approx(norm.sf(found.significance[0]), rel=1e-9)
        assert 0.0 < found.best[0] < found.mu[0]
        assert found.mu[0] > found.bands[3, 0]

    def test_goodness_of_the_fit_without_a_dipole(self):
        found = limit_of(measurement(excess=0.35), [0.01])
        assert found.gof_p_value == pytest.approx(chi2.sf(found.deviance, 21), rel=1e-9)
        assert found.deviance > 8.0

    def test_files_have_it_all(self, curve):
        assert curve.header[-len(curve.nuisances) :][0] == f"pull_{curve.nuisances[0]}"
        content = curve.to_dict()
        assert content["mu_bohr"][2] is None
        assert content["pulls"]["t_qy"][0] == pytest.approx(
            curve.pulls[0, curve.nuisances.index("t_qy")]
        )
        assert set(content["pulls"]) == set(curve.nuisances)
        assert content["without_dipole"]["bins"] == 21
        assert content["provenance"]["exposures"]["sr0"] == "1.5 t yr"
        assert "for 21 bins" in curve.comments[-1]

    def test_a_default_curve_reaches_from_flat_to_the_end(self, quiet):
        curve = limit_of(quiet)
        assert curve.mass.size == 100
        assert (np.diff(curve.mass) > 0.0).all()
        # the made-up response has few energies, and the last recoils fall between them
        assert np.isfinite(curve.mu[curve.mass < 18.5]).all()
        assert curve.mass[0] == pytest.approx(0.01)
        assert np.nanmax(curve.mu) > 1e3 * curve.mu[0]


class TestPostFit:
    def test_is_the_fit_of_the_curve(self, quiet, curve):
        post = post_fit(quiet, 0.01)
        assert post.nuisances == curve.nuisances
        np.testing.assert_allclose(post.pulls, curve.pulls[0], atol=5e-3)
        assert post.mu_limit == pytest.approx(curve.mu[0], rel=1e-6)
        assert post.mass == pytest.approx(0.01)
        assert (post.errors > 0.0).all()
        # the data add to what the constraints know; a morph that bends may take a little back
        assert (post.errors < 1.03).all()

    def test_components_add_up(self, quiet):
        post = post_fit(quiet, 5.0)
        likelihood = quiet.recast.likelihood
        model = likelihood.model(quiet.recast.signals(5.0 * MEV))
        parameters = np.concatenate([[post.mu_best**2], post.pulls])
        np.testing.assert_allclose(post.expected, model.expected(parameters), rtol=1e-9)
        at_limit = np.concatenate([[post.mu_limit**2], post.pulls_limit])
        rest = np.concatenate([[0.0], post.pulls_limit])
        signal = model.expected(at_limit) - model.expected(rest)
        np.testing.assert_allclose(post.signal_limit, signal, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(post.observed, SEEN)
        assert set(post.components) == {
            "cathode", "delayed electrons", "accidental electrons", "8B CEvNS"
        }  # fmt: skip

    def test_out_of_reach(self, quiet):
        with pytest.raises(PhysicsError, match="m4 = 25 MeV: no recoil can be seen"):
            post_fit(quiet, 25.0)


def test_a_pull_that_reaches_the_releases_bound_stays_there():
    release = made_up_release(excess=0.35)
    tight = tuple(
        replace(p, lower=0.99, upper=1.01) if p.name.startswith("cathode") else p
        for p in release.nuisances
    )
    scattering = Scattering(Scenario.load("xenonnt-s2only"))
    bounded = Released(ReleasedExperiment(scattering, replace(release, nuisances=tight)))
    curve, post = limit_of(bounded, [0.01]), post_fit(bounded, 0.01)
    free = measurement(excess=0.35)
    for name, pull, error in zip(post.nuisances, post.pulls, post.errors, strict=True):
        if name.startswith("cathode"):
            assert abs(pull) <= 0.1 * (1.0 + 1e-9)  # 1 % of a width of 10 %
            assert np.isnan(error) == (abs(pull) > 0.0999)
    assert np.isnan(post.errors).any()
    assert curve.deviance > limit_of(free, [0.01]).deviance


class TestRefusals:
    def test_sources_that_cannot_be_seen(self):
        scenario = Scenario.load("xenonnt-s2only")
        text = scenario.text.replace('sources = ["8B", "hep"]', 'sources = ["pp"]')
        text = text.replace('fluxes = { "8B" = "5.25e6 / (cm^2 s)" }', "")
        text = text.replace('uncertainty = { "8B" = 0.038, hep = 0.30 }', "")
        blind = Scattering(Scenario.parse(text, "pp.toml"))
        with pytest.raises(PhysicsError, match="no recoil of its sources"):
            limit_of(Released(ReleasedExperiment(blind, made_up_release())), [0.01])

    def test_a_scenario_with_a_detector(self, tmp_path):
        with pytest.raises(ScenarioError, match=r"ge-nextgen: statistics: .* use one of poisson"):
            measured_limit("ge-nextgen", tmp_path)

    @pytest.mark.parametrize("mass", [-1.0, np.nan, np.inf])
    def test_a_mass_that_is_none(self, quiet, mass):
        with pytest.raises(PhysicsError, match=r"mass: .* is not a finite number"):
            limit_of(quiet, [mass])


@pytest.fixture
def real(reference):
    return experiment_of("xenonnt-s2only", official_release(reference))


class TestOfficial:
    """The official release; check values are this package's own, rounded."""

    def test_limit(self, real):
        curve = limit_of(real, [0.01, 5.0, 14.0], bands=True)
        assert curve.mu == pytest.approx([1.213e-9, 1.463e-9, 3.93e-8], rel=3e-3)
        assert curve.bands[2] == pytest.approx([1.769e-9, 2.167e-9, 5.63e-8], rel=3e-3)
        # a deficit: the best fit is no dipole, and the limit two deviations low
        assert (curve.best == 0.0).all()
        assert (curve.p_value == 0.5).all()
        assert curve.deviance == pytest.approx(31.3, abs=0.1)
        assert curve.gof_p_value == pytest.approx(0.069, abs=0.002)

    def test_pulls(self, real):
        post = post_fit(real, 0.01)
        pulls = dict(zip(post.nuisances, post.pulls, strict=True))
        assert pulls["cathode_sr2_rate_multiplier"] == pytest.approx(-1.42, abs=0.02)
        assert pulls["t_sys_sr2"] == pytest.approx(-1.20, abs=0.02)
        assert pulls["cathode_sr1_rate_multiplier"] == pytest.approx(0.96, abs=0.02)

    def test_minuit_with_bounds_and_newton_without_agree(self, real):
        likelihood = real.recast.likelihood
        model = likelihood.model(real.recast.signals(5.0 * MEV))
        newton = fit(model, likelihood.observation(model))
        post = post_fit(real, 5.0)
        np.testing.assert_allclose(post.pulls, newton.parameters[1:], atol=2e-3)


def test_the_fit_of_a_calibrated_limit_has_the_limit_of_its_own_data():
    """Also where the pseudo-experiments of other data are kept in the cache."""
    options = {"test": "cls", "calibration": "toys", "trials": 100}
    work = Work(store="cache")
    for excess in (0.0, 0.35):
        own = measurement(excess, **options)
        curve = limit_of(own, [0.01, 1.0], work=work)
        alone = limit_of(own, [1.0], work=work)
        assert post_fit(own, 1.0, work=work).mu_limit == alone.mu[0]
        assert post_fit(own, 1.0, calibrated=curve).mu_limit == curve.mu[1]


@pytest.mark.parametrize("part", ["backgrounds", "observed", "response"])
def test_a_store_belongs_to_its_data(tmp_path, part):
    """Finished masses of another release are not used again, whatever differs."""
    work = Work(store=tmp_path / "s.jsonl")
    options = {"test": "cls", "calibration": "toys", "trials": 200}
    own = measurement(**options)
    limit_of(own, [0.01], work=work)
    first, *others = own.recast.release.channels
    response = replace(first.response, probabilities=0.9 * first.response.probabilities)
    changed = {
        "backgrounds": {"backgrounds": measurement(5.0).recast.release.channels[0].backgrounds},
        "observed": {"observed": first.observed + np.eye(7)[0]},
        "response": {"response": response},
    }[part]
    release = replace(own.recast.release, channels=(replace(first, **changed), *others))
    other = Released(ReleasedExperiment(own.recast.scattering, release))
    with pytest.raises(OutputError, match="was made with release_sha256 = "):
        limit_of(other, [0.01], work=work)
