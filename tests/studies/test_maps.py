"""Likelihood maps: slices, limiting cases, closed forms, every kind of experiment."""

import numpy as np
import pytest

import upscatter
from made_up_release import made_up_release
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.experiments.released import Released
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.asymptotics import strength_statistic
from upscatter.statistics.criteria import UNIFIED
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.pulls import chi2_threshold
from upscatter.studies.limits import limit_of
from upscatter.studies.maps import mass_map, plane_map
from upscatter.units import MEV

MASSES = np.array([0.5, 3.0, 9.0, 15.0])
MU = np.geomspace(1e-10, 1e-7, 61)


def projection(test="poisson", name="ge-nextgen"):
    return experiment_of(Scenario.load(name).replaced("statistics.test", test))


def measurement(excess=0.2):
    scattering = Scattering(Scenario.load("xenonnt-s2only"))
    return Released(ReleasedExperiment(scattering, made_up_release(excess)))


def counted():
    """Counts of a projection with a dipole of 2.5e-9 at 3 MeV, rounded."""
    loaded = Scenario.load("ge-nextgen").replaced("statistics.test", "poisson")
    model = experiment_of(loaded).likelihood_at(3.0 * MEV)
    counts = model.expected(np.array([2.5e-9**2, *np.zeros(len(model.names))]))
    return experiment_of(loaded.replaced("data", {"counts": counts.round().astype(int).tolist()}))


EXPERIMENTS = {
    "projection": projection,
    "counts": counted,
    "release": measurement,
    "combination": lambda: combine(projection(), measurement(), test="cls"),
    "electrons": lambda: projection("poisson", "darwin-er"),
}


@pytest.mark.parametrize("kind", EXPERIMENTS)
class TestEveryExperiment:
    masses = (0.05, 0.2)  # MeV, within reach of all

    def test_a_slice_is_the_likelihood_of_limits(self, kind):
        experiment = EXPERIMENTS[kind]()
        mu = limit_of(experiment, self.masses).mu.min() * np.array([0.3, 0.7, 1.0, 2.0, 4.0])
        found = mass_map(experiment, self.masses, mu)
        model, seen = experiment.likelihood(np.array(self.masses) * MEV)
        assert seen.all()
        data = experiment.data(model)
        best = fit(model, data)
        for j, moment in enumerate(mu):
            tested = np.full(len(self.masses), moment**2)
            statistic = strength_statistic(model, data, tested, UNIFIED)
            least = best.deviance - found.deviance
            np.testing.assert_allclose(found.delta[:, j], statistic + least, atol=1e-6)

    def test_couplings_have_both_signs(self, kind):
        found = plane_map(EXPERIMENTS[kind](), ("e", "tau"), 0.05, points=21)
        assert found.delta.shape == (21, 21)
        assert np.isfinite(found.delta).all()
        assert found.x.values[10] == found.y.values[10] == 0.0
        assert found.delta[10, 10] == pytest.approx(found.delta_without_signal, abs=1e-9)
        assert {line.confidence for line in found.contours} == {0.68, 0.90, 0.95}
        if not found.measured:
            assert all(line.closed for line in found.contours)


class TestProjections:
    def test_asimov_data_are_best_without_a_signal_and_contours_are_open(self):
        found = upscatter.likelihood_map(projection())
        assert found.delta.shape == (200, 200)
        assert not found.has_signal
        assert np.isnan(found.best[0])
        assert found.delta_without_signal == 0.0
        assert (np.diff(found.delta[:, ::10], axis=1) >= 0.0).all()
        assert len(found.contours) == 3
        assert not any(line.closed for line in found.contours)
        for line in found.contours:
            assert min(line.x[[0, -1]]) == pytest.approx(0.01, rel=1e-12)
            assert max(line.y[[0, -1]]) == pytest.approx(found.y.values[-1], rel=1e-9)

    @pytest.mark.parametrize("confidence", [0.68, 0.90])
    def test_at_one_degree_of_freedom_the_contour_is_the_limit(self, confidence):
        """With the χ², whose limit is Δχ² for one degree of freedom."""
        loaded = Scenario.load("ge-nextgen").replaced("statistics.confidence", confidence)
        found = upscatter.likelihood_map(loaded, confidences=[confidence], dof=1)
        curve = upscatter.upper_limit(loaded, found.x.values)
        (line,) = found.contours
        inside = line.y < 0.9 * found.y.values[-1]
        limit = np.exp(np.interp(np.log(line.x), np.log(curve.mass), np.log(curve.mu)))
        np.testing.assert_allclose(line.y[inside], limit[inside], rtol=2e-3)

    def test_the_chi2_map_is_linear(self):
        """χ² of Asimov data is the fourth power of μ at each mass: Δχ² = (μ/limit)⁴ 2.71."""
        found = upscatter.likelihood_map("ge-nextgen", MASSES, MU)
        limit = upscatter.upper_limit("ge-nextgen", MASSES).mu
        expected = chi2_threshold(0.90) * (MU / limit[:, None]) ** 4
        np.testing.assert_allclose(found.delta, expected, rtol=1e-9)

    def test_a_mass_out_of_reach_says_nothing(self):
        found = upscatter.likelihood_map(projection(), [5.0, 40.0], MU, truth=(5.0, 4e-9))
        np.testing.assert_allclose(found.delta[1], found.delta_without_signal, rtol=1e-12)
        assert found.delta_without_signal > 100.0


class TestInjectedSignals:
    @pytest.mark.parametrize("truth", [(5.0, 5e-9), (8.0, 3e-9)])
    def test_contours_close_about_it(self, truth):
        mass = np.geomspace(truth[0] / 2.0, 1.6 * truth[0], 60)
        mu = np.geomspace(truth[1] / 3.0, 4.0 * truth[1], 160)
        found = upscatter.likelihood_map(projection(name="ge-future"), mass, mu, truth=truth)
        assert found.best == pytest.approx(truth, rel=1e-4)
        assert found.deviance == pytest.approx(0.0, abs=1e-6)
        assert found.delta_without_signal > 50.0
        assert len(found.contours) == 3
        for line in found.contours:
            assert line.closed
            assert line.x.min() < truth[0] < line.x.max()
            assert line.y.min() < truth[1] < line.y.max()

    def test_observed_counts_with_a_signal(self):
        found = upscatter.likelihood_map(counted(), np.geomspace(0.05, 17.0, 80))
        assert found.measured
        assert found.best[1] == pytest.approx(2.5e-9, rel=0.1)
        for line in found.contours:
            # the mass is not measured below, so that lines end at the least mass alone
            assert min(line.x[[0, -1]]) == max(line.x[[0, -1]]) == pytest.approx(0.05)
        assert found.delta_without_signal > chi2_threshold(0.95, 2)

    @pytest.mark.parametrize("truth", [(3e-9, 2e-9), (2e-9, -5e-9)])
    def test_couplings_and_their_mirror_image(self, truth):
        found = upscatter.coupling_map(projection(), ("e", "mu"), 1.0, points=61, truth=truth)
        assert found.deviance == pytest.approx(0.0, abs=1e-6)
        np.testing.assert_array_equal(found.delta, found.delta[::-1, ::-1])
        assert found.delta_without_signal > 20.0
        assert found.delta[30, 30] == pytest.approx(found.delta_without_signal, rel=1e-9)
        # around the best fit there is more than one couple of equal likelihood: it is one of them
        plain = Scenario.load("ge-nextgen").replaced(
            {
                "statistics.test": "poisson",
                "coupling": {"components": dict(zip(("e", "mu"), found.best, strict=True))},
            }
        )
        model = experiment_of(plain).likelihood_at(1.0 * MEV)
        true = experiment_of(
            plain.replaced("coupling", {"components": {"e": truth[0], "mu": truth[1]}})
        ).likelihood_at(1.0 * MEV)
        one = np.array([1.0, *np.zeros(len(model.names))])
        data = model.observe(true.expected(one))
        assert float(fit(model, data, 1.0).deviance) == pytest.approx(0.0, abs=1e-6)


class TestCouplings:
    def test_both_halves_are_computed_ones(self):
        """Points of the mirrored half, each from a scenario with these couplings."""
        found = upscatter.coupling_map(projection(), ("e", "tau"), 1.0, 3e-9, points=7)
        for i, j in [(0, 0), (1, 2), (5, 1), (6, 3), (2, 6)]:
            pair = {"e": float(found.x.values[i]), "tau": float(found.y.values[j])}
            scenario = Scenario.load("ge-nextgen").replaced(
                {"statistics.test": "poisson", "coupling": {"components": pair}}
            )
            experiment = experiment_of(scenario)
            model = experiment.likelihood_at(1.0 * MEV)
            alone = float(fit(model, experiment.data(model), 1.0).deviance)
            assert found.delta[i, j] == pytest.approx(alone, rel=1e-6, abs=1e-9)

    def test_interference_needs_the_exact_sum(self):
        exact = upscatter.coupling_map("ge-nextgen", ("e", "mu"), points=21)
        assert not np.allclose(exact.delta, exact.delta[::-1], rtol=0.1)
        apart = upscatter.coupling_map(
            "ge-nextgen", ("e", "mu"), points=21, flavour_sum="incoherent"
        )
        np.testing.assert_allclose(apart.delta, apart.delta[::-1], rtol=1e-9, atol=1e-9)

    def test_on_the_axes_it_is_the_limit_of_one_flavour(self):
        found = upscatter.coupling_map("ge-nextgen", ("e", "mu"), 2.0, 3e-9, points=601)
        middle = 300
        for delta, values, flavour in (
            (found.delta[:, middle], found.x.values, "e"),
            (found.delta[middle], found.y.values, "mu"),
        ):
            limit = upscatter.upper_limit("ge-nextgen", [2.0], flavour=flavour).mu[0]
            at = np.interp(limit, values[middle:], delta[middle:])
            assert at == pytest.approx(chi2_threshold(0.90), rel=1e-3)


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"masses": 5.0}, "mass: a map needs two or more"),
            ({"masses": [0.0, 5.0]}, "above 0 and rise"),
            ({"masses": [5.0, 1.0]}, "above 0 and rise"),
            ({"masses": [30.0, 40.0]}, "no neutrino can produce it"),
            ({"mu": 1e-9}, "mu: a map needs two values or more"),
            ({"mu": [[1e-9, 2e-9]]}, "mu: a map needs two values or more"),
            ({"mu": [-1e-9, 1e-9]}, "mu: -1e-09 is not above 0"),
            ({"mu": [1e-9, 2.0]}, "mu: 2 is not above 0 and up to 1"),
            ({"mu": [2e-9, 1e-9]}, "mu: the values of a map rise"),
            ({"mu": [1e-9, np.nan, 1e-8]}, "mu: the values of a map rise"),
            ({"truth": (5.0, -1e-9)}, "truth: -1e-09 is not above 0"),
            ({"truth": (-5.0, 1e-9)}, "truth: -5"),
            ({"truth": (50.0, 1e-9)}, "no recoil can be seen"),
            ({"confidences": [1.0]}, "confidence: 1.0 is not between 0 and 1"),
            ({"confidences": []}, "confidence: there is none"),
            ({"dof": 0}, "dof: 0 is not a positive number"),
        ],
    )
    def test_masses_and_moments(self, arguments, message):
        with pytest.raises(PhysicsError, match=message):
            mass_map(projection(), **{"masses": MASSES, "mu": MU} | arguments)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"points": 10}, "points: 10 is not an odd number"),
            ({"points": 1}, "points: 1 is not an odd number"),
            ({"highest": -1e-9}, "mu: -1e-09 is not above 0"),
            ({"truth": (0.0, 0.0)}, "truth: 0, 0 is not above 0"),
            ({"mass": [1.0, 2.0]}, "2 values are given where one is due"),
            ({"mass": 50.0}, "no recoil can be seen"),
        ],
    )
    def test_couplings(self, arguments, message):
        with pytest.raises(PhysicsError, match=message):
            plane_map(projection(), **arguments)

    def test_a_truth_for_data(self):
        with pytest.raises(ScenarioError, match="has data, and a true signal is for Asimov data"):
            mass_map(counted(), MASSES, MU, truth=(5.0, 1e-9))

    def test_a_discovery_reach_of_data(self):
        with pytest.raises(ScenarioError, match="has data, and a discovery reach is of projec"):
            upscatter.upper_limit(counted(), [1.0], discovery=3.0)

    def test_data_that_are_missing(self):
        with pytest.raises(ScenarioError, match="give the data"):
            upscatter.likelihood_map("xenonnt-s2only")


def test_a_grid_that_misses_the_region_says_so():
    found = upscatter.likelihood_map(
        projection(name="ge-future"), [4.0, 8.0, 16.0], [1e-9, 4e-9, 1.6e-8], truth=(6.0, 8e-9)
    )
    assert found.contours == ()
    assert any("no point of the grid is within 68 %, 90 %, 95 %" in r for r in found.remarks)


def test_a_grid_within_all_contours_is_remarked():
    found = mass_map(experiment_of("ge-nextgen"), [0.01, 1.0], [1e-12, 8.5e-10])
    assert [c.confidence for c in found.contours] == [0.68]
    assert "all points of the grid are within 90 %, 95 %; extend it" in found.remarks


def test_few_counts_are_said():
    small = projection().build.scenario.replaced("detector.exposure", "0.3 kg yr")
    found = upscatter.likelihood_map(small, MASSES, np.geomspace(1e-9, 1e-6, 20))
    assert any("too few counts for contours" in remark for remark in found.remarks)


class TestCoverage:
    """How often the region of a map contains the truth, in 2000 pseudo-experiments."""

    trials = 2000

    def rises(self, name, truth):
        """−2 Δ ln L of the truth, or of no signal, relative to the best of 60 masses."""
        experiment, mass = projection(name=name), np.geomspace(0.3, 17.0, 60)
        model, _ = experiment.likelihood(mass * MEV)
        true = experiment.likelihood_at((truth[0] if truth else 1.0) * MEV)
        strength = truth[1] ** 2 if truth else 0.0
        rng = np.random.default_rng(5)
        expected = true.expected(np.array([strength, *np.zeros(len(true.names))]))
        counts = rng.poisson(expected, (self.trials, true.bins)).astype(float)
        centres = rng.normal(size=(self.trials, len(true.names)))
        sets, masses = np.divmod(np.arange(self.trials * mass.size), mass.size)
        every = fit(model, Observation(counts[sets], centres[sets], masses))
        best = every.require("best").deviance.reshape(self.trials, mass.size).min(axis=1)
        rows = Observation(counts, centres, np.zeros(self.trials, dtype=int))
        at_truth = fit(true, rows, np.full(self.trials, strength)).require("truth").deviance
        return np.maximum(at_truth - best, 0.0)

    def shares(self, name, truth):
        rises = self.rises(name, truth)
        return [(rises <= chi2_threshold(level, 2)).mean() for level in (0.68, 0.90, 0.95)]

    def test_of_a_signal_whose_mass_is_measured(self):
        """0.69, 0.91 and 0.95, within three binomial errors of the levels."""
        found = self.shares("ge-future", (6.0, 2e-9))
        for level, share in zip((0.68, 0.90, 0.95), found, strict=True):
            error = np.sqrt(level * (1.0 - level) / self.trials)
            assert share == pytest.approx(level, abs=3.0 * error)

    @pytest.mark.parametrize(
        ("name", "stated"),
        [("ge-nextgen", (0.888, 0.962, 0.981)), ("ge-future", (0.789, 0.938, 0.972))],
    )
    def test_without_a_signal_regions_hold_more_often(self, name, stated):
        """No mass and a bound at 0: the numbers of docs/maps.md."""
        assert self.shares(name, None) == pytest.approx(stated, abs=0.02)


def test_points_that_are_no_whole_number_are_refused():
    with pytest.raises(PhysicsError, match=r"points: 3.0 is no whole number"):
        upscatter.coupling_map("ge-nextgen", ("e", "mu"), points=3.0)


@pytest.mark.parametrize("a_map", [upscatter.likelihood_map, upscatter.coupling_map])
@pytest.mark.parametrize("truth", [(1.0,), 5, (1.0, 2.0, 3.0), ((1.0, 2.0),)])
def test_a_true_point_has_two_coordinates(a_map, truth):
    with pytest.raises(PhysicsError, match=r"truth: .* is no point of a map"):
        a_map("ge-nextgen", truth=truth)
