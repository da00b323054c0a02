"""Pseudo-experiments of scenarios: coverage, bands, and the same result however it is reached."""

import json

import numpy as np
import pytest
from scipy.stats import norm

from scenario_files import detector, scenario
from upscatter.errors import OutputError, PhysicsError, ScenarioError
from upscatter.experiments.choose import experiment_of
from upscatter.limits.toys import Coverage
from upscatter.scenario.load import Scenario
from upscatter.statistics.pulls_setter import PullsSetter
from upscatter.statistics.toys import Chunk
from upscatter.studies import toys as trials
from upscatter.studies.limits import upper_limit
from upscatter.studies.toys import CHUNK, toys

BANDS = norm.cdf([-2.0, -1.0, 0.0, 1.0, 2.0])
FAST = {"test": "chi2-pulls"}

# Fluxes known exactly, and so many counts that those of the signal do not matter to the error.
PLENTIFUL = scenario(
    detector=detector(exposure='"1e6 kg yr"', region='["1 keVee", "2.16 keVee"]'),
    background='flat = "1 / (keVee kg day)"',
    flux='uncertainty = { "8B" = 0.0, hep = 0.0 }',
)


def binomial_error(probability, number):
    return np.sqrt(probability * (1.0 - probability) / number)


def identical(one, other):
    np.testing.assert_array_equal(one.limits, other.limits)
    np.testing.assert_array_equal(one.covered, other.covered)
    assert one.to_dict() == other.to_dict()


class TestCoverage:
    def test_poisson_is_what_it_says(self):
        result = toys("ge-nextgen", trials=4000, test="poisson")
        coverage = result.coverage
        assert (coverage.nominal, coverage.asymptotic, coverage.trials) == (0.90, 0.90, 4000)
        assert abs(coverage.measured - 0.90) < 3.0 * binomial_error(0.90, 4000)
        low, high = coverage.interval
        assert high - low == pytest.approx(2.0 * binomial_error(0.90, 4000), rel=0.05)

    def test_cls_is_more(self):
        coverage = toys("ge-nextgen", trials=4000, test="cls").coverage
        assert 0.90 + 3.0 * binomial_error(0.90, 4000) < coverage.measured < 0.96

    def test_delta_chi2_of_90_per_cent_is_one_sided_95(self):
        """Where Δ_i² is the variance of the counts and the signal is known."""
        result = toys(Scenario.parse(PLENTIFUL, "plentiful.toml"), 0.01, 20_000, **FAST)
        assert result.coverage.nominal == 0.90
        assert result.coverage.asymptotic == pytest.approx(0.95, abs=1e-9)
        assert abs(result.coverage.measured - 0.95) < 3.0 * binomial_error(0.95, 20_000)
        assert any("one-sided at 95 %" in remark for remark in result.remarks)

    def test_why_the_papers_limit_covers_less(self):
        """Take away one after the other what the asymptotics leave out: 95 % come back."""
        ensemble = self.ensemble("ge-future")
        measured = []
        for known_signal, whole_variance in ((False, False), (True, False), (True, True)):
            setter = self.setter(ensemble, known_signal, whole_variance)
            chunk = Chunk(setter, ensemble.mu_true**2, 20_000, 1, 0)
            measured.append(chunk.compute()["covered"].mean())
        assert measured == sorted(measured)
        # 89 %: fluxes scale the signal; 93 %: Δ_i² has the background alone; 95 %
        assert abs(measured[0] - 0.892) < 0.01
        assert abs(measured[1] - 0.930) < 0.01
        assert abs(measured[2] - 0.950) < 0.005

    @staticmethod
    def ensemble(name):
        return trials.Ensemble.prepare(experiment_of(name), 0.01, 1, None)

    @staticmethod
    def setter(ensemble, known_signal, whole_variance):
        setter, model = ensemble.setter, ensemble.setter.model
        if known_signal:
            model = type(model)(
                model.signal,
                model.backgrounds,
                tuple(
                    type(n)(n.name, {k: v for k, v in n.relative.items() if k.startswith("SM")})
                    for n in model.normalisations
                ),
            )
        variance = setter.variance
        if whole_variance:
            truth = np.array([ensemble.mu_true**2, *np.zeros(len(model.names))])
            variance = model.expected(truth)
        return PullsSetter(model, variance, setter.threshold)

    def test_another_moment(self):
        """A tenth of the expected limit is never excluded by CLs; ten times are always."""
        small = toys("ge-nextgen", trials=500, test="cls", mu=1e-10)
        assert small.mu_true == 1e-10
        assert small.coverage.measured == 1.0
        assert small.excluding == 0.0
        large = toys("ge-nextgen", trials=500, test="cls", mu=1e-8)
        assert large.excluding == 1.0
        assert 0.8 < large.coverage.measured < 1.0

    def test_default_moment_is_the_expected_limit(self):
        result = toys("ge-nextgen", trials=1, **FAST)
        assert result.mu_true == pytest.approx(upper_limit("ge-nextgen", [0.01]).mu[0], rel=1e-5)
        again = toys("ge-nextgen", trials=1, mu=float(f"{result.mu_true:.6g}"), **FAST)
        identical(result, again)


class TestBands:
    @pytest.mark.parametrize("test", ["chi2-pulls", "poisson", "cls"])
    def test_hold_the_limits(self, test):
        result = toys("ge-nextgen", 2.0, 4000, 3, test=test)
        self.compare(result, [test != "poisson", True, True, True, True])
        if test == "poisson":
            assert result.expected[0] == result.quantiles[0] == 0.0

    def test_of_pulls_hold_the_limits(self):
        result = toys(Scenario.parse(PLENTIFUL, "plentiful.toml"), 0.01, 20_000, **FAST)
        self.compare(result, [True] * 5)

    @staticmethod
    def compare(result, which):
        below = (result.limits[:, None] < result.expected).mean(axis=0)
        error = binomial_error(BANDS, result.trials)
        # 1 % more for terms of the order of 1/√counts, which the asymptotics leave out
        assert (np.abs(below - BANDS) < 4.0 * error + 0.01)[which].all()
        for k in np.flatnonzero(which):
            assert result.quantiles[k] == pytest.approx(result.expected[k], rel=0.07)
        assert result.mean == pytest.approx(result.limits.mean())


class TestSameResult:
    def test_with_any_number_of_processes(self):
        identical(
            toys("ge-nextgen", trials=2500, **FAST), toys("ge-nextgen", trials=2500, jobs=2, **FAST)
        )

    def test_with_another_seed_is_another(self):
        one, other = (toys("ge-nextgen", trials=50, seed=seed, **FAST) for seed in (1, 2))
        assert not np.isin(one.limits, other.limits).any()

    def test_more_trials_begin_with_the_fewer(self, tmp_path):
        path = tmp_path / "t.jsonl"
        few = toys("ge-nextgen", trials=1500, store=path, **FAST)
        many = toys("ge-nextgen", trials=2700, store=path, **FAST)
        assert (few.trials, many.trials) == (1500, 2700)
        np.testing.assert_array_equal(many.limits[:1500], few.limits)
        np.testing.assert_array_equal(many.covered[:1500], few.covered)
        identical(toys("ge-nextgen", trials=2700, **FAST), many)
        identical(toys("ge-nextgen", trials=1500, store=path, **FAST), few)

    @staticmethod
    def interrupted(path, after, number):
        def stop(done, total):
            assert total == number
            if done >= after:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as caught:
            toys("ge-nextgen", trials=number, store=path, progress=stop, **FAST)
        return str(caught.value)

    def test_after_an_interruption(self, tmp_path):
        path = tmp_path / "t.jsonl"
        message = self.interrupted(path, 2000, 4000)
        assert message == (
            f"interrupted; 2000 of 4000 trials are kept in {path}, and the same command goes on "
            "from there"
        )
        assert path.read_bytes().count(b"\n") == 3
        seen = []
        result = toys(
            "ge-nextgen", trials=4000, store=path, progress=lambda *at: seen.append(at), **FAST
        )
        assert seen == [(2000, 4000), (3000, 4000), (4000, 4000)]
        identical(toys("ge-nextgen", trials=4000, **FAST), result)
        assert "without a store" in self.interrupted(None, 1000, 2000)

    @pytest.mark.parametrize("cut", [1, 700, 20_000])
    def test_after_a_kill(self, tmp_path, cut):
        path = tmp_path / "t.jsonl"
        result = toys("ge-nextgen", trials=3000, store=path, **FAST)
        path.write_bytes(path.read_bytes()[:-cut])
        assert not path.read_bytes().endswith(b"\n")
        identical(toys("ge-nextgen", trials=3000, store=path, **FAST), result)
        identical(toys("ge-nextgen", trials=3000, store=path, jobs=2, **FAST), result)

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"seed": 2}, "seed"),
            ({"mass": 1.0}, "mass_MeV"),
            ({"mu": 1e-9}, "mu_true_bohr"),
            ({"flavour": "e"}, "coupling"),
            ({"test": "cls"}, "test"),
            ({"scenario": "ge-future"}, "scenario_sha256"),
        ],
    )
    def test_a_store_is_of_one_computation(self, tmp_path, change, name):
        path = tmp_path / "t.jsonl"
        choices = {"scenario": "ge-nextgen", "trials": 10, "store": path, **FAST}
        toys(**choices)
        with pytest.raises(OutputError, match=f"was made with {name} = .*; choose another file"):
            toys(**{**choices, **change})

    def test_the_cache_keeps_each(self, tmp_path, monkeypatch):
        monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / name)
        results = [toys("ge-nextgen", trials=5, seed=s, store="cache", **FAST) for s in (1, 2, 1)]
        identical(results[0], results[2])
        assert len(list((tmp_path / "upscatter" / "toys").iterdir())) == 2


class TestFailures:
    @pytest.fixture
    def failing(self, monkeypatch):
        def failing(number):
            def compute(chunk):
                limits, covered = np.full(CHUNK, 1e-18), np.ones(CHUNK)
                limits[:number] = covered[-number:] = np.nan
                return {"limit": limits, "covered": covered}

            monkeypatch.setattr(Chunk, "compute", compute)

        return failing

    def test_few_are_counted_and_left_out(self, failing, tmp_path):
        failing(1)
        path = tmp_path / "t.jsonl"
        for _ in range(2):  # computed, and read
            result = toys("ge-nextgen", trials=CHUNK, store=path, **FAST)
            assert result.failed == result.to_dict()["failed"] == 2
            assert result.coverage.trials == CHUNK - 1
            assert result.coverage.measured == 1.0
            assert result.mean == pytest.approx(1e-9)
            assert result.rows[0] == (1, None, 1)
            assert result.rows[-1] == (CHUNK, pytest.approx(1e-9), None)
            assert any("2 of 2000 fits failed" in remark for remark in result.remarks)
            json.dumps(result.to_dict(), allow_nan=False)

    def test_many_are_an_error(self, failing):
        failing(21)
        with pytest.raises(PhysicsError, match=r"ge-nextgen: 42 of 2000 fits failed, more than 2 "):
            toys("ge-nextgen", trials=CHUNK, **FAST)


class TestRefuses:
    @pytest.mark.parametrize(
        ("choices", "words"),
        [
            ({"trials": 0}, "trials: 0 is not between 1 and 10000000"),
            ({"trials": 10_000_001}, "trials: 10000001 is not between"),
            ({"seed": -1}, "seed: -1 is not 0 or more"),
            ({"jobs": 0}, "jobs: 0 is not 1 or more"),
            ({"jobs": 1.5}, "jobs: 1.5 is no whole number; correct it"),
            ({"trials": "100"}, "trials: '100' is no whole number; correct it"),
            ({"seed": None}, "seed: None is no whole number; correct it"),
            ({"mass": 25.0}, r"mass 25 MeV: .* \(ge-nextgen reaches up to 18.78 MeV\)"),
            ({"mass": -1.0}, "mass: -1 is not a finite number of zero or more"),
            ({"mass": np.nan}, "mass: nan is not a finite number"),
            ({"mu": 0.0}, "mu: 0 is not above 0"),
            ({"mu": np.nan}, "mu: nan is not above 0"),
            ({"mu": 2.0}, "mu: 2 is not above 0 and up to 1, in Bohr magnetons"),
            ({"mu": 1e-3}, r"mu = 0.001 at 0.01 MeV: bin 1 would expect 1\.\d+e\+13 counts"),
        ],
    )
    def test_numbers_that_mean_nothing(self, choices, words):
        with pytest.raises(PhysicsError, match=words) as caught:
            toys("ge-nextgen", **{"trials": 1, **choices})
        assert "\n" not in str(caught.value)

    def test_scenarios_that_cannot(self):
        with pytest.raises(ScenarioError, match=r'coupling\.flavour = "muon": is unknown'):
            toys("ge-nextgen", flavour="muon")
        with pytest.raises(ScenarioError, match="xenonnt-s2only: recasts published data"):
            toys("xenonnt-s2only")
        two = Scenario.load("ge-nextgen").replaced("statistics.dof", 2)
        with pytest.raises(ScenarioError, match=r'has dof, which test = "poisson" does not use'):
            two.replaced("statistics.test", "poisson")
        # an option for another test leaves out what that has no use for
        assert toys(two, trials=1, test="poisson").test == "poisson"
        assert toys(two, trials=1).coverage.asymptotic == pytest.approx(norm.cdf(np.sqrt(4.6052)))

    def test_a_signal_in_a_bin_without_variance(self):
        gaussian = '[statistics]\ntest = "chi2-pulls"\nvariance = "background"'
        empty = scenario(background="", extra=gaussian)
        with pytest.raises(ScenarioError, match="bin 1 expects no counts but can have signal"):
            toys(Scenario.parse(empty, "my.toml"), trials=1)


class TestResult:
    @pytest.fixture
    def result(self):
        return toys("ge-nextgen", 5.0, 300, 4, flavour="mu", test="cls")

    def test_json(self, result):
        content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert list(content) == [
            "scenario", "flavour", "test", "confidence", "dof", "mass_MeV", "seed", "trials",
            "failed", "mu_true_bohr", "coverage", "excluding_without_signal", "limit_mu_bohr",
            "expected_mu_bohr", "remarks", "provenance",
        ]  # fmt: skip
        assert (content["flavour"], content["test"]) == ("mu", "cls")
        assert (content["mass_MeV"], content["seed"], content["trials"]) == (5.0, 4, 300)
        names = ["minus2", "minus1", "median", "plus1", "plus2"]
        assert list(content["expected_mu_bohr"]) == names
        assert list(content["limit_mu_bohr"]) == ["mean", *names]
        assert content["limit_mu_bohr"]["median"] == np.median(result.limits)
        coverage = content["coverage"]
        assert coverage["measured"] == coverage["covered"] / coverage["trials"]
        assert coverage["low"] < coverage["measured"] < coverage["high"]
        excluding = (result.limits < result.mu_true).mean()
        assert content["excluding_without_signal"] == excluding
        assert 0.4 < excluding < 0.6

    def test_table(self, result):
        assert result.header == ("trial", "limit_mu_bohr", "covered")
        assert [row[0] for row in result.rows] == list(range(1, 301))
        assert [row[1] for row in result.rows] == result.limits.tolist()
        assert sum(row[2] for row in result.rows) == result.coverage.covered
        text = "\n".join(result.comments)
        for words in ("ge-nextgen", "m4 = 5 MeV", "seed 4", "flavour: mu", "nominal: 0.9"):
            assert words in text

    def test_coverage_of_a_number(self):
        coverage = Coverage(0.90, 0.95, 9, 10)
        assert coverage.measured == 0.9
        assert coverage.interval[0] < 0.9 < coverage.interval[1]
