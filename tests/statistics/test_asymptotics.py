"""Asymptotic limits against closed forms, toys, brute force and pyhf."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from histfactory_models import (
    CATHODE,
    COUNTING,
    HIGH,
    LOW,
    OBSERVED,
    SIGNAL,
    SOLAR,
    counting_t,
    model_with_everything,
)
from upscatter.errors import PhysicsError
from upscatter.statistics.asymptotics import (
    asimov,
    discovery,
    strength_statistic,
)
from upscatter.statistics.criteria import CLS, CLSB, OneSided
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.observation import Observation
from upscatter.statistics.pulls import chi2_threshold, signal_limit
from upscatter.statistics.upper_limits import upper_limit

UNBOUNDED = OneSided(divided=False, bounded=False)
UNBOUNDED_CLS = OneSided(divided=True, bounded=False)


@pytest.mark.parametrize("n", [0.0, 4.0, 9.0, 15.0])
@pytest.mark.parametrize("mu", [1.0, 8.0])
def test_statistics_of_a_counting_experiment(n, mu):
    data = COUNTING.observe([n])
    tilde = counting_t(n, mu, max(n - 9.0, 0.0)) if n - 9.0 <= mu else 0.0
    assert strength_statistic(COUNTING, data, mu) == pytest.approx(tilde, rel=1e-8, abs=1e-9)
    if n:
        free = counting_t(n, mu, n - 9.0) if n - 9.0 <= mu else 0.0
        found = strength_statistic(COUNTING, data, mu, UNBOUNDED)
        assert found == pytest.approx(free, rel=1e-8, abs=1e-9)


def counting_cls(n, mu):
    """CL_s of q̃ by CCGV's formulas, with Gaussian tails written out."""
    q = counting_t(n, mu, max(n - 9.0, 0.0)) if n - 9.0 <= mu else 0.0
    q_asimov = counting_t(9.0, mu, 0.0)
    if q <= q_asimov:
        return norm.sf(np.sqrt(q)) / norm.sf(np.sqrt(q) - np.sqrt(q_asimov))
    width = 2.0 * np.sqrt(q_asimov)
    return norm.sf((q + q_asimov) / width) / norm.sf((q - q_asimov) / width)


@pytest.mark.parametrize("n", [0.0, 3.0, 9.0, 17.0, 40.0])
def test_limit_of_a_counting_experiment(n):
    expected = brentq(lambda mu: counting_cls(n, mu) - 0.1, max(n - 9.0, 0.0) + 1e-3, 100.0)
    limit = upper_limit(COUNTING, COUNTING.observe([n]), 0.90).require("counting")
    assert limit == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("s", "b"), [(5.0, 1.0), (10.0, 20.0), (30.0, 100.0)])
def test_median_discovery_significance(s, b):
    """CCGV eq. 97: Z = √(2 [(s + b) ln(1 + s/b) − s])."""
    model = BinnedModel(np.array([s]), {"b": np.array([b])})
    expected = np.sqrt(2.0 * ((s + b) * np.log(1.0 + s / b) - s))
    found = discovery(model, model.observe([s + b]))
    assert found.significance == pytest.approx(expected, rel=1e-9)
    assert found.q0 == pytest.approx(expected**2, rel=1e-9)
    assert found.p_value == pytest.approx(norm.sf(expected), rel=1e-7)


def test_no_discovery_below_the_background():
    found = discovery(COUNTING, COUNTING.observe([[9.0], [5.0], [0.0]]))
    np.testing.assert_allclose(found.q0, 0.0, atol=1e-9)
    np.testing.assert_allclose(found.p_value, 0.5, atol=1e-4)


@pytest.mark.parametrize("criterion", [CLS, CLSB, UNBOUNDED, UNBOUNDED_CLS])
def test_the_limit_fed_back_gives_its_threshold(criterion):
    model = model_with_everything()
    data = model.observe(OBSERVED)
    limit = float(upper_limit(model, data, 0.90, criterion).require("limit"))
    q = strength_statistic(model, data, limit, criterion)
    q_asimov = strength_statistic(model, asimov(model, data), limit, criterion)
    assert np.exp(criterion.log_level(q, q_asimov)) == pytest.approx(0.10, rel=1e-6)


def test_large_counts_give_the_chi2_limit():
    """A one-sided 95 % limit on Asimov data is Δχ² = 2.71: `statistics.pulls` in closed form."""
    background, signal = np.array([3e9, 2e9, 1e9]), np.array([1.0, 2.0, 3.0])
    model = BinnedModel(signal, {"b": background}, (Normalisation("n", {"b": 3e-5}),))
    limit = upper_limit(model, model.observe(background), 0.95, CLSB).require("Gaussian")
    gaussian = signal_limit(signal, background, 3e-5 * background[None], chi2_threshold(0.90))
    assert limit == pytest.approx(float(gaussian), rel=2e-4)


def test_large_counts_give_the_gaussian_bands():
    """CCGV section 4.3: σ [Φ⁻¹(1 − α Φ(N)) + N], and for CL_s+b σ [Φ⁻¹(1 − α) + N]."""
    model = BinnedModel(np.array([1.0]), {"b": np.array([1e10])})
    data = model.observe([1e10])
    number = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    bands = expected_limit(model, data, 0.95)
    expected = 1e5 * (norm.ppf(1.0 - 0.05 * norm.cdf(number)) + number)
    np.testing.assert_allclose(bands, expected, rtol=1e-4)
    plain = expected_limit(model, data, 0.95, CLSB)
    np.testing.assert_allclose(plain, np.maximum(1e5 * (norm.ppf(0.95) + number), 0.0), rtol=1e-4)
    assert plain[0] == 0.0  # Φ⁻¹(0.95) < 2: the well-known empty interval
    # 1.05, 1.41, 1.96, 2.73, 3.66 σ: the familiar CL_s bands at 95 %
    np.testing.assert_allclose(bands / 1e5, [1.05, 1.41, 1.96, 2.73, 3.66], atol=0.01)


def test_q_and_q_tilde_agree_on_their_p_values():
    """CCGV find the two limits equal in the asymptotic regime (section 3.7)."""
    background = np.array([1e8, 2e8])
    model = BinnedModel(np.array([1e4, 1e4]), {"b": background})
    for shift in (-2.0, 0.5):
        data = model.observe(background + shift * 1e4)
        tilde = upper_limit(model, data, 0.95).require("q-tilde")
        plain = upper_limit(model, data, 0.95, UNBOUNDED_CLS).require("q")
        assert tilde == pytest.approx(float(plain), rel=1e-3)


def test_the_median_of_asimov_data_is_its_own_limit():
    model = model_with_everything()
    data = model.observe(model.expected(np.zeros(3)))
    limit = upper_limit(model, data, 0.90).require("Asimov")
    assert expected_limit(model, data, 0.90)[2] == pytest.approx(float(limit), rel=1e-7)


def test_bands_hold_the_limits_of_toys():
    """Quantiles of 4000 limits; a quantile at p has error √(p(1 − p)/N) in probability."""
    model = model_with_everything()
    model = BinnedModel(
        10.0 * model.signal, {k: 20.0 * v for k, v in model.backgrounds.items()},
        model.normalisations,
    )  # fmt: skip
    rng = np.random.default_rng(20250911)
    nominal = model.expected(np.zeros(2))
    data = model.observe(rng.poisson(nominal, (4000, 3)), rng.normal(size=(4000, 1)))
    limits = upper_limit(model, data, 0.90).require("toys")
    bands = expected_limit(model, model.observe(nominal), 0.90)
    below = (limits[:, None] < bands).mean(axis=0)
    probability = norm.cdf([-2.0, -1.0, 0.0, 1.0, 2.0])
    error = np.sqrt(probability * (1.0 - probability) / 4000)
    # 1 % beyond the statistical error: terms of order 1/√counts, which asymptotics leave out
    assert (np.abs(below - probability) < 4.0 * error + 0.01).all()


def test_a_batch_of_limits_is_its_data_sets_one_by_one():
    model = model_with_everything()
    counts = np.array([OBSERVED, [40.0, 30.0, 10.0], [70.0, 60.0, 40.0]])
    batch = upper_limit(model, model.observe(counts)).require("batch")
    alone = [float(upper_limit(model, model.observe(n)).require("one")) for n in counts]
    np.testing.assert_allclose(batch, alone, rtol=1e-7)


def test_no_signal_is_left_by_a_deep_deficit():
    """CL_s+b excludes every strength, CL_s none too small to be seen."""
    model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    data = model.observe([70.0])
    assert float(upper_limit(model, data, 0.90, CLSB).require("deficit")) == 0.0
    assert float(upper_limit(model, data, 0.90).require("deficit")) > 5.0


def unchecked(counts):
    """Data of a model without nuisance parameters, though nothing may predict them."""
    n = np.array(counts)
    return Observation(n, np.zeros((*n.shape[:-1], 0)), np.zeros(n.shape[:-1], dtype=np.intp))


def test_failures_are_flagged_and_raise():
    model = BinnedModel(np.array([1.0, 0.0]), {"b": np.array([5.0, 0.0])})
    data = unchecked([[5.0, 0.0], [5.0, 1.0]])
    limits = upper_limit(model, data)
    assert limits.converged.tolist() == [True, False]
    assert np.isnan(limits.strength[1])
    with pytest.raises(PhysicsError, match="1 of 2 limits did not converge"):
        limits.require("toys")
    impossible = unchecked([5.0, 1.0])
    for call in (discovery, asimov, expected_limit):
        with pytest.raises(PhysicsError, match="did not converge"):
            call(model, impossible)
    with pytest.raises(PhysicsError, match="did not converge"):
        strength_statistic(model, impossible, 1.0)


def test_a_signal_that_pulls_can_hide_has_no_limit():
    """With σ = 0.8 the pull −1.25 hides any signal: q < 1.25² = 1.5625, CL_s > 0.1."""
    background = {"b": np.array([50.0])}
    hidden = BinnedModel(np.array([5.0]), background, (Normalisation("n", {"signal": 0.8}),))
    data = hidden.observe([50.0])
    assert 1.4 < strength_statistic(hidden, data, 1e4) < 1.5625
    assert not upper_limit(hidden, data, 0.90).converged
    with pytest.raises(PhysicsError, match="lets pulls hide any signal"):
        expected_limit(hidden, data, 0.90)
    # at strengths so great that the curvature of two pulls has no unit matrix left in its digits
    both = BinnedModel(
        {"8B": np.array([1.5e23]), "hep": np.array([5.7e20])},
        {"SM 8B": np.array([4700.0]), "SM hep": np.array([17.0]), "b": np.array([1860.0])},
        (
            Normalisation("8B", {"8B": 0.33, "SM 8B": 0.33}),
            Normalisation("hep", {"hep": 0.01, "SM hep": 0.01}),
        ),
    )
    with pytest.raises(PhysicsError, match="lets pulls hide any signal"):
        expected_limit(both, both.observe([6577.0]), 0.90)
    seen = BinnedModel(np.array([5.0]), background, (Normalisation("n", {"signal": 0.2}),))
    assert upper_limit(seen, data, 0.90).converged


def test_no_counts_leave_q_without_a_best_fit():
    """Without counts −2 ln L falls until ν = 0: q̃ has a best fit at 0, q has none."""
    empty = COUNTING.observe([0.0])
    assert upper_limit(COUNTING, empty).converged
    assert not upper_limit(COUNTING, empty, 0.90, UNBOUNDED_CLS).converged
    with pytest.raises(PhysicsError, match="best fit of a test statistic: 1 of 1 fits did not"):
        strength_statistic(COUNTING, empty, 1.0, UNBOUNDED)


@pytest.mark.parametrize("confidence", [0.0, 0.4, 1.0, 90.0])
def test_confidence_is_a_probability(confidence):
    for call in (upper_limit, expected_limit):
        with pytest.raises(PhysicsError, match=r"not between 0\.5 and 1"):
            call(COUNTING, COUNTING.observe([9.0]), confidence)


def test_expected_limits_of_many_data_sets_are_each_alone():
    several = COUNTING.observe([[[9.0], [16.0]], [[25.0], [36.0]]])
    together = expected_limit(COUNTING, several, bands=(0.0, 1.0))
    assert together.shape == (2, 2, 2)
    for i, j in np.ndindex(2, 2):
        alone = expected_limit(COUNTING, COUNTING.observe(several.counts[i, j]), bands=(0.0, 1.0))
        np.testing.assert_allclose(together[:, i, j], alone, rtol=1e-7)


def pyhf_model(pyhf):
    """`model_with_everything` as HistFactory writes it."""
    lumi = {"name": "lumi", "type": "lumi", "data": None}
    tilt = {
        "name": "tilt",
        "type": "histosys",
        "data": {"hi_data": HIGH.tolist(), "lo_data": LOW.tolist()},
    }
    strength = {"name": "mu", "type": "normfactor", "data": None}
    samples = [("signal", SIGNAL, [strength, lumi]), ("solar", SOLAR, [lumi]),
               ("cathode", CATHODE, [tilt])]  # fmt: skip
    return pyhf.Model(
        {
            "channels": [
                {
                    "name": "recoils",
                    "samples": [
                        {"name": name, "data": counts.tolist(), "modifiers": modifiers}
                        for name, counts, modifiers in samples
                    ],
                }
            ],
            "parameters": [
                {"name": "lumi", "auxdata": [1.0], "sigmas": [0.08], "inits": [1.0],
                 "bounds": [[0.2, 1.8]]},
                {"name": "mu", "bounds": [[0.0, 30.0]], "inits": [1.0]},
            ],
        },
        poi_name="mu",
        modifier_settings={
            "histosys": {"interpcode": "code2"},  # quadratic inside, straight outside
            "normsys": {"interpcode": "code4"},
        },
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated")  # pyhf 0.7's validator
@pytest.mark.parametrize("counts", [OBSERVED, [40.0, 30.0, 18.0], [52.0, 45.0, 27.0]])
def test_pyhf_finds_the_same_limits(counts):
    """Observed and expected CL_s limits of pyhf.

    Its scan is called by itself, for `upper_limit` of pyhf 0.7.6 does not hand `level` on to it.
    """
    pyhf = pytest.importorskip("pyhf", reason="pyhf is an optional extra")
    theirs = pyhf_model(pyhf)
    assert theirs.config.par_order == ["tilt", "lumi", "mu"]
    data = [*counts, *theirs.config.auxdata]
    observed, bands = pyhf.infer.intervals.upper_limits.toms748_scan(
        data, theirs, 0.0, 30.0, level=0.1, rtol=1e-6
    )
    model = model_with_everything()
    ours = model.observe(counts)
    point = np.array([1.3, 0.5, -0.7])
    tilt, lumi, mu = point[2], 1.0 + 0.08 * point[1], point[0]
    expected = theirs.expected_actualdata(np.array([tilt, lumi, mu]))
    np.testing.assert_allclose(model.expected(point), expected, rtol=1e-13)
    limit = upper_limit(model, ours, 0.90).require("limit")
    assert limit == pytest.approx(float(observed), rel=1e-3)
    np.testing.assert_allclose(expected_limit(model, ours, 0.90), np.array(bands), rtol=1e-3)
