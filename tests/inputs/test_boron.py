"""Final-state strength of ⁸B: the spline, and the level average against adaptive quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import CubicSpline

from upscatter.constants import ELECTRON_MASS
from upscatter.errors import PhysicsError
from upscatter.inputs import boron
from upscatter.inputs.beta import fermi_function, gamow_factor, rapidity
from upscatter.units import MEV

VARIANTS = tuple(boron.LOG_STRENGTH)


@pytest.mark.parametrize("variant", VARIANTS)
def test_strength_is_the_exponential_of_a_natural_spline(variant):
    values = boron.LOG_STRENGTH[variant]
    x = np.linspace(0.0, boron.ENDPOINT / MEV, 500)
    spline = CubicSpline(np.array(boron.KNOTS) / MEV, values, bc_type="natural")
    np.testing.assert_allclose(boron.strength(x * MEV, values), np.exp(spline(x)), rtol=1e-10)


@pytest.mark.parametrize("variant", VARIANTS)
def test_strength_peaks_at_the_broad_first_level(variant):
    """The first excited level of ⁸Be: 3.03 MeV above the ground state, that is 3.12 MeV."""
    x = np.linspace(1.0, 6.0, 5001) * MEV
    top = x[np.argmax(boron.strength(x, boron.LOG_STRENGTH[variant]))]
    assert top == pytest.approx(3.25 * MEV, abs=0.25 * MEV)


def test_straight_line_stays_straight():
    slope = -0.3
    values = slope * np.array(boron.KNOTS) / MEV
    x = np.array([0.0, 0.7, 5.0, 17.0])
    np.testing.assert_allclose(boron.strength(x * MEV, values), np.exp(slope * x), rtol=1e-13)


@pytest.mark.parametrize("kinetic", [0.3, 1.0, 3.0, 7.0, 17.0])
@pytest.mark.parametrize("variant", VARIANTS)
def test_level_average_against_quadrature(variant, kinetic):
    values = boron.LOG_STRENGTH[variant]

    def phase_space(t, coulomb):
        p = np.sqrt(t * (t + 2.0 * ELECTRON_MASS))
        return p * (t + ELECTRON_MASS) * coulomb(p)

    def fermi(p):
        return fermi_function(p, boron.CHARGE, boron.RADIUS)

    total = kinetic * MEV
    cuts = [*(c for c in boron.PIECES if c < total), total]
    # x = b − (b − a) v³: the last interval ends where the positron is at rest.
    integral = sum(
        quad(
            lambda v, a=a, b=b: (
                float(boron.strength(b - (b - a) * v**3, values))
                * float(phase_space(total - b + (b - a) * v**3, fermi))
                * (3.0 * (b - a) * v**2)
            ),
            0.0,
            1.0,
            epsabs=0.0,
            epsrel=1e-12,
            limit=200,
        )[0]
        for a, b in pairwise(cuts)
    )
    single = phase_space(total, lambda p: gamow_factor(p, boron.CHARGE))
    (average,) = boron.level_average(np.atleast_1d(rapidity(total)), values)
    assert average == pytest.approx(integral / single, rel=3e-10)


@pytest.mark.parametrize(
    "values", [np.zeros(11), np.zeros((12, 1)), np.append(np.zeros(11), np.nan)]
)
def test_wrong_number_of_knots_is_refused(values):
    with pytest.raises(PhysicsError, match="12 finite values"):
        boron.strength(1.0 * MEV, values)
