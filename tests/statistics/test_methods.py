"""Limit methods: what each gives, whether its approximation holds, and what is said of it."""

import numpy as np
import pytest
from scipy.stats import norm

import upscatter
from counted_limits import expected, limits
from upscatter.errors import OutputError, PhysicsError, ScenarioError
from upscatter.limits.curve import LimitCurve
from upscatter.limits.moments import MomentLimits, remarks
from upscatter.rates.signal import MOMENT
from upscatter.report.planning_tables import impact_tables
from upscatter.report.tables import limit_table
from upscatter.scenario.changes import chosen_test
from upscatter.scenario.load import Scenario
from upscatter.statistics.counts import effective_counts, weight_spread
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.limit_method import BANDS, Limits
from upscatter.statistics.methods import PoissonMethod
from upscatter.statistics.registry import (
    DEFAULT_TEST,
    FOR_DATA,
    METHODS,
    TEST_NAMES,
    limit_method,
)
from upscatter.statistics.sampler import Sampler
from upscatter.statistics.toys import pseudo_data
from upscatter.studies.limits import upper_limit

QUIET = {"detector.exposure": "1 kg yr", "background.flat": "1e-12 / (keVee kg day)"}


def with_test(changes, test, **options):
    scenario = Scenario.load("ge-nextgen").replaced(changes)
    return scenario.replaced(chosen_test(scenario, test, **options))


def falling(background):
    signal = np.exp(-np.arange(20) / 3.0)
    return BinnedModel(signal / signal.sum(), {"background": np.full(20, background / 20.0)})


def one_bin(background):
    return BinnedModel(np.array([1.0]), {"background": np.array([background])})


class TestRegistry:
    @pytest.mark.parametrize("name", TEST_NAMES)
    def test_every_entry_makes_its_method(self, name):
        method = limit_method(name, 0.95, dof=1, calibration="asymptotic", power_constraint=None)
        assert (method.name, method.confidence) == (name, 0.95)
        assert METHODS[name].symbol
        assert METHODS[name].title

    def test_the_default_covers(self):
        """`chi2-pulls` is for the paper: nobody gets it who does not ask for it."""
        assert DEFAULT_TEST == "poisson"
        assert Scenario.load("cdex-50").settings.statistics.test == "poisson"
        assert Scenario.load("ge-future").settings.statistics.test == "chi2-pulls"
        assert "chi2-pulls" not in FOR_DATA

    def test_the_chi2_takes_no_data(self):
        model = one_bin(5.0)
        with pytest.raises(PhysicsError, match="is for projections"):
            limit_method("chi2-pulls", 0.9).observed(model, model.observe([[5.0]]))


class TestReliability:
    @pytest.mark.parametrize("make", [one_bin, falling])
    @pytest.mark.parametrize("test", ["poisson", "cls", "unified"])
    def test_what_is_called_reliable_covers(self, make, test):
        """Within two points of nominal, or above it for CL_s, wherever the criterion says so."""
        method = limit_method(test, 0.90)
        reliable = []
        for background in (0.3, 1.0, 3.0, 10.0, 30.0, 100.0):
            model = make(background)
            found = method.expected(model)
            reliable.append(bool(found.reliable[0]))
            if not reliable[-1]:
                continue
            strength = float(found.strength[0])
            data = pseudo_data(model, strength, 6000, np.random.default_rng(8))
            covered = method.setter(model, strength).covers(data, strength).mean()
            # the criterion's two points, and the error of 6000 trials
            assert covered > 0.88 - 0.008
            if test == "poisson":
                assert covered < 0.92 + 0.008
        assert reliable == sorted(reliable)  # more counts are never worse
        assert reliable[-1]

    def test_few_counts_are_not(self):
        for test in ("poisson", "unified"):
            assert not limit_method(test, 0.9).expected(falling(0.3)).reliable[0]
        assert not limit_method("cls", 0.9).expected(one_bin(0.1)).reliable[0]

    def test_calibrated_limits_always_are(self):
        method = limit_method("poisson", 0.9, calibration="toys", trials=500)
        assert method.expected(falling(0.3)).reliable[0]

    def test_effective_counts_of_bins_alike_are_their_sum(self):
        model = BinnedModel(np.array([1.0, 2.0]), {"background": np.array([5.0, 10.0])})
        assert effective_counts(model, np.array([5.0]))[0] == pytest.approx(30.0)
        assert weight_spread(model, np.array([5.0]))[0] == pytest.approx(0.0, abs=1e-12)

    def test_effective_counts_are_those_of_the_skewness(self):
        """Skewness of Σ w n with w = s/ν is Σ w³ν / (Σ w²ν)^{3/2} = 1/√N."""
        model = falling(40.0)
        nu = model.expected(np.array([6.0]))
        weight = model.total_signal / nu
        skewness = (weight**3 * nu).sum() / (weight**2 * nu).sum() ** 1.5
        assert effective_counts(model, np.array([6.0]))[0] == pytest.approx(skewness**-2)

    def test_a_chi2_knows_that_counts_fluctuate_more_than_its_variance(self):
        """Δ² = background alone, and ten times as many Standard Model counts."""
        signal = {"8B": np.array([[100.0, 60.0, 30.0]]) * 1e18}
        solar = {"8B": np.array([1000.0, 800.0, 600.0])}
        few = expected(np.array([100.0, 100.0, 100.0]), 0.0, solar, {"8B": 0.0})
        own = limits("chi2-pulls", signal, few, variance="background")
        right = limits("chi2-pulls", signal, few, variance="expected")
        assert not own.reliable[0]
        assert own.coverage[0] < 0.75
        assert right.reliable[0]
        assert right.coverage[0] == pytest.approx(0.95, abs=0.015)

    def test_a_chi2_counts_its_pulls_as_spread(self):
        """Of many counts the coverage is Φ(1.645), but for the signal's own fluctuations."""
        signal = {"8B": np.array([[100.0, 60.0, 30.0]]) * 1e18}
        solar = {"8B": np.array([1000.0, 800.0, 600.0])}
        few = expected(np.array([100.0, 100.0, 100.0]), 0.0, solar, {"8B": 0.16})
        assert limits("chi2-pulls", signal, few, variance="expected").coverage[0] == pytest.approx(
            0.943, abs=0.001
        )

    @pytest.mark.parametrize(("background", "good"), [(5.0, False), (50.0, True)])
    def test_a_chi2_needs_counts_whatever_its_spread(self, background, good):
        """Of five background counts the spread is right, but their distribution no Gaussian."""
        few = expected(np.array([background]), 0.0, {}, {})
        found = limits("chi2-pulls", np.array([[1e18]]), few, variance="background")
        assert found.coverage[0] > 0.88
        assert found.reliable.tolist() == [good]


class TestRemarks:
    def test_a_quiet_detector_falls_into_no_trap(self):
        """The χ² gives sixty times too strong a limit there, and now says so."""
        chi2 = upper_limit(with_test(QUIET, "chi2-pulls").replaced(
            "statistics.variance", "background"), [0.01])  # fmt: skip
        poisson = upper_limit(with_test(QUIET, "poisson"), [0.01])
        assert chi2.mu[0] == pytest.approx(4.3e-11, rel=0.01)
        assert poisson.mu[0] == pytest.approx(2.5e-9, rel=0.01)
        (remark,) = chi2.remarks
        assert "\n" not in remark
        assert f"the Poisson likelihood gives {poisson.mu[0]:.3g} mu_B at 0.01 MeV" in remark
        assert chi2.to_dict()["approximation"]["good"] == [False]
        assert chi2.to_dict()["poisson_mu_bohr"] == pytest.approx([poisson.mu[0]])
        assert any(remark in comment for comment in chi2.comments)
        assert "calibration" in poisson.remarks[0]

    def test_every_result_that_stands_on_the_limit_has_it(self):
        scenario = with_test(QUIET, "poisson")
        (remark,) = upper_limit(scenario, [0.01]).remarks
        found = {
            "impacts": upscatter.impacts(scenario, 0.01),
            "plan": upscatter.plan(scenario, 2e-9, "exposure", 0.01),
            "toys": upscatter.toys(scenario, 0.01, trials=50),
        }
        for name, result in found.items():
            said = result.to_dict()["remarks"]
            assert any("too few counts" in line for line in said), name
            assert any("too few counts" in line for line in result.comments), name
        assert remark in found["impacts"].remarks
        verdict = upscatter.compare(scenario, bounds=["borexino-sk"])
        (whole,) = verdict.curves[0].remarks
        assert f"{verdict.curves[0].scenario}: {whole}" in verdict.comments
        assert verdict.to_dict()["scenarios"][verdict.curves[0].scenario]["remarks"] == [whole]

    def test_tables_print_it(self):
        impacts = upscatter.impacts(with_test(QUIET, "poisson"), 0.01)
        assert "too few counts" in impact_tables(impacts)[0].caption

    def test_calibrated_limits_state_their_error(self):
        scenario = with_test(QUIET, "poisson", calibration="toys", trials=400)
        error, *_ = upper_limit(scenario, [0.01]).caveats
        assert error.startswith("statistical error of the pseudo-experiments: up to ")

    @pytest.mark.parametrize("test", TEST_NAMES)
    def test_the_papers_scenarios_have_none(self, test):
        curve = upper_limit(with_test({}, test), [0.01, 5.0])
        assert curve.remarks == ()
        assert curve.to_dict()["approximation"] == {
            "calibration": "asymptotic",
            "good": [True, True],
        }

    def test_a_remark_names_the_masses(self):
        curve = upper_limit(with_test(QUIET, "poisson"), [0.02, 3.0, 40.0])
        assert curve.remarks[0].startswith("m4 = 0.02 to 3 MeV: too few counts")
        assert curve.reliable.tolist() == [False, False, True]

    def test_a_chi2_that_a_likelihood_cannot_replace(self):
        """A flux known to a factor of two only has no Poisson limit to give beside it."""
        wild = {**QUIET, "flux.uncertainty": {"8B": 0.9, "hep": 0.9}}
        curve = upper_limit(with_test(wild, "chi2-pulls"), [0.01])
        assert curve.poisson is None
        assert "for a chi2 with pulls to hold 90 % of the time" in curve.remarks[0]
        assert "calibration" not in curve.remarks[0]  # of which a chi2 has none


class TestPowerConstraint:
    def test_a_deficit_gives_the_limit_of_that_power(self):
        model = BinnedModel(
            np.array([1.0]), {"b": np.array([100.0])}, (Normalisation("n", {"b": 0.02}),)
        )
        few, many = model.observe([[70.0]]), model.observe([[110.0]])
        for test in ("unified", "poisson"):
            plain = limit_method(test, 0.9)
            bound = limit_method(test, 0.9, power_constraint=norm.cdf(-1.0))
            # of the fit to these data, as `--bands` has it
            minus1 = expected_limit(model, few, 0.9, plain.criterion, BANDS)[1]
            assert plain.observed(model, few).strength < minus1
            assert bound.observed(model, few).strength == pytest.approx(minus1)
            assert bound.observed(model, many).strength == plain.observed(model, many).strength

    @pytest.mark.parametrize(
        "calibration", ["asymptotic", pytest.param("toys", marks=pytest.mark.thorough)]
    )
    @pytest.mark.parametrize("test", ["poisson", "unified"])
    def test_expected_limits_are_no_lower(self, test, calibration):
        """The band of the constraint's power replaces those below it, and so do toys' limits."""
        model = falling(30.0)
        plain, bound, strong = (
            limit_method(test, 0.9, calibration=calibration, trials=3000, power_constraint=power)
            for power in (None, norm.cdf(-1.0), norm.cdf(1.0))
        )
        free, least, greater = (m.expected(model, bands=True) for m in (plain, bound, strong))
        minus1 = free.bands[1, 0]
        assert least.strength == free.strength
        np.testing.assert_allclose(least.bands[:, 0], np.maximum(free.bands[:, 0], minus1))
        assert greater.strength == pytest.approx(free.bands[3, 0])
        data = pseudo_data(model, 0.0, 200, np.random.default_rng(2))
        limits = plain.setter(model, 5.0).limits(data)
        assert limits.min() < minus1
        np.testing.assert_allclose(
            bound.setter(model, 5.0).limits(data), np.maximum(limits, minus1)
        )
        below, above = 0.9 * minus1, 3.0 * minus1
        assert bound.setter(model, below).covers(data, below).all()
        assert not bound.setter(model, above).covers(data, above).all()

    def test_the_error_is_that_of_the_limit_that_holds(self):
        """A deficit's own limit is far lower, and so is its error."""
        model = one_bin(100.0)
        options = {"calibration": "toys", "trials": 2000}
        data = model.observe([[70.0]])
        plain = limit_method("unified", 0.9, **options).observed(model, data)
        bound = limit_method("unified", 0.9, power_constraint=norm.cdf(-1.0), **options)
        raised = bound.observed(model, data)
        assert raised.strength > 2.0 * plain.strength
        assert raised.error > 1.5 * plain.error
        strong = limit_method("unified", 0.9, power_constraint=norm.cdf(1.0), **options)
        free, greater = bound.expected(model), strong.expected(model)
        assert greater.strength > free.strength
        assert greater.error != free.error

    def test_a_remark_says_where_it_sets_the_limit(self):
        limits = MomentLimits(
            mu=np.array([1e-9, 2e-9]), reliable=np.array([True, True]),
            raised=np.array([False, True]),
        )  # fmt: skip
        method = limit_method("unified", 0.9, power_constraint=0.16)
        (remark,) = remarks(method, np.array([0.01, 5.0]), limits)
        assert remark == "m4 = 5 MeV: the data exclude more; the power constraint sets the limit"
        model = one_bin(100.0)
        found = method.observed(model, model.observe([[70.0]]))
        assert MomentLimits.of(found, np.array([True]), MOMENT).raised.tolist() == [True]

    def test_it_is_no_option_of_cls(self):
        with pytest.raises(ScenarioError, match="has power_constraint, which test"):
            with_test({}, "cls").replaced("statistics.power_constraint", 0.16)

    def test_unified_intervals_have_a_lower_end_where_data_ask_for_it(self):
        model = one_bin(100.0)
        found = limit_method("unified", 0.9).observed(model, model.observe([[100.0]]))
        assert found.lower.tolist() == [0.0]
        high = limit_method("unified", 0.9).observed(model, model.observe([[140.0]]))
        # 40 ± 1.645 √140, near enough
        assert high.lower[0] == pytest.approx(40.0 - 1.645 * np.sqrt(140.0), abs=1.0)
        assert high.strength[0] == pytest.approx(40.0 + 1.645 * np.sqrt(140.0), abs=1.0)
        assert PoissonMethod().observed(model, model.observe([[140.0]])).lower is None


class TestSchema:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"statistics.calibration": "toys"}, 'has calibration, which test = "chi2-pulls"'),
            (
                {"statistics.test": "cls", "statistics.trials": 500},
                "has trials or seed without pseudo-experiments",
            ),
            (
                {"statistics.test": "cls", "statistics.calibration": "toys",
                 "statistics.trials": 5},
                "statistics.trials = 5: must be 100 or more",
            ),
            ({"statistics.test": None, "statistics.confidence": 0.9},
             'has variance, which test = "poisson" does not use'),
        ],
    )  # fmt: skip
    def test_options_that_mean_nothing_are_refused(self, changes, says):
        with pytest.raises(ScenarioError) as caught:
            Scenario.load("ge-nextgen").replaced(changes)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_choices_are_in_the_provenance(self):
        curve = upper_limit(with_test({}, "cls", calibration="toys", trials=200, seed=4), [0.01])
        made_with = curve.provenance
        assert (made_with["calibration"], made_with["trials"], made_with["seed"]) == (
            "toys",
            200,
            4,
        )
        assert curve.error[0] > 0.0
        assert curve.header == ("mass_MeV", "mu_bohr", "mu_bohr_error")
        assert "trials" not in upper_limit(with_test({}, "cls"), [0.01]).provenance


class TestMoments:
    """The strength is μ²: limits are its roots, and relative errors half of its own."""

    LIMITS = MomentLimits.of(
        Limits(
            strength=np.array([4e-18, 9e-18]), reliable=np.array([True, False]),
            lower=np.array([1e-18, 0.0]), error=np.array([4e-19, 1.8e-18]),
            bands=np.outer([0.0, 1.0, 4.0, 9.0, 16.0], [1e-18, 4e-18]),
            noisy=np.array([False, True]),
        ),
        np.array([True, False, True]),
        MOMENT,
    )  # fmt: skip

    def test_roots(self):
        np.testing.assert_allclose(self.LIMITS.mu, [2e-9, np.nan, 3e-9])
        np.testing.assert_allclose(self.LIMITS.lower, [1e-9, np.nan, 0.0])
        np.testing.assert_allclose(self.LIMITS.error, [1e-10, np.nan, 3e-10])
        np.testing.assert_allclose(
            self.LIMITS.bands[:, [0, 2]], np.outer(np.arange(5.0), [1e-9, 2e-9])
        )
        assert self.LIMITS.reliable.tolist() == [True, True, False]

    def test_tables_show_them(self):
        curve = LimitCurve(
            scenario="s", flavour="universal", confidence=0.9, dof=1,
            mass=np.array([0.01, 40.0, 5.0]), mu=self.LIMITS.mu, lower=self.LIMITS.lower,
            error=self.LIMITS.error,
        )  # fmt: skip
        columns = {c.header: list(c.cells) for c in limit_table(curve, thin=False).columns}
        assert columns["mu_nu4 [mu_B]"] == ["2.000e-09", "-", "3.000e-09"]
        assert columns["lower end"][0] == "1.000e-09"
        assert [text.strip() for text in columns["error"]] == ["5.0 %", "-", "10.0 %"]
        assert curve.caveats[0].endswith("up to 10.0 %")
        assert curve.to_dict()["lower_mu_bohr"] == [1e-9, None, 0.0]
        assert curve.to_dict()["statistical_error_mu_bohr"] == pytest.approx(
            [1e-10, None, 3e-10], nan_ok=True
        )


class TestProfiledNuisances:
    """Below two effective counts they cost more than two points, and the limit says so."""

    MODEL = BinnedModel(
        {"signal": np.exp(-np.arange(20) / 3.0) / np.exp(-np.arange(20) / 3.0).sum()},
        {"background": np.full(20, 0.025)},
        (Normalisation("flux", {"signal": 0.16}), Normalisation("b", {"background": 0.1})),
    )

    @pytest.mark.parametrize(
        ("test", "good"), [("poisson", False), ("unified", True), ("cls", True)]
    )
    def test_it_is_said(self, test, good):
        method = limit_method(test, 0.9, calibration="toys", trials=3000)
        found = method.expected(self.MODEL)
        assert found.reliable.tolist() == [good]
        assert not found.noisy.any()
        assert 'test = "cls"' in method.remedy

    def test_not_without_nuisances_or_with_more_counts(self):
        method = limit_method("poisson", 0.9, calibration="toys", trials=3000)
        known = BinnedModel(self.MODEL.signals, self.MODEL.backgrounds)
        more = BinnedModel(
            self.MODEL.signals, {"background": np.full(20, 1.5)}, self.MODEL.normalisations
        )
        assert method.expected(known).reliable.all()
        assert method.expected(more).reliable.all()

    @pytest.mark.thorough
    @pytest.mark.slow
    def test_profiled_on_each_data_set(self):
        """As `limit` does with observed counts, and not on the true strength's Asimov data."""
        covered = {}
        for test in ("poisson", "cls"):
            method = limit_method(test, 0.9, calibration="toys", trials=1500)
            strength = float(method.expected(self.MODEL).strength[0])
            data = pseudo_data(self.MODEL, strength, 500, np.random.default_rng(8))
            held = []
            for i in range(500):
                row = data.take(slice(i, i + 1))
                sampler = Sampler(self.MODEL, row, method.criterion, method.settings)
                try:
                    samples = sampler.with_signal(strength), sampler.without(strength)
                except PhysicsError:  # such data have no limit, and the command says so
                    continue
                q = sampler.observed(row, strength)
                held.append(method.criterion.sampled_level(q, *samples)[0][0] >= 0.1)
            assert len(held) > 490
            covered[test] = np.mean(held)
        assert 0.80 < covered["poisson"] < 0.89
        assert covered["cls"] > 0.90


def test_a_calibrated_setter_tests_one_strength_only():
    setter = limit_method("poisson", 0.9, calibration="toys", trials=500).setter(one_bin(3.0), 4.0)
    data = pseudo_data(one_bin(3.0), 4.0, 10, np.random.default_rng(1))
    assert setter.covers(data, 4.0).size == 10
    with pytest.raises(ValueError, match="prepared for strength 4"):
        setter.covers(data, 2.0)


@pytest.mark.thorough
def test_toys_of_a_calibrated_limit_hold_it():
    result = upscatter.toys("ge-nextgen", trials=400, test="poisson", calibration="toys")
    assert 0.85 < result.coverage.measured < 0.95
    assert np.median(result.limits) == pytest.approx(result.expected[2], rel=0.05)


class TestStoreOfACalibration:
    """Finished masses are used again for the same scenario, masses, options and data only."""

    SCENARIO = with_test({}, "poisson", calibration="toys", trials=200)

    @pytest.mark.parametrize(
        ("changes", "masses", "bands", "said"),
        [
            ({"detector.exposure": "151 kg yr"}, [0.01], False, "scenario_sha256"),
            ({"statistics.seed": 2}, [0.01], False, "scenario_sha256"),
            ({}, [0.02], False, "mass_MeV"),
            ({}, [0.01], True, "bands"),
        ],
    )
    def test_of_a_projection(self, tmp_path, changes, masses, bands, said):
        store = tmp_path / "s.jsonl"
        upper_limit(self.SCENARIO, [0.01], store=store)
        with pytest.raises(OutputError, match=f"was made with {said} = "):
            upper_limit(self.SCENARIO.replaced(changes), masses, bands=bands, store=store)

    def test_in_the_cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        first = upper_limit(self.SCENARIO, [0.01], store="cache")
        other = upper_limit(
            self.SCENARIO.replaced("detector.exposure", "15 kg yr"), [0.01], store="cache"
        )
        assert other.mu[0] > 1.2 * first.mu[0]
        assert upper_limit(self.SCENARIO, [0.01], store="cache").mu == first.mu
