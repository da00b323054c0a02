"""Stacked samples against a loop over them that reads like the formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.errors import PhysicsError
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.profile import fit

RNG = np.random.default_rng(11)
SHIFTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


def template(bins=4):
    return RNG.uniform(1.0, 20.0, bins)


def shifted(nominal):
    table = nominal * RNG.uniform(0.7, 1.3, (SHIFTS.size, nominal.size))
    table[2] = nominal
    return table


def model():
    """Two signals of different uncertainty, parameters shared by signals and backgrounds."""
    signal = {"first": template(), "second": template()}
    background = {"cathode": template(), "solar": template(), "plain": template()}
    return BinnedModel(
        signal,
        background,
        (
            Normalisation("flux", {"first": 0.2, "solar": 0.2}),
            Normalisation("efficiency", {"first": 0.1, "second": 0.1, "solar": 0.1}),
            Normalisation("second flux", {"second": 0.5}),
            Normalisation("cathode", {"cathode": 0.3}),
        ),
        (
            Shape("yield", SHIFTS, {n: shifted(c) for n, c in
                                    (*signal.items(), ("solar", background["solar"]))}),
            Shape("field", SHIFTS, {"cathode": shifted(background["cathode"])}),
        ),
    )  # fmt: skip


def slow_counts(model, sample, parameters):
    """A sample's counts for one set of parameters, transcribed."""
    counts = model.samples[sample].copy()
    pulls = dict(zip(model.names, parameters[1:], strict=True))
    for shape in model.shapes:
        if sample in shape.templates:
            counts += shape.change(sample, np.array([pulls[shape.name]]))[0][0]
    for normalisation in model.normalisations:
        counts *= 1.0 + normalisation.relative.get(sample, 0.0) * pulls[normalisation.name]
    return counts * (parameters[0] if sample in model.signals else 1.0)


@settings(max_examples=30)
@given(st.lists(st.floats(-2.5, 2.5), min_size=7, max_size=7))
def test_counts_are_those_of_the_formula(values):
    built, parameters = model(), np.array(values)
    slow = {name: slow_counts(built, name, parameters) for name in built.samples}
    for name, counts in built.by_sample(parameters).items():
        np.testing.assert_allclose(counts, slow[name], rtol=1e-12, atol=1e-12)
    total = np.sum([*slow.values()], axis=0)
    np.testing.assert_allclose(built.expected(parameters), total, rtol=1e-12, atol=1e-11)


@settings(max_examples=20)
@given(st.lists(st.floats(-2.4, 2.4), min_size=7, max_size=7))
def test_slopes_are_those_of_differences(values):
    built, parameters = model(), np.array(values)
    step = 1e-6
    for k, slope in enumerate(built.jacobian(parameters)):
        ends = [built.expected(parameters + sign * step * np.eye(7)[k]) for sign in (1, -1)]
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-5, atol=1e-5)


def test_slopes_where_factors_vanish():
    """1 + σz = 0 for two factors of one sample: the derivative is not 0/0."""
    built = BinnedModel(
        np.ones(1),
        {"b": np.array([8.0])},
        (Normalisation("x", {"b": 0.5}), Normalisation("y", {"b": 0.25})),
    )
    slopes = built.jacobian(np.array([1.0, -2.0, 3.0]))
    assert slopes[:, 0].tolist() == [1.0, 0.5 * 8.0 * 1.75, 0.0]
    assert built.jacobian(np.array([1.0, -2.0, -4.0]))[1:, 0].tolist() == [0.0, 0.0]


def test_many_sets_are_each_alone():
    built = model()
    many = RNG.uniform(-1.0, 1.0, (5, 7))
    together = built.expected(many)
    assert together.shape == (5, 4)
    for row, parameters in zip(together, many, strict=True):
        np.testing.assert_allclose(row, built.expected(parameters), rtol=1e-14)


def test_several_signals_are_one_where_nothing_tells_them_apart():
    parts = {"a": template(), "b": template()}
    background = {"c": template()}
    flux = {"c": 0.1}
    split = BinnedModel(parts, background, (Normalisation("n", {**flux, "a": 0.1, "b": 0.1}),))
    whole = BinnedModel(
        parts["a"] + parts["b"], background, (Normalisation("n", {**flux, "signal": 0.1}),)
    )
    data = background["c"].round() + 3.0
    fits = [fit(m, m.observe(data)) for m in (split, whole)]
    np.testing.assert_allclose(fits[0].parameters, fits[1].parameters, rtol=1e-9)
    np.testing.assert_allclose(split.total_signal, whole.total_signal)


def test_a_signal_and_a_background_have_different_names():
    with pytest.raises(PhysicsError, match="'a' is the name of a signal"):
        BinnedModel({"a": np.ones(1)}, {"a": np.ones(1)})
    with pytest.raises(PhysicsError, match="a limit needs some signal"):
        BinnedModel({"a": np.zeros(1)}, {"b": np.ones(1)})
    with pytest.raises(PhysicsError, match="'b'"):
        BinnedModel({"a": np.ones(2), "b": np.ones(3)}, {})
