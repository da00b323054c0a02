"""Joint likelihoods of experiments: twice the exposure, two channels written out, and monotony."""

import numpy as np
import pytest

from binned_models import SHIFTS
from test_morphing import surface_model
from upscatter.errors import PhysicsError
from upscatter.statistics.asymptotics import discovery
from upscatter.statistics.combination import channels, combined
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.profile import fit
from upscatter.statistics.pulls_method import PullsMethod
from upscatter.statistics.registry import METHODS, limit_method
from upscatter.statistics.upper_limits import upper_limit

SIGNAL, BACKGROUND = np.array([3.0, 2.0, 0.5]), np.array([9.0, 6.0, 4.0])
TILT = 1.0 + np.outer(SHIFTS, [0.1, 0.0, -0.1])


def experiment(exposure=1.0, **changes):
    """A flux of signal and background, a background's normalisation, and a shape."""
    signal, solar, rest = exposure * SIGNAL, exposure * BACKGROUND, np.full(3, exposure)
    settings = {
        "signal": signal,
        "backgrounds": {"background": solar, "rest": rest},
        "normalisations": (
            Normalisation("flux", {"signal": 0.1, "background": 0.1}),
            Normalisation("rest", {"rest": 0.3}),
        ),
        "shapes": (Shape("yield", SHIFTS, {"background": solar * TILT, "signal": signal * TILT}),),
    }
    return BinnedModel(**(settings | changes))


@pytest.mark.parametrize("variance", ["expected", "background"])
@pytest.mark.parametrize("test", METHODS)
def test_two_identical_experiments_are_one_of_twice_the_exposure(test, variance):
    both = combined({"A": experiment(), "B": experiment()})
    twice = experiment(2.0)
    assert both.names == twice.names
    assert list(both.samples) == [
        "A signal", "B signal", *(f"{e} {s}" for e in "AB" for s in ("background", "rest"))
    ]  # fmt: skip
    method = limit_method(test, 0.90, variance=variance)
    found, expected = (method.expected(m, bands=True) for m in (both, twice))
    np.testing.assert_allclose(found.strength, expected.strength, rtol=1e-6)
    np.testing.assert_allclose(found.bands, expected.bands, rtol=2e-5)
    if test != "chi2-pulls":
        first, second = np.array([9.0, 10.0, 3.0]), np.array([14.0, 6.0, 4.0])
        data = both.observe([np.append(first, second)])
        observed = method.observed(both, data).strength
        alone = method.observed(twice, twice.observe([first + second])).strength
        np.testing.assert_allclose(observed, alone, rtol=1e-6)


def random_experiment(rng, bins, gaussian):
    signal, background = rng.uniform(0.0, 4.0, bins), rng.uniform(0.5, 20.0, bins)
    shift = np.array([-1.0, 0.0, 1.0])
    tilt = 1.0 + np.outer(shift, rng.uniform(-0.1, 0.1, bins))
    return BinnedModel(
        {"solar dipole": signal},
        {"solar": background, "other": rng.uniform(0.0, 5.0, bins)},
        (Normalisation("flux", {"solar dipole": 0.15, "solar": 0.15}),
         Normalisation(f"other {bins}", {"other": rng.uniform(0.0, 0.5)})),
        (Shape("yield", shift, {"solar dipole": signal * tilt}),),
        rng.uniform(1.0, 5.0, bins) * (rng.random(bins) < 0.5) if gaussian else None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_a_combination_is_no_weaker_than_its_best_part(seed):
    rng = np.random.default_rng(seed)
    parts = {str(b): random_experiment(rng, b, gaussian=b == 3) for b in (2, 3, 5)}
    both = combined(parts)
    assert both.names == ("flux", "other 2", "other 3", "other 5", "yield")
    assert both.bins == 10
    assert channels(parts) == {"2": slice(0, 2), "3": slice(2, 5), "5": slice(5, 10)}
    limits = [
        float(expected_limit(m, m.observe(m.expected(np.zeros(1 + len(m.names)))), bands=(0.0,))[0])
        for m in (both, *parts.values())
    ]
    assert limits[0] <= min(limits[1:]) * (1.0 + 1e-6)
    chi2 = [PullsMethod().expected(m).strength[0] for m in (both, *parts.values())]
    assert chi2[0] <= min(chi2[1:]) * (1.0 + 1e-6)


def test_a_merged_parameter_correlates_the_experiments():
    """Two channels in one model: the deviance is that of the sum with one constraint."""
    first = BinnedModel(SIGNAL, {"b": BACKGROUND}, (Normalisation("flux", {"b": 0.2}),))
    second = BinnedModel(np.array([1.0]), {"c": np.array([400.0])},
                         (Normalisation("flux", {"c": 0.2}),))  # fmt: skip
    both = combined({"A": first, "B": second})
    written = BinnedModel(
        np.append(SIGNAL, 1.0), {"b": np.append(BACKGROUND, 400.0)},
        (Normalisation("flux", {"b": 0.2}),),
    )  # fmt: skip
    counts = [11.0, 8.0, 5.0, 480.0]
    data = both.observe(counts)
    fits = [fit(both, data), fit(written, written.observe(counts))]
    np.testing.assert_allclose(fits[0].parameters, fits[1].parameters, rtol=1e-9)
    # the second experiment measures the flux, +1 σ, which the first alone could not
    assert fits[0].parameters[1] > 0.7
    assert float(fit(first, first.observe(counts[:3])).parameters[1]) < 0.3
    point = np.array([[0.7, 0.9]])
    single = [m.deviance(point, m.observe([n]))[0] for m, n in
              ((first, counts[:3]), (second, counts[3:]))]  # fmt: skip
    assert both.deviance(point, data.flat())[0] == pytest.approx(sum(single) - 0.9**2)
    apart = combined({"A": first, "B": BinnedModel(
        second.signal, second.backgrounds, (Normalisation("other", {"c": 0.2}),)
    )})  # fmt: skip
    limits = [float(upper_limit(m, m.observe(counts)).strength) for m in (both, apart)]
    assert limits[0] < 0.95 * limits[1]


def test_hypotheses_and_surfaces_are_placed():
    """A surface model of two hypotheses, beside an experiment that sees only one of them."""
    many = surface_model()
    blind = BinnedModel(np.array([[0.0, 0.0], [4.0, 1.0]]), {"d": np.array([3.0, 2.0])},
                        (Normalisation("flux", {"signal": 0.1}),), partial=True)  # fmt: skip
    with pytest.raises(PhysicsError, match="no bin has counts"):
        BinnedModel(blind.signal, blind.backgrounds)
    parts = {"A": many, "B": blind}
    both = combined(parts)
    point = np.array([[1.2, 0.3, -0.7, 0.8, 0.4]])
    for h in range(2):
        which = np.array([h])
        found = both.expected(point, which)[0]
        np.testing.assert_allclose(found[:4], many.expected(point, which)[0], rtol=1e-13)
        np.testing.assert_allclose(found[4:], blind.expected(point[:, :2], which)[0], rtol=1e-13)
    counts = {"A": np.array([14.0, 11.0, 18.0, 12.0]), "B": np.array([5.0, 2.0])}
    data = both.observe([np.append(counts["A"], counts["B"])] * 2, hypothesis=[0, 1])
    limits = upper_limit(both, data).require("both")
    alone = upper_limit(many, many.observe([counts["A"]] * 2, hypothesis=[0, 1])).require("A")
    # nothing of the first hypothesis is seen by the second experiment
    assert limits[0] == pytest.approx(alone[0], rel=1e-6)
    assert limits[1] < alone[1]


def test_one_hypothesis_may_have_an_axis_or_none():
    plain = experiment()
    rows = experiment(signal=SIGNAL[None], shapes=tuple(
        Shape(s.name, s.shifts, {**s.templates, "signal": s.templates["signal"][:, None]})
        for s in plain.shapes
    ))  # fmt: skip
    point = np.array([[1.3, 0.4, -0.2, 0.7]])
    both = combined({"A": plain, "B": rows})
    found = both.expected(point, np.array([0]))[0]
    np.testing.assert_allclose(found, np.tile(plain.expected(point)[0], 2), rtol=1e-13)
    assert both.only(0).total_signal.shape == (6,)


def test_bounds_are_those_that_all_allow():
    parts = {
        "A": experiment().bounded({"flux": (-1.0, 2.0), "yield": (-np.inf, 1.0)}),
        "B": experiment().bounded({"flux": (-3.0, 0.5), "yield": (-2.0, np.inf)}),
    }
    both = combined(parts)
    bounds = dict(zip(both.names, both.bounds.T.tolist(), strict=True))
    assert bounds == {"flux": [-1.0, 0.5], "rest": [-np.inf, np.inf], "yield": [-2.0, 1.0]}


def test_gaussian_and_poisson_experiments():
    """A residual spectrum and counts: the significances add in squares, without nuisances."""
    counting = BinnedModel(np.array([2.0]), {"b": np.array([4.0])})
    residual = BinnedModel(np.array([2.0]), {}, errors=np.array([2.0]))
    parts = {"A": counting, "B": residual}
    both = combined(parts)
    assert both.gaussian.tolist() == [False, True]
    data = both.observe([10.0, 6.0])
    q = [float(discovery(m, m.observe([n])).q0) for m, n in ((counting, 10.0), (residual, 6.0))]
    # both have their best strength at 3
    assert float(discovery(both, data).q0) == pytest.approx(sum(q), rel=1e-6)


ONE = BinnedModel(np.ones(1), {"b": np.ones(1)}, (Normalisation("f", {"b": 0.1}),))
SHAPED = BinnedModel(np.ones(1), {"c": np.ones(1)}, (),
                     (Shape("f", np.array([-1.0, 0.0, 1.0]), {"c": np.ones((3, 1))}),))  # fmt: skip
WIDER = BinnedModel(np.ones(1), {"d": np.ones(1)}, (),
                    (Shape("f", np.array([-2.0, 0.0, 2.0]), {"d": np.ones((3, 1))}),))  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: combined({}), "give each the same"),
        (lambda: combined({"A": ONE, "B": BinnedModel(np.ones((2, 1)), {})}), "A has 1, B has 2"),
        (lambda: combined({"A": ONE, "B": SHAPED}), "'f' scales samples in one experiment"),
        (lambda: combined({"A": WIDER, "B": SHAPED}), r"shifts of 'f' are \[-2.0, 0.0, 2.0\] and"),
        (lambda: combined({"A": ONE.bounded({"f": (0.0, 1.0)}),
                           "B": ONE.bounded({"f": (-1.0, 0.0)})}), "of 'f' exclude each other"),
        (lambda: combined({n: BinnedModel(np.zeros(1), {}, partial=True) for n in "AB"}),
         "no bin has counts"),
        (lambda: combined({"A": ONE, "B": ONE, "C": BinnedModel(np.ones(1), {"A b": np.ones(1)})}),
         "two samples are named 'A b'"),
    ],
)  # fmt: skip
def test_bad_combinations(make, words):
    with pytest.raises(PhysicsError, match=words):
        make()
