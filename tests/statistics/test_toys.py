"""Pseudo-experiments and their limits against closed forms, brute force and binomial errors."""

import pickle

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.stats import binom, norm

from upscatter.errors import PhysicsError
from upscatter.statistics import setters
from upscatter.statistics.criteria import CLS, CLSB
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.methods import PoissonMethod
from upscatter.statistics.observation import Observation
from upscatter.statistics.pulls import chi2_threshold
from upscatter.statistics.pulls_method import PullsMethod
from upscatter.statistics.pulls_setter import PullsSetter
from upscatter.statistics.setters import AsymptoticSetter
from upscatter.statistics.toys import Chunk, binomial_interval, pseudo_data

SIGNAL = np.array([4.0, 2.0, 1.0])
SOLAR = np.array([30.0, 12.0, 6.0])
FLAT = np.array([50.0, 40.0, 45.0])
VARIANCE = np.array([60.0, 45.0, 48.0])
THRESHOLD = chi2_threshold(0.90)


def shared_flux():
    """A flux that signal and a background share, and a background with its own uncertainty."""
    return BinnedModel(
        {"dipole": SIGNAL},
        {"solar": SOLAR, "flat": FLAT},
        (
            Normalisation("flux", {"dipole": 0.16, "solar": 0.16}),
            Normalisation("flat", {"flat": 0.05}),
        ),
    )


def gaussian():
    """Large counts, a signal small against them, and a background known worse than its error."""
    background = np.array([4e6, 3e6, 2e6, 2e6])
    return BinnedModel(
        np.array([4.0, 2.0, 1.0, 0.0]), {"b": background}, (Normalisation("n", {"b": 1e-3}),)
    )


def binomial_error(probability, trials):
    return np.sqrt(probability * (1.0 - probability) / trials)


class TestPseudoData:
    def test_counts_are_poisson_and_centres_normal(self):
        data = pseudo_data(shared_flux(), 3.0, 20_000, np.random.default_rng(5))
        expected = 3.0 * SIGNAL + SOLAR + FLAT
        assert data.counts.shape == (20_000, 3)
        assert data.auxdata.shape == (20_000, 2)
        errors = np.sqrt(expected / 20_000)
        assert (np.abs(data.counts.mean(axis=0) - expected) < 4.0 * errors).all()
        assert data.counts.var(axis=0) == pytest.approx(expected, rel=0.05)
        assert (data.counts == np.round(data.counts)).all()
        assert np.abs(data.auxdata.mean(axis=0)).max() < 4.0 / np.sqrt(20_000)
        assert data.auxdata.var(axis=0) == pytest.approx(1.0, rel=0.05)
        # the truth does not follow the auxdata: that would be another ensemble
        assert abs(np.corrcoef(data.counts[:, 0], data.auxdata[:, 0])[0, 1]) < 0.03

    def test_nothing_uncertain(self):
        data = pseudo_data(BinnedModel(SIGNAL, {}), 1.0, 10, np.random.default_rng(1))
        assert data.auxdata.shape == (10, 0)

    @pytest.mark.parametrize("strength", [1e15, np.inf, np.nan])
    def test_counts_that_nobody_sees(self, strength):
        with pytest.raises(PhysicsError, match="bin 1 would expect"):
            pseudo_data(shared_flux(), strength, 1, np.random.default_rng(1))


class TestPulls:
    @staticmethod
    def chi2(strength, pulls, counts, auxdata):
        """The χ² with the fluxes that the auxiliary measurements give, written out."""
        flux, flat = 1.0 + 0.16 * auxdata[0], 1.0 + 0.05 * auxdata[1]
        residual = (
            counts
            - strength * flux * SIGNAL
            - flux * SOLAR
            - flat * FLAT
            - pulls[0] * 0.16 * SOLAR
            - pulls[1] * 0.05 * FLAT
        )
        return (residual**2 / VARIANCE).sum() + (np.asarray(pulls) ** 2).sum()

    @pytest.mark.parametrize("auxdata", [(0.0, 0.0), (1.3, -0.7), (-2.1, 0.4)])
    @pytest.mark.parametrize(
        "counts", [(84.0, 50.0, 55.0), (110.0, 61.0, 47.0), (60.0, 45.0, 40.0)]
    )
    def test_limit_by_brute_force(self, counts, auxdata):
        n = np.array(counts)
        setter = PullsSetter(shared_flux(), VARIANCE, THRESHOLD)
        options = {"xtol": 1e-10, "ftol": 1e-14, "maxiter": 10_000}

        def at(strength):
            return minimize(
                lambda z: self.chi2(strength, z, n, auxdata), [0.0, 0.0], method="Powell",
                options=options,
            ).fun  # fmt: skip

        # the parabola's minimum under strength ≥ 0, without its closed form
        best = minimize(
            lambda x: self.chi2(x[0], x[1:], n, auxdata), [1.0, 0.0, 0.0], method="L-BFGS-B",
            bounds=[(0.0, None), (None, None), (None, None)], options={"ftol": 1e-15},
        )  # fmt: skip
        limit = brentq(lambda s: at(s) - best.fun - THRESHOLD, best.x[0], best.x[0] + 50.0)
        found = setter.limits(setter.model.observe([n], [auxdata]))
        assert found[0] == pytest.approx(limit, rel=1e-4)

    def test_covers_what_is_below_the_limit(self):
        setter = PullsSetter(shared_flux(), VARIANCE, THRESHOLD)
        data = pseudo_data(setter.model, 4.0, 500, np.random.default_rng(3))
        assert setter.covers(data, 4.0).tolist() == (setter.limits(data) >= 4.0).tolist()

    def test_bins_without_variance_are_not_used(self):
        model = BinnedModel(np.array([2.0, 0.0]), {"b": np.array([30.0, 5.0])})
        one = BinnedModel(np.array([2.0]), {"b": np.array([30.0])})
        with_empty = PullsSetter(model, np.array([30.0, 0.0]), THRESHOLD)
        alone = PullsSetter(one, np.array([30.0]), THRESHOLD)
        limits = with_empty.limits(model.observe([[35.0, 9.0]]))
        assert limits == pytest.approx(alone.limits(one.observe([[35.0]])))

    def test_covers_as_the_normal_distribution_says(self):
        """Δχ² = 2.71 for an upper limit alone: Φ(√2.7055) = 0.95, and more below the limit."""
        model = gaussian()
        setter = PullsSetter(model, model.expected(np.zeros(2)), THRESHOLD)
        assert PullsMethod().asymptotic_coverage == pytest.approx(0.95, abs=1e-9)
        expected = float(setter.limits(model.observe([model.expected(np.zeros(2))]))[0])
        measured = {}
        for fraction in (0.5, 1.0, 2.0):
            data = pseudo_data(model, fraction * expected, 20_000, np.random.default_rng(11))
            measured[fraction] = setter.covers(data, fraction * expected).mean()
        error = binomial_error(0.95, 20_000)
        assert abs(measured[1.0] - 0.95) < 3.0 * error
        assert abs(measured[2.0] - 0.95) < 3.0 * error
        # with the best strength below 0 the bound counts: s̑ ≥ (s² − w²)/2s, w the expected limit
        below = norm.cdf(np.sqrt(THRESHOLD) * (0.5 - (0.5**2 - 1.0) / (2.0 * 0.5)))
        assert abs(measured[0.5] - below) < 3.0 * binomial_error(below, 20_000)


class TestLikelihood:
    @pytest.mark.parametrize("fraction", [0.5, 1.0, 2.0])
    def test_covers_as_the_confidence_says(self, fraction):
        model = gaussian()
        setter = AsymptoticSetter(model, 0.90, CLSB)
        assert PoissonMethod(confidence=0.90).asymptotic_coverage == 0.90
        strength = fraction * 969.0  # the expected limit
        data = pseudo_data(model, strength, 4000, np.random.default_rng(13))
        measured = setter.covers(data, strength).mean()
        assert abs(measured - 0.90) < 3.0 * binomial_error(0.90, 4000)

    def test_cls_covers_more(self):
        """At its expected limit a best strength of 0 is the edge: 1 − α/2 for Gaussian counts."""
        model = gaussian()
        setter = AsymptoticSetter(model, 0.90, CLS)
        limit = float(setter.limits(model.observe([model.expected(np.zeros(2))]))[0])
        for fraction, coverage in ((0.3, 0.98), (1.0, 0.95), (4.0, 0.90)):
            data = pseudo_data(model, fraction * limit, 4000, np.random.default_rng(17))
            measured = setter.covers(data, fraction * limit).mean()
            assert measured > coverage - 3.0 * binomial_error(coverage, 4000)
            if fraction >= 1.0:
                assert measured < coverage + 3.0 * binomial_error(coverage, 4000)

    @pytest.mark.parametrize("criterion", [CLS, CLSB])
    def test_covers_what_is_below_the_limit(self, criterion):
        setter = AsymptoticSetter(shared_flux(), 0.90, criterion)
        data = pseudo_data(setter.model, 4.0, 400, np.random.default_rng(7))
        assert setter.covers(data, 4.0).tolist() == (setter.limits(data) >= 4.0).tolist()

    def test_groups_make_no_difference(self, monkeypatch):
        setter = AsymptoticSetter(shared_flux(), 0.90, CLS)
        data = pseudo_data(setter.model, 4.0, 50, np.random.default_rng(7))
        together = setter.limits(data), setter.covers(data, 4.0)
        monkeypatch.setattr(setters, "COUNTS_AT_ONCE", 20)  # six data sets
        np.testing.assert_allclose(setter.limits(data), together[0], rtol=1e-9)
        assert setter.covers(data, 4.0).tolist() == together[1].tolist()

    def test_what_has_no_limit_is_not_a_number(self):
        """A pull of −1/0.8 hides any signal; counts where nothing is expected fit nothing."""
        hidden = BinnedModel(
            np.array([5.0, 0.0]),
            {"b": np.array([50.0, 0.0])},
            (Normalisation("n", {"signal": 0.8}),),
        )
        setter = AsymptoticSetter(hidden, 0.90, CLS)
        assert np.isnan(setter.limits(hidden.observe([[50.0, 0.0]]))).all()
        assert setter.covers(hidden.observe([[50.0, 0.0]]), 1e3).tolist() == [1.0]
        counts = np.array([[50.0, 1.0], [50.0, 0.0]])
        impossible = Observation(counts, np.zeros((2, 1)), np.zeros(2, dtype=np.intp))
        assert np.isnan(setter.covers(impossible, 1.0)).tolist() == [True, False]


class TestChunks:
    @staticmethod
    def chunk(seed=1, number=0):
        return Chunk(PullsSetter(shared_flux(), VARIANCE, THRESHOLD), 4.0, 200, seed, number)

    def test_follow_from_seed_and_number(self):
        limits, covered = self.chunk().compute().values()
        again = pickle.loads(pickle.dumps(self.chunk())).compute()
        assert limits.tolist() == again["limit"].tolist()
        assert covered.tolist() == again["covered"].tolist()
        assert limits.shape == covered.shape == (200,)
        for other in (self.chunk(seed=2), self.chunk(number=1)):
            assert not np.isin(other.compute()["limit"], limits).any()

    def test_a_chunk_is_no_other_of_another_seed(self):
        """A number appended to the seed would make (1, 0) with 2³² chunks that of another seed."""
        seen = {
            float(self.chunk(seed, number).compute()["limit"][0])
            for seed in (0, 1, 2**32, 2**32 + 1, 2**64)
            for number in (0, 1)
        }
        assert len(seen) == 10

    def test_both_ensembles_are_independent(self):
        chunk = self.chunk()
        free, signal = chunk._data(0, 4.0), chunk._data(1, 4.0)
        assert not np.array_equal(free.counts, signal.counts)
        assert abs(np.corrcoef(free.auxdata[:, 0], signal.auxdata[:, 0])[0, 1]) < 0.3


class TestBinomialInterval:
    @pytest.mark.parametrize(("k", "n"), [(1, 10), (90, 100), (9046, 10_000), (3, 4)])
    def test_tails(self, k, n):
        """Clopper and Pearson's definition: each end leaves a tail of (1 − 0.683)/2."""
        low, high = binomial_interval(k, n)
        tail = norm.sf(1.0)
        assert binom.sf(k - 1, n, low) == pytest.approx(tail, rel=1e-6)
        assert binom.cdf(k, n, high) == pytest.approx(tail, rel=1e-6)
        assert low < k / n < high

    def test_all_and_none(self):
        tail = norm.sf(1.0)
        assert binomial_interval(10, 10) == pytest.approx((tail**0.1, 1.0))
        assert binomial_interval(0, 10) == pytest.approx((0.0, 1.0 - tail**0.1))

    def test_large_samples_have_the_normal_error(self):
        low, high = binomial_interval(900_000, 1_000_000)
        assert high - low == pytest.approx(2.0 * 3e-4, rel=0.01)
