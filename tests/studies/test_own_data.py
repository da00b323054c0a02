"""Observed data in a scenario: from the file to limit, fit and figure."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import upscatter
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.limits.measured import MeasuredCurve
from upscatter.report.postfit_plots import post_fit_figure
from upscatter.scenario.load import Scenario
from upscatter.studies.measured import post_fit
from upscatter.studies.workspaces import likelihood_workspace
from upscatter.units import MEV

DETECTOR = """
title = "Small germanium detector"
[target]
element = "Ge"
[detector]
exposure = "20 kg yr"
region = ["0.2 keVee", "1.4 keVee"]
bins = 4
quenching = { model = "essig-high" }
[flux]
uncertainty = { "8B" = 0.04 }
"""
COMPTON = """
[[background]]
name = "Compton"
flat = "0.002 / (keVee kg day)"
uncertainty = 0.1
variation = { points = [[0.1, 1.1], [2.0, 0.9]], rate = "0.002 / (keVee kg day)" }
[[background]]
name = "gallium"
peaks = [{ energy = "1.298 keVee", width = "0.08 keVee", rate = "0.0005 / (kg day)" }]
uncertainty = 0.3
"""
COUNTS = "\n[data]\ncounts = [7, 3, 4, 9]\n"
EXCESS = "\n[data]\nexcess = [1.5, -0.4, 0.2, 0.1]\nerrors = [1.0, 0.8, 0.7, 0.9]\n"


def scenario(*blocks, name="mine.toml", statistics=""):
    return Scenario.parse("".join([DETECTOR, *blocks, statistics]), name)


@pytest.fixture(scope="module")
def curve():
    return upscatter.upper_limit(scenario(COMPTON, COUNTS), [0.01, 5.0, 30.0], bands=True)


class TestCounts:
    def test_the_limit_is_a_measured_one(self, curve):
        assert isinstance(curve, MeasuredCurve)
        assert curve.test == "cls"
        assert np.isfinite(curve.mu[:2]).all()
        assert np.isnan(curve.mu[2])
        assert curve.bins == 4
        assert curve.nuisances == (
            "flux 8B", "background Compton", "background gallium", "shape Compton"
        )  # fmt: skip
        assert (curve.bands[0, :2] < curve.bands[4, :2]).all()

    def test_more_counts_give_a_weaker_limit(self, curve):
        more = scenario(COMPTON, COUNTS.replace("7, 3", "14, 6"))
        assert upscatter.upper_limit(more, [0.01]).mu[0] > 1.1 * curve.mu[0]

    def test_counts_equal_to_the_expectation_give_the_median(self):
        plain = scenario(COMPTON)
        expected = experiment_of(plain).build.expectation.total
        scaled = plain.replaced("detector.exposure", "200000 kg yr")
        counts = np.round(experiment_of(scaled).build.expectation.total).astype(int).tolist()
        found = upscatter.upper_limit(
            scaled.replaced("data", {"counts": counts}), [0.01], bands=True
        )
        assert expected.sum() > 10.0
        assert found.mu[0] == pytest.approx(found.bands[2, 0], rel=1e-3)
        assert found.gof_p_value > 0.99

    def test_without_data_it_is_a_projection(self):
        projection = scenario(COMPTON, COUNTS).replaced("data", None)
        assert not isinstance(upscatter.upper_limit(projection, [1.0]), MeasuredCurve)

    def test_post_fit_and_its_figure(self, tmp_path):
        post = post_fit(experiment_of(scenario(COMPTON, COUNTS)), 1.0)
        np.testing.assert_array_equal(post.observed, [7, 3, 4, 9])
        assert set(post.components) == {"SM 8B", "background Compton", "background gallium"}
        assert (post.errors > 0.0).all()
        assert [axis.title for axis in post.channels["recoils"].axes] == ["observed energy [keVee]"]
        axes = post_fit_figure(post).axes
        assert axes[0].get_ylim()[0] == 0.0
        post.plot(tmp_path / "fit.png")
        steps = axes[1].patches[-1].get_data().values
        np.testing.assert_allclose(steps, (post.observed - post.expected) / np.sqrt(post.expected))

    def test_every_study(self, tmp_path):
        mine = scenario(COMPTON, COUNTS)
        assert upscatter.toys(mine, trials=200).trials == 200
        impacts = {i.name for i in upscatter.impacts(mine).impacts}
        assert {"background Compton", "background gallium", "8B flux", "threshold"} <= impacts
        exported = likelihood_workspace(mine, 1.0)
        assert exported["observations"][0]["data"] == [7.0, 3.0, 4.0, 9.0]
        counts = upscatter.expected_counts(mine)
        np.testing.assert_array_equal(counts.observed, [7, 3, 4, 9])
        counts.plot(tmp_path / "counts.png")

    def test_the_command_line(self, run, tmp_path):
        path = tmp_path / "mine.toml"
        path.write_text(DETECTOR + COMPTON + COUNTS, encoding="utf-8")
        figure = tmp_path / "fit.png"
        output = run("limit", path, "--mass", "1MeV", "--postfit", figure)
        assert "best fit" in output
        assert "p-value" in output
        assert figure.stat().st_size > 10_000
        assert "23 counts observed" in run("check", path)

    def test_combined_with_a_projection_it_is_measured(self):
        both = combine(scenario(COMPTON, COUNTS), scenario(COMPTON, name="other.toml"), test="cls")
        curve = upscatter.upper_limit(both, [0.01])
        assert isinstance(curve, MeasuredCurve)
        assert any("no data of other.toml" in remark for remark in curve.remarks)


class TestExcess:
    """A background-subtracted spectrum is Gaussian, and may be negative."""

    STATISTICS = '\n[statistics]\ntest = "poisson"\n'

    def test_the_limit_by_hand(self):
        """−2 ln L = Σ ((n − SM (1 + σz) − μ² s (1 + σz))/Δ)² + z², one-sided at 1.2816²."""
        # an excess, so that the best strength is not at its bound of 0
        mine = scenario(EXCESS.replace("1.5, -0.4", "6.5, -0.4"), statistics=self.STATISTICS)
        model = experiment_of(mine).likelihood_at(1.0 * MEV)
        signal, standard = model.total_signal, model.backgrounds["SM 8B"]
        data, errors = np.array([6.5, -0.4, 0.2, 0.1]), np.array([1.0, 0.8, 0.7, 0.9])
        scale = 1.0 / signal.max()

        def deviance(strength, z):
            expected = (standard + strength * scale * signal) * (1.0 + 0.04 * z)
            return (((data - expected) / errors) ** 2).sum() + z**2

        def profiled(strength):
            return minimize_scalar(lambda z: deviance(strength, z), bounds=(-5, 5)).fun

        best = minimize_scalar(profiled, bounds=(0.0, 50.0), options={"xatol": 1e-9})
        threshold = 1.2815515655446004**2
        limit = brentq(lambda s: profiled(s) - best.fun - threshold, best.x, 100.0)
        found = upscatter.upper_limit(mine, [1.0]).mu[0]
        assert found == pytest.approx(np.sqrt(limit * scale), rel=1e-4)

    def test_every_study(self, tmp_path):
        mine = scenario(EXCESS)
        curve = upscatter.upper_limit(mine, [0.01, 5.0], bands=True)
        assert (curve.bands[0] < curve.bands[4]).all()
        post = post_fit(experiment_of(mine), 1.0)
        np.testing.assert_allclose(
            post.residuals, (post.observed - post.expected) / np.array([1.0, 0.8, 0.7, 0.9])
        )
        assert post_fit_figure(post).axes[0].get_ylim()[0] < -0.4
        assert upscatter.toys(mine, trials=300).coverage.measured > 0.85
        upscatter.impacts(mine)

    def test_a_deficit_is_no_signal(self):
        """A flux cannot be negative, so data below the Standard Model have no best fit."""
        deep = EXCESS.replace("1.5, -0.4, 0.2, 0.1", "-50.0, -50.0, -50.0, -50.0")
        curve = upscatter.upper_limit(scenario(deep), [1.0])
        assert curve.best[0] == pytest.approx(0.0, abs=1e-12)
        assert curve.p_value[0] == 0.5
        assert curve.pulls[0].min() >= -1.0 / 0.04 - 1e-9


def test_a_plan_is_made_with_expected_counts():
    with_data = scenario(COMPTON, COUNTS)
    projection = with_data.replaced("data", None).replaced("statistics.test", "cls")
    found = upscatter.plan(with_data, 8e-10, "exposure")
    assert found.value == pytest.approx(upscatter.plan(projection, 8e-10, "exposure").value)
    assert any("planned with expected counts" in line for line in found.limit_remarks)


@pytest.mark.parametrize(
    "mine", ["conus-plus", "dresden-ii", scenario(COMPTON, EXCESS, name="own.toml")]
)
def test_no_plan_from_an_excess(mine):
    """Its errors, and what was subtracted, do not follow from what the scenario describes."""
    with pytest.raises(ScenarioError, match=r"data: are an excess with errors.* plan with") as no:
        upscatter.plan(mine, 1e-10, "exposure")
    assert "\n" not in str(no.value)


def test_data_far_below_all_that_is_expected():
    """They pull the flux, known to 10 %, to zero, and with it the dipole: an error says so."""
    few = Scenario.load("cenns-750").replaced(
        {
            "detector.bins": 2,
            "detector.time_edges": ["0 us", "1 us", "5 us"],
            "data": {"counts": [[18800, 41850], [8250, 17300]]},
            "statistics.test": "cls",
        }
    )
    with pytest.raises(ScenarioError, match="data far below the expected counts") as no:
        upscatter.upper_limit(few, [1.0])
    assert "\n" not in str(no.value)


def test_the_threshold_of_data_does_not_move():
    found = {i.name: i for i in upscatter.impacts(scenario(COMPTON, COUNTS), 1.0).impacts}
    assert found["threshold"].reason == "the data are in these bins"


def test_errors_of_different_units_are_refused():
    with pytest.raises(ScenarioError, match=r"errors reach from 1e-09 to 0\.9"):
        scenario(EXCESS.replace("[1.0, 0.8", "[1e-9, 0.8"))


def test_no_mass_at_all():
    with pytest.raises(PhysicsError, match="mass: there is none"):
        upscatter.upper_limit("ge-nextgen", [])
