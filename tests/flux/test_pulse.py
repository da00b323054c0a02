"""Shares of decays after a pulse of protons, against numerical convolutions."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.errors import PhysicsError
from upscatter.flux.pulse import GaussianPulse, TabulatedPulse
from upscatter.units import NANOSECOND

GAUSSIAN = GaussianPulse(440.0 * NANOSECOND, 150.0 * NANOSECOND)
TIMES = np.array([0.0, 100.0, 130.0, 700.0, 2000.0, 6000.0]) * NANOSECOND
ROWS = np.array([0.0, 100.0, 400.0, 450.0, 900.0]) * NANOSECOND
TABLE = TabulatedPulse(ROWS, np.array([0.5, 0.0, 3.0, 1.0, 2.0]))
PULSES = {
    "gaussian": (
        GAUSSIAN,
        lambda t: np.exp(-0.5 * ((t - 440.0) / 150.0) ** 2) / (150.0 * np.sqrt(2.0 * np.pi)),
        [440.0 - 1500.0, 440.0, 440.0 + 1500.0],
    ),
    "table": (
        TABLE,
        # the area of the trapezia is 25 + 450 + 100 + 675
        lambda t: np.interp(t, ROWS / NANOSECOND, [0.5, 0.0, 3.0, 1.0, 2.0]) / 1250.0,
        [*(ROWS / NANOSECOND)],
    ),
}


def convolved(density, breaks, time, decayed):
    """∫ dt' p(t') G(t − t'), times in ns."""
    ends = [t for t in breaks if t < time]
    edges = [*ends, min(time, breaks[-1])]
    return sum(
        quad(lambda t: density(t) * decayed(time - t), a, b, epsabs=1e-13, epsrel=1e-11)[0]
        for a, b in pairwise(edges)
    )


@pytest.mark.parametrize("pulse", PULSES)
@pytest.mark.parametrize("life", [5.0, 26.033, 2197.0])
def test_decays_after_a_pulse(pulse, life):
    given, density, breaks = PULSES[pulse]
    found = given.decayed(TIMES, life * NANOSECOND)
    for time, share in zip(TIMES / NANOSECOND, found, strict=True):
        expected = convolved(density, breaks, time, lambda t: -np.expm1(-t / life))
        assert share == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("pulse", PULSES)
def test_two_decays_after_a_pulse(pulse):
    given, density, breaks = PULSES[pulse]
    found = given.decayed_twice(TIMES, 26.0 * NANOSECOND, 2197.0 * NANOSECOND)

    def decayed(time):
        """∫ of the pion's decay curve times the share of muons that have decayed since."""
        seconds = quad(
            lambda t: np.exp(-t / 26.0) / 26.0 * -np.expm1(-(time - t) / 2197.0),
            0.0,
            time,
            points=[min(time, 60.0), min(time, 300.0)],
            epsabs=1e-12,
        )
        return seconds[0]

    for time, share in zip(TIMES / NANOSECOND, found, strict=True):
        assert share == pytest.approx(convolved(density, breaks, time, decayed), abs=1e-9)


def test_nothing_before_the_first_row_and_everything_in_the_end():
    times = np.array([-50.0, 0.0, 1e6]) * NANOSECOND
    np.testing.assert_allclose(TABLE.decayed(times, 26.0 * NANOSECOND), [0.0, 0.0, 1.0], atol=1e-14)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, -2.0, 0.0], "-2 at 100 ns is negative; give zero or more"),
        ([0.0, 0.0, 0.0], "is zero at all times; give a time at which protons arrive"),
    ],
)
def test_what_is_no_profile(values, message):
    with pytest.raises(PhysicsError) as refused:
        TabulatedPulse(ROWS[:3], np.array(values))
    assert str(refused.value) == message
