"""Limits by Newton steps, against a search with a bracket that fits each strength it tries."""

import numpy as np
import pytest

from binned_models import CATHODE, SIGNAL, SOLAR, full_model, toys
from upscatter.statistics import upper_limits
from upscatter.statistics.criteria import CLS, CLSB, UNIFIED, OneSided
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.profile import fit, fit_without_signal
from upscatter.statistics.upper_limits import confidence_level, upper_limit

each_criterion = pytest.mark.parametrize(
    "criterion",
    [CLS, CLSB, UNIFIED, OneSided(divided=True, bounded=False)],
    ids=["cls", "clsb", "unified", "q"],
)
LOW = BinnedModel(
    np.array([0.2, 0.5, 0.1]),
    {"b": np.array([0.05, 0.3, 1.5])},
    (Normalisation("f", {"signal": 0.1, "b": 0.2}),),
)
HIGH = BinnedModel(
    1e-21 * SIGNAL,
    {"solar": 1e4 * SOLAR, "cathode": 1e5 * CATHODE},
    (Normalisation("flux", {"signal": 0.1, "solar": 0.1}),),
)
MODELS = {
    "full": full_model(),
    "bounded": full_model().bounded(dict.fromkeys(full_model().names, (-0.3, 0.5))),
    "few counts": LOW,
    "many counts": HIGH,
}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def bracketed(monkeypatch, *arguments):
    with monkeypatch.context() as patch:
        patch.setattr(upper_limits, "NEWTON_STEPS", 0)
        return upper_limit(*arguments)


@each_model
@each_criterion
def test_the_same_as_with_a_bracket(model, criterion, monkeypatch):
    data = toys(model, 300)
    found = upper_limit(model, data, 0.90, criterion)
    slow = bracketed(monkeypatch, model, data, 0.90, criterion)
    np.testing.assert_array_equal(found.converged, slow.converged)
    np.testing.assert_allclose(found.strength, slow.strength, rtol=1e-6)


@each_model
@each_criterion
def test_the_level_of_a_limit_is_what_was_asked_for(model, criterion):
    data = toys(model, 300, seed=9)
    limit = upper_limit(model, data, 0.95, criterion).strength
    # of limits far below what the data can tell from zero −2 ln L has no digits left
    positive = limit > 1e-3 * np.nanmedian(limit)
    assert positive.mean() > 0.5
    level = confidence_level(model, data, np.where(positive, limit, 1.0), criterion)
    np.testing.assert_allclose(level[positive], 0.05, rtol=1e-6)


def test_few_are_lost(monkeypatch):
    """The search with a bracket is for the odd ones."""
    model = full_model()
    lost = []
    search = upper_limits.falling_roots
    monkeypatch.setattr(
        upper_limits, "falling_roots", lambda *args: lost.append(args[-1].sum()) or search(*args)
    )
    upper_limit(model, toys(model, 1000), 0.90, CLS).require("toys")
    assert sum(lost) < 50


@each_criterion
def test_best_fits_that_are_known(criterion):
    model = full_model()
    data = toys(model, 50)
    best = fit(model, data)
    np.testing.assert_array_equal(
        upper_limit(model, data, 0.90, criterion, best).strength,
        upper_limit(model, data, 0.90, criterion).strength,
    )


def test_one_fit_without_signal_for_all_hypotheses():
    signals = np.outer([1.0, 2.0, 5.0], SIGNAL)
    plain = full_model()
    model = BinnedModel(
        {"signal": signals}, plain.backgrounds, plain.normalisations,
    )  # fmt: skip
    counts = [33.0, 35.0, 20.0, 9.0, 4.0]
    alike = fit_without_signal(model, model.observe([counts] * 3, hypothesis=[0, 1, 2]))
    alone = [fit_without_signal(model, model.observe(counts, hypothesis=h)) for h in range(3)]
    assert alike.deviance.shape == (3,)
    np.testing.assert_allclose(alike.deviance, [one.deviance for one in alone], rtol=1e-12)
    np.testing.assert_allclose(alike.parameters, [one.parameters for one in alone], rtol=1e-9)
    assert alike.converged.all()
