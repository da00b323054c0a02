"""Stacked samples against a loop over them that reads like the formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.errors import PhysicsError
from upscatter.reference.minuit import minuit_fit
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.profile import fit
from upscatter.statistics.upper_limits import upper_limit
from upscatter.statistics.workspace import workspace

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


class TestHypotheses:
    """Several signals in one model are as many models."""

    def several(self):
        rng = np.random.default_rng(5)
        signals = {name: rng.uniform(1.0, 9.0, (3, 4)) for name in ("first", "second")}
        background = {"solar": np.array([40.0, 30.0, 20.0, 10.0])}
        shifts = {name: rng.uniform(0.8, 1.2, (5, 3, 4)) * n for name, n in signals.items()}
        for name, table in shifts.items():
            table[2] = signals[name]
        solar = rng.uniform(0.9, 1.1, (5, 4)) * background["solar"]
        solar[2] = background["solar"]
        normalisations = (
            Normalisation("flux", {"first": 0.2, "solar": 0.2}),
            Normalisation("second flux", {"second": 0.3}),
        )
        whole = BinnedModel(
            signals, background, normalisations,
            (Shape("yield", SHIFTS, {**shifts, "solar": solar}),),
        )  # fmt: skip
        each = [
            BinnedModel(
                {name: n[i] for name, n in signals.items()}, background, normalisations,
                (Shape("yield", SHIFTS, {**{k: t[:, i] for k, t in shifts.items()},
                                         "solar": solar}),),
            )
            for i in range(3)
        ]  # fmt: skip
        return whole, each

    def test_limits_and_fits(self):
        whole, each = self.several()
        assert whole.hypotheses == 3
        counts = np.array([44.0, 27.0, 25.0, 9.0])
        data = whole.observe(np.tile(counts, (3, 1)), hypothesis=[2, 0, 1])
        fits = fit(whole, data)
        limits = upper_limit(whole, data).require("test")
        expected = expected_limit(whole, data)
        for row, i in enumerate((2, 0, 1)):
            alone = each[i].observe(counts)
            np.testing.assert_allclose(
                fits.parameters[row], fit(each[i], alone).parameters, atol=1e-5
            )
            assert limits[row] == pytest.approx(float(upper_limit(each[i], alone).strength), 1e-6)
            np.testing.assert_allclose(expected[:, row], expected_limit(each[i], alone), rtol=1e-6)

    def test_counts(self):
        whole, each = self.several()
        parameters = np.array([[0.7, 0.3, -0.4, 1.3]] * 3)
        counts = whole.expected(parameters, np.arange(3))
        for i in range(3):
            np.testing.assert_allclose(counts[i], each[i].expected(parameters[i]), rtol=1e-13)

    def test_refusals(self):
        whole, _ = self.several()
        with pytest.raises(PhysicsError, match=r"hypothesis: 0 to 3 are not all among .* 3"):
            whole.observe(np.ones((2, 4)), hypothesis=[0, 3])
        with pytest.raises(PhysicsError, match="Minuit fit: of 3 signals"):
            minuit_fit(whole, whole.observe(np.ones(4)))
        with pytest.raises(PhysicsError, match="workspace: of 3 signals"):
            workspace(whole, whole.observe(np.ones(4)))
        with pytest.raises(PhysicsError, match="not for the same hypotheses"):
            BinnedModel({"a": np.ones((2, 4)), "b": np.ones((1, 4))}, {})
        empty = np.ones((2, 4))
        empty[1] = 0.0
        with pytest.raises(PhysicsError, match="a limit needs some signal"):
            BinnedModel(empty, {})


def test_backgrounds_without_counts_are_left_out():
    """As the neutrinos of a measured spectrum that has them in its background."""
    counts = template()
    flux = Normalisation("flux", {"signal": 0.2, "nothing": 0.2})
    scale = Normalisation("scale", {"b": 0.1})
    full = BinnedModel(template(), {"nothing": np.zeros(4), "b": counts}, (flux, scale))
    less = BinnedModel(
        full.signal, {"b": counts}, (Normalisation("flux", {"signal": 0.2}), scale)
    )  # fmt: skip
    parameters = RNG.normal(size=(6, 3))
    np.testing.assert_array_equal(full.expected(parameters), less.expected(parameters))
    np.testing.assert_array_equal(full.jacobian(parameters), less.jacobian(parameters))
    found = full.by_sample(parameters[0])
    assert list(found) == ["signal", "nothing", "b"]
    assert not found["nothing"].any()
