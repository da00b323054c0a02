"""Mixing matrix, its parameters' domain, and the named global fits."""

from dataclasses import fields, replace
from math import cos, inf, nan, pi, radians, sin, sqrt

import numpy as np
import pytest

from upscatter.errors import PhysicsError
from upscatter.inputs.mixing import GLOBAL_FITS, Mixing, mixing
from upscatter.units import EV

DEFAULT = mixing("NuFIT-5.3")


def rotation(i, j, theta, phase=0.0):
    matrix = np.eye(3, dtype=complex)
    matrix[i, i] = matrix[j, j] = cos(theta)
    matrix[i, j] = sin(theta) * np.exp(-1j * phase)
    matrix[j, i] = -sin(theta) * np.exp(1j * phase)
    return matrix


@pytest.mark.parametrize("name", GLOBAL_FITS)
def test_matrix_is_the_product_of_three_rotations(name):
    fit = mixing(name)
    theta12, theta13, theta23 = np.arcsin(
        np.sqrt([fit.sin2_theta12, fit.sin2_theta13, fit.sin2_theta23])
    )
    product = (
        rotation(1, 2, theta23) @ rotation(0, 2, theta13, fit.delta_cp) @ rotation(0, 1, theta12)
    )
    np.testing.assert_allclose(fit.matrix(), product, atol=1e-15)


@pytest.mark.parametrize("name", GLOBAL_FITS)
def test_matrix_is_unitary(name):
    u = mixing(name).matrix()
    np.testing.assert_allclose(u @ u.conj().T, np.eye(3), atol=1e-15)


def test_jarlskog_invariant():
    # J = c12 s12 c23 s23 c13² s13 sin δ (PDG 2024, review of neutrino mixing)
    u = DEFAULT.matrix()
    measured = (u[0, 0] * u[1, 1] * u[0, 1].conj() * u[1, 0].conj()).imag
    s12, s13, s23 = sqrt(0.307), sqrt(0.02203), sqrt(0.572)
    c12, c13, c23 = sqrt(1 - 0.307), sqrt(1 - 0.02203), sqrt(1 - 0.572)
    expected = c12 * s12 * c23 * s23 * c13**2 * s13 * sin(radians(197.0))
    assert measured == pytest.approx(expected, rel=1e-12)


def test_no_mixing_is_the_identity():
    np.testing.assert_array_equal(
        Mixing(0.0, 0.0, 0.0, 1.0, 7e-5 * EV**2, 2e-3 * EV**2).matrix(), np.eye(3)
    )


@pytest.mark.parametrize(
    ("name", "angles_deg", "delta_deg", "dm2_21", "dm2_3l"),
    [
        # θ12, θ13, θ23, δ in degrees and Δm² in eV² as www.nu-fit.org prints them beside the sin²:
        # v6.0 IC19 and IC24; Δm²_3ℓ is Δm²_31 (normal) or Δm²_32 (inverted).
        ("NuFIT-6.0-IC19", (33.68, 8.52, 48.5), 177.0, 7.49e-5, 2.534e-3),
        ("NuFIT-6.0-IC19-IO", (33.68, 8.58, 48.6), 285.0, 7.49e-5, -2.510e-3),
        ("NuFIT-6.0-IC24", (33.68, 8.56, 43.3), 212.0, 7.49e-5, 2.513e-3),
        ("NuFIT-6.0-IC24-IO", (33.68, 8.59, 47.9), 274.0, 7.49e-5, -2.484e-3),
    ],
)
def test_global_fits_against_the_angles_published_beside_them(
    name, angles_deg, delta_deg, dm2_21, dm2_3l
):
    fit = mixing(name)
    sin2 = [fit.sin2_theta12, fit.sin2_theta13, fit.sin2_theta23]
    # the sin² have three or four digits, so the angles agree to a few hundredths of a degree
    np.testing.assert_allclose(np.degrees(np.arcsin(np.sqrt(sin2))), angles_deg, atol=0.06)
    assert fit.delta_cp == pytest.approx(radians(delta_deg))
    assert fit.dm2_21 / EV**2 == pytest.approx(dm2_21)
    larger = fit.dm2_31 if dm2_3l > 0 else fit.dm2_31 - fit.dm2_21
    assert larger / EV**2 == pytest.approx(dm2_3l)


def test_the_default_fit():
    # v5.3, normal ordering, without SK atmospheric data
    assert [DEFAULT.sin2_theta12, DEFAULT.sin2_theta13, DEFAULT.sin2_theta23] == [
        0.307,
        0.02203,
        0.572,
    ]
    assert np.degrees(DEFAULT.delta_cp) == pytest.approx(197.0)
    assert DEFAULT.dm2_21 / EV**2 == pytest.approx(7.41e-5)
    assert DEFAULT.dm2_31 / EV**2 == pytest.approx(2.511e-3)


def test_ordering_is_in_the_name():
    for name, fit in GLOBAL_FITS.items():
        assert (fit.dm2_31 < 0) == name.endswith("-IO")


def test_unknown_fit_lists_the_known_ones():
    with pytest.raises(PhysicsError, match=r"'NuFIT-9'.*NuFIT-5\.3, .*NuFIT-6\.0-IC24"):
        mixing("NuFIT-9")


@pytest.mark.parametrize("field", ["sin2_theta12", "sin2_theta13", "sin2_theta23"])
@pytest.mark.parametrize("value", [-1e-9, 1.0 + 1e-9, nan, inf])
def test_sin2_outside_its_range_is_refused(field, value):
    with pytest.raises(PhysicsError, match=rf"^mixing: {field} = .* from 0 to 1$"):
        replace(DEFAULT, **{field: value})


@pytest.mark.parametrize("field", ["sin2_theta12", "sin2_theta13", "sin2_theta23"])
def test_sin2_at_the_ends_is_accepted(field):
    for value in (0.0, 1.0):
        assert getattr(replace(DEFAULT, **{field: value}), field) == value


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("delta_cp", nan, "delta_cp = nan"),
        ("delta_cp", inf, "delta_cp = inf"),
        ("dm2_21", 0.0, "dm2_21 = 0 eV²"),
        ("dm2_21", -7.41e-5 * EV**2, "dm2_21 = -7.41e-05 eV²"),
        ("dm2_21", nan, "dm2_21 = nan"),
        ("dm2_31", 0.0, "dm2_31 = 0 eV²"),
        ("dm2_31", 7.41e-5 * EV**2, "dm2_31 = 7.41e-05 eV²"),
        ("dm2_31", -7.0e-5 * EV**2, "dm2_31 = -7e-05 eV²"),
        ("dm2_31", nan, "dm2_31 = nan"),
    ],
)
def test_unphysical_phase_and_splittings_are_refused(field, value, words):
    with pytest.raises(PhysicsError) as caught:
        replace(DEFAULT, **{field: value})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_mixing_is_frozen_and_hashable():
    assert hash(DEFAULT) == hash(replace(DEFAULT))
    assert [field.name for field in fields(Mixing)] == [
        "sin2_theta12",
        "sin2_theta13",
        "sin2_theta23",
        "delta_cp",
        "dm2_21",
        "dm2_31",
    ]
    assert replace(DEFAULT, delta_cp=pi) != DEFAULT
