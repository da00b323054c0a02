"""Adiabatic conversion in the Sun: closed form, limits, published numbers, integration."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from upscatter.constants import HBARC, MATTER_POTENTIAL, SOLAR_RADIUS
from upscatter.errors import PhysicsError
from upscatter.flux.conversion import (
    mass_weights,
    matter_weights,
    surface_density_matrix,
    surface_probabilities,
)
from upscatter.inputs.mixing import GLOBAL_FITS, mixing
from upscatter.inputs.sun import SOLAR_MODELS, SolarModel, Zone, solar_model
from upscatter.reference.matter import matter_weights as numerical_weights
from upscatter.units import CM, EV, METRE, MEV

FIT = mixing("NuFIT-5.3")
SUN = solar_model("BS05-OP")
ENERGY = np.geomspace(0.1, 20.0, 40) * MEV
INDUCED = np.concatenate([[0.0], np.geomspace(1e-8, 1.0, 400)]) * EV**2
INVERTED = [name for name, fit in GLOBAL_FITS.items() if fit.dm2_31 < 0]

# PEANUTS (EPJC 84 (2024) 119) writes A/Δm² with rounded 3.868e-7 mol⁻¹ cm³/m, 2.533 MeV/(eV² m);
# probabilities depend on E n_e alone, so its numbers are ours at an energy larger by this factor.
PEANUTS_ROUNDING = (3.868e-7 / 2.533) / (
    (MATTER_POTENTIAL / HBARC * METRE) / (EV**2 / (2.0 * MEV * HBARC) * METRE)
)


@pytest.fixture(scope="module")
def peanuts(reference):
    """Rows of source, energy, (P_e, P_μ, P_τ), (w1, w2, w3) of the reference calculation."""
    with (reference / "oscillation" / "sun_bs05op.csv").open(encoding="utf-8") as lines:
        return [
            (
                row["source"],
                float(row["E_MeV"]) * MEV,
                [float(row[name]) for name in ("P_e", "P_mu", "P_tau")],
                [float(row[name]) for name in ("w1", "w2", "w3")],
            )
            for row in csv.DictReader(lines)
        ]


def point_source(log10_density, radius=0.1):
    """A model of a given density profile that shines from one thin shell."""
    zone = Zone(1.0, radius - 1e-9, radius + 1e-9, (0.0,))
    return SolarModel("synthetic", log10_density, (("x", (zone,)),))


# --- the closed form -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", GLOBAL_FITS)
def test_closed_form_is_the_diagonalisation(name):
    fit = mixing(name)
    np.testing.assert_allclose(
        matter_weights(INDUCED, fit), numerical_weights(INDUCED, fit), atol=1e-12
    )


@pytest.mark.parametrize("dm2_31", [1.0e-3, -1.0e-3])
@pytest.mark.parametrize("sin2_theta12", [0.05, 0.5, 0.8])
@pytest.mark.parametrize("sin2_theta13", [1e-4, 0.2, 0.6])
@pytest.mark.parametrize("dm2_21", [1e-6, 9e-4])
def test_closed_form_is_the_diagonalisation_for_any_mixing(
    dm2_31, sin2_theta12, sin2_theta13, dm2_21
):
    fit = replace(
        FIT,
        sin2_theta12=sin2_theta12,
        sin2_theta13=sin2_theta13,
        dm2_21=dm2_21 * EV**2,
        dm2_31=dm2_31 * EV**2,
    )
    # near a narrow avoided crossing both lose digits, in proportion to its width
    np.testing.assert_allclose(
        matter_weights(INDUCED, fit), numerical_weights(INDUCED, fit), atol=2e-11
    )


def test_weights_do_not_know_theta23_and_delta():
    other = replace(FIT, sin2_theta23=0.1, delta_cp=2.0)
    np.testing.assert_array_equal(matter_weights(INDUCED, FIT), matter_weights(INDUCED, other))


@pytest.mark.parametrize("name", GLOBAL_FITS)
def test_vacuum_limit(name):
    fit = mixing(name)
    np.testing.assert_allclose(matter_weights(0.0, fit), np.abs(fit.matrix()[0]) ** 2, rtol=1e-12)
    low = mass_weights(1e-7 * MEV, "8B", SUN, fit)
    np.testing.assert_allclose(low, np.abs(fit.matrix()[0]) ** 2, rtol=1e-7)


def test_dense_limit_normal_ordering():
    # all levels resolved: ν_e is ν3, corrections fall as 1/A
    w = matter_weights(np.array([1.0, 10.0]) * EV**2, FIT)
    np.testing.assert_allclose(w, [[0, 0, 1]] * 2, atol=1e-5)
    assert 1.0 - w[1, 2] == pytest.approx((1.0 - w[0, 2]) / 100.0, rel=0.01)


@pytest.mark.parametrize("name", INVERTED)
def test_dense_limit_inverted_ordering(name):
    np.testing.assert_allclose(matter_weights(EV**2, mixing(name)), [0, 1, 0], atol=1e-5)


def test_dense_limit_between_the_resonances():
    # Δm²21 ≪ A ≪ Δm²31: ν_e is ν2 but for the θ13 admixture
    fit = replace(FIT, dm2_21=1e-9 * EV**2)
    w = matter_weights(1e-6 * EV**2, fit)
    np.testing.assert_allclose(w, [0.0, 1.0 - 0.02203, 0.02203], atol=1e-4)


def two_flavour_weights(induced, sin2, dm2):
    """sin²θ_m of the textbooks: tan 2θ_m = sin 2θ / (cos 2θ − A/Δm²)."""
    cos2, sin2_double = 1.0 - 2.0 * sin2, 2.0 * np.sqrt(sin2 * (1.0 - sin2))
    angle = 0.5 * np.arctan2(sin2_double, cos2 - induced / dm2)
    return np.cos(angle) ** 2, np.sin(angle) ** 2


@pytest.mark.parametrize("dm2_31", [2.511e-3, -2.4e-3])
def test_two_flavour_formula_without_theta13(dm2_31):
    fit = replace(FIT, sin2_theta13=0.0, dm2_31=dm2_31 * EV**2)
    induced = np.concatenate([[0.0], np.geomspace(1e-8, 1e-3, 100)]) * EV**2  # below ν3's level
    w1, w2 = two_flavour_weights(induced, fit.sin2_theta12, fit.dm2_21)
    got = matter_weights(induced, fit)
    np.testing.assert_allclose(got, np.stack([w1, w2, 0.0 * w1], axis=-1), atol=1e-12)


def test_parke_formula_for_the_survival_probability():
    # P_ee = (1 + cos 2θ cos 2θ_m) / 2 from one point, two flavours (Parke, PRL 57 (1986) 1275)
    fit = replace(FIT, sin2_theta13=0.0)
    model = point_source((1.8,))
    potential = MATTER_POTENTIAL * 10.0**1.8
    w1, w2 = two_flavour_weights(2.0 * ENERGY * potential, fit.sin2_theta12, fit.dm2_21)
    expected = 0.5 + 0.5 * (1.0 - 2.0 * fit.sin2_theta12) * (w1 - w2)
    got = surface_probabilities(ENERGY, "x", model, fit)[:, 0]
    np.testing.assert_allclose(got, expected, atol=1e-12)


# --- averages over the Sun -----------------------------------------------------------------------


def test_weights_of_the_reference_calculation(peanuts):
    for source, energy, _, weights in peanuts:
        got = mass_weights(energy, source, SUN, FIT)
        np.testing.assert_allclose(got, weights, atol=2e-4, err_msg=f"{source} {energy}")


def test_probabilities_of_the_reference_calculation(peanuts, validated):
    worst = max(
        np.abs(surface_probabilities(energy, source, SUN, FIT) - probabilities).max()
        for source, energy, probabilities, _ in peanuts
    )
    quantity = "flavour probabilities at the Sun's surface: largest difference"
    validated("oscillations", quantity, worst, 0.0, "PEANUTS, EPJC 84 (2024) 119", abs=1e-4)


def test_reference_calculation_differs_by_its_rounded_constants(peanuts):
    # what is left: its factorised θ12-θ13 mixing in matter, and our fit of the solar model
    for source, energy, probabilities, weights in peanuts:
        e = energy * PEANUTS_ROUNDING
        np.testing.assert_allclose(mass_weights(e, source, SUN, FIT), weights, atol=3e-5)
        np.testing.assert_allclose(
            surface_probabilities(e, source, SUN, FIT), probabilities, atol=1.5e-5
        )


@pytest.mark.parametrize(
    ("source", "energy_mev", "weights", "p_e"),
    [
        # PEANUTS, EPJC 84 (2024) 119, for BS05(OP) and NuFIT 5.3, rounded
        ("pp", 0.3, (0.6618, 0.3161, 0.0221), 0.5439),
        ("7Be", 0.8, (0.6192, 0.3586, 0.0222), 0.5278),
        ("13N", 1.0, (0.6080, 0.3698, 0.0222), 0.5236),
        ("8B", 8.0, (0.1231, 0.8528, 0.0241), 0.3400),
        ("8B", 15.0, (0.0359, 0.9381, 0.0261), 0.3065),
    ],
)
def test_check_values(source, energy_mev, weights, p_e, validated):
    got = mass_weights(energy_mev * MEV, source, SUN, FIT)
    np.testing.assert_allclose(got, weights, atol=2e-4)
    probabilities = surface_probabilities(energy_mev * MEV, source, SUN, FIT)
    quantity = f"P_ee of {source} at {energy_mev:g} MeV"
    code = "PEANUTS, EPJC 84 (2024) 119"
    validated("oscillations", quantity, probabilities[0], p_e, code, abs=2e-4)


@pytest.mark.parametrize("source", SUN.sources)
def test_average_against_adaptive_quadrature(source):
    zones = dict(SUN.zones)[source]
    energy = 6.0 * MEV
    total = np.zeros(3)
    for zone in zones:
        series = np.polynomial.Chebyshev(zone.log_density, domain=[zone.lower, zone.upper])

        def integrand(r, state, series=series):
            induced = 2.0 * energy * MATTER_POTENTIAL * CM**3 * SUN.electron_density(r)
            content = 1.0 if state is None else numerical_weights(induced, FIT)[state]
            return r**2 * np.exp(series(r)) * content

        ends = (zone.lower, zone.upper)
        norm = quad(integrand, *ends, args=(None,), epsabs=0.0, epsrel=1e-9)[0]
        for state in range(3):
            part = quad(integrand, *ends, args=(state,), epsabs=0.0, epsrel=1e-9)[0]
            total[state] += zone.share * part / norm
    np.testing.assert_allclose(mass_weights(energy, source, SUN, FIT), total, atol=1e-9)


@pytest.mark.parametrize("model", SOLAR_MODELS.values(), ids=SOLAR_MODELS)
@pytest.mark.parametrize("name", GLOBAL_FITS)
def test_unitarity_and_positivity(model, name):
    fit = mixing(name)
    for source in model.sources:
        weights = mass_weights(ENERGY, source, model, fit)
        rho = surface_density_matrix(ENERGY, source, model, fit)
        probabilities = surface_probabilities(ENERGY, source, model, fit)
        np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-12)
        np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-12)
        np.testing.assert_allclose(np.trace(rho, axis1=1, axis2=2), 1.0, atol=1e-12)
        np.testing.assert_allclose(rho, rho.conj().swapaxes(1, 2), atol=1e-15)
        assert np.linalg.eigvalsh(rho).min() > 0.0
        np.testing.assert_allclose(
            np.diagonal(rho, axis1=1, axis2=2).real, probabilities, atol=1e-14
        )


def test_density_matrix_has_the_weights_as_eigenvalues_and_pmns_columns_as_states():
    rho = surface_density_matrix(8.0 * MEV, "8B", SUN, FIT)
    weights = mass_weights(8.0 * MEV, "8B", SUN, FIT)
    u = FIT.matrix()
    np.testing.assert_allclose(u.conj().T @ rho @ u, np.diag(weights), atol=1e-14)
    assert abs(rho[1, 2].imag) > 1e-5  # δ = 197° shows: the conjugation is tested, not assumed


def test_density_matrix_does_not_evolve_in_vacuum():
    u = FIT.matrix()
    hamiltonian = (u * np.array([0.0, FIT.dm2_21, FIT.dm2_31])) @ u.conj().T / EV**2
    rho = surface_density_matrix(8.0 * MEV, "8B", SUN, FIT)
    np.testing.assert_allclose(hamiltonian @ rho, rho @ hamiltonian, atol=1e-16)


def test_inverted_ordering_moves_the_third_weight_down():
    # A > 0 pulls ν_e towards ν3 if that is the heavier state, away from it if it is the lighter
    normal = mass_weights(15.0 * MEV, "8B", SUN, mixing("NuFIT-6.0-IC24"))
    inverted = mass_weights(15.0 * MEV, "8B", SUN, mixing("NuFIT-6.0-IC24-IO"))
    assert normal[2] > 0.02215
    assert inverted[2] < 0.02231


def test_any_shape_of_energies():
    flat = mass_weights(ENERGY, "7Be", SUN, FIT)
    np.testing.assert_array_equal(
        mass_weights(ENERGY.reshape(5, 8), "7Be", SUN, FIT), flat.reshape(5, 8, 3)
    )
    np.testing.assert_allclose(mass_weights(ENERGY[3], "7Be", SUN, FIT), flat[3], rtol=1e-14)
    assert surface_density_matrix(ENERGY.reshape(5, 8), "7Be", SUN, FIT).shape == (5, 8, 3, 3)
    assert surface_probabilities([], "7Be", SUN, FIT).shape == (0, 3)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_energies_that_are_none_are_refused(value):
    for function in (mass_weights, surface_density_matrix, surface_probabilities):
        with pytest.raises(PhysicsError, match="is not positive and finite: give energies"):
            function([1.0 * MEV, value * MEV], "8B", SUN, FIT)


def test_unknown_source_is_refused():
    with pytest.raises(PhysicsError, match="'B8': use one of pp, pep"):
        mass_weights(MEV, "B8", SUN, FIT)


def test_parameters_for_which_conversion_is_not_adiabatic_are_refused():
    slow = replace(FIT, dm2_21=1e-8 * EV**2)
    message = r"not adiabatic at 18 MeV .* dm2_21 = 1e-08 eV² \(jump probability 0\.6"
    with pytest.raises(PhysicsError, match=message):
        mass_weights(np.array([1.0, 18.0]) * MEV, "8B", SUN, slow)
    assert mass_weights(1e-3 * MEV, "8B", SUN, slow).sum() == pytest.approx(1.0)


# --- plain integration of the evolution equation -------------------------------------------------


def evolution_hamiltonian(model, fit, energy):
    """H(r) R_⊙/ħc as a function of r/R_⊙, real symmetric: own transcription.

    Without θ23 and δ, which play no part in the evolution of ν_e.
    """
    theta12, theta13 = np.arcsin(np.sqrt([fit.sin2_theta12, fit.sin2_theta13]))
    c12, s12, c13, s13 = np.cos(theta12), np.sin(theta12), np.cos(theta13), np.sin(theta13)
    u = np.array([[c13, 0, s13], [0, 1, 0], [-s13, 0, c13]]) @ np.array(
        [[c12, s12, 0], [-s12, c12, 0], [0, 0, 1]]
    )
    vacuum = u @ np.diag([0.0, fit.dm2_21, fit.dm2_31]) @ u.T / (2.0 * energy)

    def hamiltonian(r):
        potential = MATTER_POTENTIAL * CM**3 * float(model.electron_density(r))
        return SOLAR_RADIUS / HBARC * (vacuum + np.diag([potential, 0.0, 0.0]))

    return hamiltonian


def transitions(model, fit, energy, start, end):
    """|⟨level i at end|S|level j at start⟩|² by integrating i dS/dr = H(r) S, radii in R_⊙."""
    hamiltonian = evolution_hamiltonian(model, fit, energy)

    def derivative(r, s):
        return (-1j * hamiltonian(r) @ s.reshape(3, 3)).ravel()

    solution = solve_ivp(
        derivative,
        (start, end),
        np.eye(3, dtype=complex).ravel(),
        method="DOP853",
        rtol=1e-8,
        atol=1e-10,
        t_eval=[end],
    )
    evolution = solution.y[:, -1].reshape(3, 3)
    _, first = np.linalg.eigh(hamiltonian(start))
    _, last = np.linalg.eigh(hamiltonian(end))
    return np.abs(last.T @ evolution @ first) ** 2


def born_in_levels(model, fit, energy, radius):
    """Share of a ν_e in the levels of ascending mass at the place of its birth."""
    _, states = np.linalg.eigh(evolution_hamiltonian(model, fit, energy)(radius))
    return states[0] ** 2


@pytest.mark.slow
@pytest.mark.parametrize("dm2_31", [3.0e-4, -3.0e-4])
def test_adiabatic_weights_against_integration_through_the_sun(dm2_31):
    # |Δm²31| is small to keep the integration short, θ13 large to make it matter; from the dense
    # side of the resonance to where matter is a few percent of the vacuum term
    fit = replace(FIT, sin2_theta13=0.1, dm2_31=dm2_31 * EV**2)
    energy, start, end = 20.0 * MEV, 0.2, 0.5
    jumps = transitions(SUN, fit, energy, start, end)
    np.testing.assert_allclose(jumps, np.eye(3), atol=1e-5)
    # averaged over the phases of the matter states, so is the flux that leaves the Sun
    weights = mass_weights(energy, "x", point_source(SUN.log10_density, start), fit)
    levels = weights if dm2_31 > 0 else np.roll(weights, 1)  # ascending: ν3 ν1 ν2 if inverted
    born = born_in_levels(SUN, fit, energy, start)
    np.testing.assert_allclose(jumps @ born, levels, atol=1e-5)
