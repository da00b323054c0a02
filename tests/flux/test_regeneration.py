"""What the Earth makes of solar neutrinos."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from upscatter.constants import HBARC, MATTER_POTENTIAL
from upscatter.errors import PhysicsError
from upscatter.flux.nadir import NadirLivetime, annual_livetime
from upscatter.flux.regeneration import (
    averaged_projectors,
    day_night_asymmetry,
    density_matrix,
    evolution,
    mass_to_flavour,
    mix,
)
from upscatter.inputs.earth import EarthModel, Shell
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import Mixing
from upscatter.units import EV, MEV

MIXING = Mixing(0.307, 0.02203, 0.572, np.deg2rad(197.0), 7.41e-5 * EV**2, 2.511e-3 * EV**2)
# Mass weights of boron neutrinos, and what follows from them, with PEANUTS (EPJC 84 (2024) 119) for
# BS05(OP) and the parameters above.
WEIGHTS = {10.0: (0.08136805, 0.89402895, 0.02460300), 14.0: (0.04139691, 0.93284511, 0.02575797)}


def flavours(rho):
    return np.diagonal(rho, axis1=-2, axis2=-1).real


def table(reference, name):
    with (reference / "oscillation" / f"{name}_bs05op.csv").open() as lines:
        return list(csv.DictReader(lines))


def boron_weights(reference):
    """Mass weights of ⁸B neutrinos: the reference rows, and a spline where there is none."""
    rows = [row for row in table(reference, "sun") if row["source"] == "8B"]
    weights = [[float(row[f"w{i}"]) for i in (1, 2, 3)] for row in rows]
    return CubicSpline([float(row["E_MeV"]) for row in rows], weights)


@pytest.mark.parametrize(
    ("energy", "eta", "expected"),
    [
        (10.0, 0.4, (0.33549, 0.34316, 0.32148)),
        (10.0, 1.1, (0.32431, 0.34653, 0.32917)),
        (14.0, 0.05, (0.32113, 0.35473, 0.32430)),
        (14.0, 0.7, (0.33747, 0.34859, 0.31399)),
        (14.0, 1.5, (0.31277, 0.35627, 0.33097)),
    ],
)
def test_one_angle_against_another_code(energy, eta, expected):
    rho = density_matrix(WEIGHTS[energy], energy * MEV, eta, MIXING)[0, 0]
    np.testing.assert_allclose(flavours(rho), expected, atol=3e-4)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("day", (0.324108, 0.346446, 0.329446)),
        ("night", (0.335917, 0.342125, 0.321958)),
        ("both", (0.330013, 0.344285, 0.325702)),
    ],
)
def test_year_against_another_code(part, expected, validated):
    exposure = annual_livetime(np.deg2rad(28.2)).select(part)
    rho = mix(WEIGHTS[10.0], averaged_projectors(10.0 * MEV, exposure, MIXING))[0]
    np.testing.assert_allclose(flavours(rho), expected, atol=2e-4)
    quantity = f"P_e of 8B at 10 MeV and 28.2°, mean of a year, {part}"
    code = "PEANUTS, EPJC 84 (2024) 119"
    validated("oscillations", quantity, flavours(rho)[0], expected[0], code, abs=2e-4)


def test_every_reference_angle(reference):
    weights = boron_weights(reference)
    rows = table(reference, "earth")
    assert len(rows) >= 40
    for row in rows:
        energy, eta = float(row["E_MeV"]), float(row["eta_rad_from_nadir"])
        expected = [float(row[key]) for key in ("P_e", "P_mu", "P_tau")]
        rho = density_matrix(weights(energy), energy * MEV, eta, MIXING)[0, 0]
        np.testing.assert_allclose(flavours(rho), expected, atol=4e-4, err_msg=str(row))


def test_every_reference_year(reference):
    weights = boron_weights(reference)
    rows = table(reference, "year")
    assert len(rows) >= 30
    for row in rows:
        energy = float(row["E_MeV"])
        part = {"all": "both"}.get(row["daynight"], row["daynight"])
        exposure = annual_livetime(np.deg2rad(float(row["latitude_deg"]))).select(part)
        expected = [float(row[key]) for key in ("P_e", "P_mu", "P_tau")]
        rho = mix(weights(energy), averaged_projectors(energy * MEV, exposure, MIXING))[0]
        np.testing.assert_allclose(flavours(rho), expected, atol=5e-4, err_msg=str(row))


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0.05, 19.0),
    st.floats(0.0, np.pi),
    st.floats(0.25, 0.37),
    st.floats(0.0, 0.06),
    st.floats(0.0, 1.0),
    st.floats(0.0, 2.0 * np.pi),
    st.sampled_from([2.5e-3, -2.4e-3]),
)
def test_evolution_is_unitary(energy, eta, s12, s13, s23, delta, splitting):
    mixing = Mixing(s12, s13, s23, delta, 7.41e-5 * EV**2, splitting * EV**2)
    s = evolution(energy * MEV, eta, mixing)[0, 0]
    np.testing.assert_allclose(s @ s.conj().T, np.eye(3), atol=1e-12)
    probability = mass_to_flavour(energy * MEV, eta, mixing)[0, 0]
    np.testing.assert_allclose(probability.sum(axis=0), 1.0, atol=1e-12)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-12)
    rho = density_matrix([0.1, 0.87, 0.03], energy * MEV, eta, mixing)[0, 0]
    assert np.trace(rho).real == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(rho, rho.conj().T, atol=1e-15)
    np.testing.assert_allclose(np.linalg.eigvalsh(rho), [0.03, 0.1, 0.87], atol=1e-12)


def test_no_earth_effect_by_day():
    s = evolution([1.0 * MEV, 10.0 * MEV], [0.5 * np.pi, 2.0, np.pi], MIXING)
    np.testing.assert_array_equal(s, np.broadcast_to(np.eye(3), (2, 3, 3, 3)))
    day = annual_livetime(0.7).select("day")
    projectors = averaged_projectors(10.0 * MEV, day, MIXING)[0]
    columns = MIXING.matrix().T
    expected = columns[:, :, None] * columns[:, None, :].conj()
    np.testing.assert_allclose(projectors, expected, atol=1e-14)


def test_without_electrons_mass_states_stay():
    empty = EarthModel("empty", (Shell(1.0, 0.0),))
    probability = mass_to_flavour([0.5 * MEV, 15.0 * MEV], [0.1, 1.0], MIXING, empty)
    expected = np.broadcast_to(np.abs(MIXING.matrix()) ** 2, (2, 2, 3, 3))
    np.testing.assert_allclose(probability, expected, atol=1e-12)


def test_at_low_energy_the_earth_fades():
    probability = mass_to_flavour(1e-3 * MEV, 0.3, MIXING)[0, 0]
    np.testing.assert_allclose(probability, np.abs(MIXING.matrix()) ** 2, atol=3e-5)


@pytest.mark.parametrize("eta", [0.2, 0.8, 1.4])
@pytest.mark.parametrize("energy", [3.0, 10.0, 18.0])
def test_two_flavours_in_constant_density(energy, eta):
    """Textbook regeneration in one slab.

    P_2e − sin²θ = (2EV/Δm²) sin²2θ / s² · sin²(s Δm² L/4E), s² = (cos 2θ − 2EV/Δm²)² + sin²2θ.
    """
    density = 2.5
    earth = EarthModel("uniform", (Shell(1.0, density),))
    mixing = replace(MIXING, sin2_theta13=0.0)
    ratio = 2.0 * energy * MEV * MATTER_POTENTIAL * density / mixing.dm2_21
    sin2 = mixing.sin2_theta12
    sin2_double = 4.0 * sin2 * (1.0 - sin2)
    s = np.sqrt((1.0 - 2.0 * sin2 - ratio) ** 2 + sin2_double)
    length = 2.0 * earth.radius * np.cos(eta)
    phase = s * mixing.dm2_21 * length / (4.0 * energy * MEV * HBARC)
    expected = sin2 + ratio * sin2_double / s**2 * np.sin(phase) ** 2
    found = mass_to_flavour(energy * MEV, eta, mixing, earth)[0, 0, 0, 1]
    assert found == pytest.approx(expected, abs=1e-10)


def test_electron_probabilities_do_not_know_theta23_and_delta():
    other = replace(MIXING, sin2_theta23=0.3, delta_cp=1.0)
    energy, eta = np.array([2.0, 9.0]) * MEV, [0.2, 1.2]
    np.testing.assert_allclose(
        mass_to_flavour(energy, eta, MIXING)[:, :, 0],
        mass_to_flavour(energy, eta, other)[:, :, 0],
        atol=1e-12,
    )


def test_density_matrix_from_evolution_by_hand():
    s = evolution(11.0 * MEV, 0.9, MIXING)[0, 0]
    u = MIXING.matrix()
    w = (0.3, 0.5, 0.2)
    states = [s @ u[:, i] for i in range(3)]
    expected = sum(w[i] * np.outer(states[i], states[i].conj()) for i in range(3))
    found = density_matrix(w, 11.0 * MEV, 0.9, MIXING)[0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_weights_may_depend_on_energy():
    energy = np.array([3.0, 10.0]) * MEV
    w = np.array([[0.4, 0.58, 0.02], [0.08, 0.9, 0.02]])
    eta = [0.3, 1.0, 2.0]
    whole = density_matrix(w, energy, eta, MIXING)
    for k in range(2):
        np.testing.assert_allclose(
            whole[k], density_matrix(w[k], energy[k], eta, MIXING)[0], atol=1e-13
        )


def test_averages_are_weighted_sums():
    exposure = NadirLivetime((0.2, 0.9, 1.4), (0.1, 0.25, 0.05), 0.6)
    energy = np.linspace(1.0, 18.0, 60) * MEV
    w = (0.2, 0.77, 0.03)
    rho = density_matrix(w, energy, [*exposure.nadir, 3.0], MIXING)
    expected = np.tensordot([*exposure.weight, exposure.day], rho, axes=(0, 1))
    found = mix(w, averaged_projectors(energy, exposure, MIXING))
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_projectors_are_states_and_complete():
    energy = np.linspace(0.2, 18.0, 30) * MEV
    projectors = averaged_projectors(energy, annual_livetime(0.6), MIXING)
    np.testing.assert_allclose(projectors.sum(axis=1), np.tile(np.eye(3), (30, 1, 1)), atol=1e-12)
    traces = np.trace(projectors, axis1=-2, axis2=-1)
    np.testing.assert_allclose(traces, 1.0, atol=1e-12)
    np.testing.assert_allclose(projectors, projectors.conj().swapaxes(-1, -2), atol=1e-14)
    assert np.linalg.eigvalsh(projectors).min() > -1e-12


@pytest.mark.parametrize("energy", [2.5, 6.0, 12.0, 18.0])
@pytest.mark.parametrize("degrees", [0.0, 36.42, 70.0])
def test_year_against_a_dense_grid_in_time(energy, degrees):
    place = np.deg2rad(degrees)
    longitude = np.pi * ((np.arange(120) + 0.5) / 120 - 0.5)
    hour = np.pi * (np.arange(400) + 0.5)[:, None] / 400
    sun = np.arcsin(np.sin(np.deg2rad(23.44)) * np.sin(longitude))
    cosine = -np.sin(place) * np.sin(sun) - np.cos(place) * np.cos(sun) * np.cos(hour)
    night = mass_to_flavour(energy * MEV, np.arccos(cosine[cosine > 0.0]), MIXING)[0]
    day = np.abs(MIXING.matrix()) ** 2
    expected = (night.sum(axis=0) + (cosine <= 0.0).sum() * day) / cosine.size
    projectors = averaged_projectors(energy * MEV, annual_livetime(place), MIXING)[0]
    np.testing.assert_allclose(flavours(projectors).T, expected, atol=2e-4)


@pytest.mark.parametrize(
    ("lowest", "highest", "tolerance"), [(0.1, 5.0, 2.5e-4), (5.0, 18.8, 2e-5)]
)
@pytest.mark.parametrize("name", ["INO", "CJPL", "Boulby"])
def test_more_nodes_change_as_little_as_documented(name, lowest, highest, tolerance):
    energy = np.geomspace(lowest, highest, 60) * MEV
    place = latitude(name)
    w = (0.25, 0.73, 0.02)
    few = averaged_projectors(energy, annual_livetime(place), MIXING)
    many = averaged_projectors(energy, annual_livetime(place, resolution=500.0), MIXING)
    np.testing.assert_allclose(mix(w, few), mix(w, many), rtol=0.0, atol=tolerance)


def test_asymmetry_against_another_code(validated):
    # Day and night of the other code at 28.2 degrees, as above.
    night, day = 0.335917, 0.324108
    exposure = annual_livetime(np.deg2rad(28.2))
    found = day_night_asymmetry(WEIGHTS[10.0], 10.0 * MEV, exposure, MIXING)
    theirs = 2.0 * (night - day) / (night + day)
    quantity = "asymmetry of night and day of 8B at 10 MeV and 28.2°"
    code = "PEANUTS, EPJC 84 (2024) 119"
    validated("oscillations", quantity, found[0], theirs, code, abs=5e-4)


def test_asymmetry_changes_sign_with_the_weights():
    exposure = annual_livetime(0.6)
    assert day_night_asymmetry((0.0, 1.0, 0.0), 10.0 * MEV, exposure, MIXING)[0] > 0.0
    assert day_night_asymmetry((1.0, 0.0, 0.0), 10.0 * MEV, exposure, MIXING)[0] < 0.0
    even = day_night_asymmetry((1 / 3, 1 / 3, 1 / 3), 10.0 * MEV, exposure, MIXING)
    np.testing.assert_allclose(even, 0.0, atol=1e-12)


@pytest.mark.parametrize("energy", [0.0, -1.0, np.nan, np.inf])
def test_energies_that_are_none(energy):
    with pytest.raises(PhysicsError, match="must be positive and finite"):
        evolution(energy * MEV, 0.3, MIXING)
    with pytest.raises(PhysicsError, match="must be positive and finite"):
        averaged_projectors(energy * MEV, annual_livetime(0.6), MIXING)


def test_angles_in_degrees_are_noticed():
    with pytest.raises(PhysicsError, match="degrees must be converted"):
        evolution(10.0 * MEV, 30.0, MIXING)
