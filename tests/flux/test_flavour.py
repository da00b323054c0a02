"""Flavours at the detector, and the interpolation that a limit takes them from."""

import csv
from dataclasses import replace

import numpy as np
import pytest

import upscatter.flux.flavour as flavour_module
from upscatter.errors import PhysicsError
from upscatter.flux.arrival import flux_components
from upscatter.flux.conversion import mass_weights, surface_density_matrix
from upscatter.flux.coupling import Coupling, coupling
from upscatter.flux.flavour import DAY, SolarFlavour
from upscatter.flux.nadir import annual_livetime
from upscatter.flux.regeneration import averaged_projectors
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import Mixing, mixing
from upscatter.inputs.spectra import SOURCES, Lines, solar_spectrum
from upscatter.inputs.sun import solar_model
from upscatter.units import CM, EV, MEV, SECOND

SUN = solar_model("BS05-OP")
FIT = mixing("NuFIT-5.3")
COMPLEX = Coupling("custom", (1.0, 0.5 + 0.7j, -0.8j), "exact")
COUPLINGS = (*map(coupling, ("e", "mu", "tau")), coupling("universal", "exact"), COMPLEX)
LABORATORIES = ("CJPL", "LNGS", "SNOLAB", "Stawell", "Pyhäsalmi")


def at(laboratory, part="both", fit=FIT):
    return SolarFlavour(SUN, fit, annual_livetime(latitude(laboratory)).select(part))


def end_of(source):
    spectrum = solar_spectrum(source)
    return max(spectrum.energies) if isinstance(spectrum, Lines) else spectrum.endpoint


def energies_of(source, lowest=0.003 * MEV, number=25):
    """Energies off every grid, half of them even in ln E and half in E."""
    rng = np.random.default_rng(list(source.encode()))
    logarithmic = np.exp(rng.uniform(np.log(lowest), np.log(end_of(source)), number))
    return np.sort(np.concatenate([logarithmic, rng.uniform(lowest, end_of(source), number)]))


def deviation(flavour, source, energies):
    """Largest deviation of an interpolated weight from the density matrix, over |c|²."""
    rho = flavour.density_matrix(energies, source)
    return max(
        float(np.abs(flavour.coupling_weight(source, c)(energies) - c.effective_squared(rho)).max())
        / sum(abs(x) ** 2 for x in c.components)
        for c in COUPLINGS
    )


class TestDensityMatrix:
    @pytest.mark.parametrize("source", SOURCES)
    def test_is_one(self, source):
        rho = at("LNGS").density_matrix(energies_of(source, number=8), source)
        np.testing.assert_allclose(rho, rho.conj().swapaxes(-1, -2), atol=1e-12)
        np.testing.assert_allclose(np.trace(rho, axis1=-2, axis2=-1), 1.0, atol=1e-12)
        assert np.linalg.eigvalsh(rho).min() > -1e-12

    @pytest.mark.parametrize("source", SOURCES)
    def test_by_day_it_is_that_of_the_surface_of_the_sun(self, source):
        energies = energies_of(source, number=8)
        day = SolarFlavour(SUN, FIT).density_matrix(energies, source)
        surface = surface_density_matrix(energies, source, SUN, FIT)
        np.testing.assert_allclose(day, surface, atol=1e-13)

    def test_a_year_is_day_and_night_by_their_shares(self):
        energies, year = energies_of("8B", MEV, number=5), at("SNOLAB")
        day, night = (
            at("SNOLAB", part).density_matrix(energies, "8B") for part in ("day", "night")
        )
        share = year.livetime.day
        expected = share * day + (1.0 - share) * night
        np.testing.assert_allclose(year.density_matrix(energies, "8B"), expected, atol=1e-12)

    def test_probabilities_are_its_diagonal(self):
        flavour = at("CJPL")
        rho = flavour.density_matrix([5.0 * MEV, 12.0 * MEV], "8B")
        p = flavour.probabilities([5.0 * MEV, 12.0 * MEV], "8B")
        np.testing.assert_array_equal(p, np.einsum("naa->na", rho).real)

    @pytest.mark.parametrize("state", range(3))
    def test_couplings_along_a_mass_state_measure_its_weight_by_day(self, state):
        """c_α = U_αi: Σ c_α* ρ_αβ c_β = w_i, as ρ = Σ_i w_i U_i U_i†."""
        fit = mixing("NuFIT-6.0-IC24-IO")  # δ = 274°, far from real
        along = Coupling("custom", tuple(fit.matrix()[:, state].tolist()), "exact")
        energies = np.array([0.2, 1.0, 5.0, 14.0]) * MEV
        weights = mass_weights(energies, "8B", SUN, fit)[:, state]
        flavour = SolarFlavour(SUN, fit)
        rho = flavour.density_matrix(energies, "8B")
        np.testing.assert_allclose(along.effective_squared(rho), weights, atol=1e-13)
        np.testing.assert_allclose(
            flavour.coupling_weight("8B", along)(energies), weights, atol=1e-8
        )

    def test_without_mixing_all_stays_electron(self):
        unmixed = Mixing(0.0, 0.0, 0.572, 3.4, 7.41e-5 * EV**2, 2.511e-3 * EV**2)
        # Levels cross without mixing, which is not adiabatic: θ12 > 45° exchanges ν1 and ν2.
        swapped = Mixing(1.0, 0.0, 0.572, 3.4, 7.41e-5 * EV**2, 2.511e-3 * EV**2)
        with pytest.raises(PhysicsError, match="not adiabatic"):
            SolarFlavour(SUN, unmixed).probabilities(10.0 * MEV, "8B")
        p = SolarFlavour(SUN, swapped).probabilities(10.0 * MEV, "8B")
        np.testing.assert_allclose(p, [[1.0, 0.0, 0.0]], atol=1e-12)

    def test_reference_by_day_night_and_year(self, reference):
        """PEANUTS (EPJC 84 (2024) 119), good to about 1e-3 by its own sampling of angles."""
        worst = 0.0
        with (reference / "oscillation" / "year_bs05op.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        parts = {"all": "both", "day": "day", "night": "night"}
        for degrees in {row["latitude_deg"] for row in rows}:
            exposure = annual_livetime(float(np.deg2rad(float(degrees))))
            for name, part in parts.items():
                chosen = [r for r in rows if (r["latitude_deg"], r["daynight"]) == (degrees, name)]
                energies = np.array([float(r["E_MeV"]) for r in chosen]) * MEV
                expected = [[float(r[f"P_{f}"]) for f in ("e", "mu", "tau")] for r in chosen]
                flavour = SolarFlavour(SUN, FIT, exposure.select(part))
                value = flavour.probabilities(energies, "8B")
                worst = max(worst, float(np.abs(value - expected).max()))
        assert worst < 1e-3

    @pytest.mark.parametrize(
        ("degrees", "part", "survival"),
        [(28.2, "day", 0.3241), (28.2, "night", 0.3359), (42.4, "night", 0.3358)],
    )
    def test_quoted_survival_at_10_mev(self, degrees, part, survival):
        """8B, PEANUTS (EPJC 84 (2024) 119) with the parameters of NuFIT-5.3 and BS05(OP)."""
        exposure = annual_livetime(float(np.deg2rad(degrees))).select(part)
        p = SolarFlavour(SUN, FIT, exposure).probabilities(10.0 * MEV, "8B")
        assert p[0, 0] == pytest.approx(survival, abs=1e-3)


class TestInterpolation:
    @pytest.mark.parametrize("laboratory", LABORATORIES)
    def test_all_year_every_source_and_coupling(self, laboratory):
        flavour = at(laboratory)
        worst = {source: deviation(flavour, source, energies_of(source)) for source in SOURCES}
        assert max(worst.values()) < 2e-4, worst

    def test_where_the_earth_oscillates_fastest_in_energy(self):
        for laboratory in ("Boulby", "INO", "Stawell"):
            energies = np.linspace(2.0, 6.0, 301) * MEV
            assert deviation(at(laboratory), "8B", energies) < 2e-4

    def test_by_night_alone_against_a_finer_average(self):
        """At 3 MeV the average itself is good to 2e-4 by night; see `annual_livetime`."""
        place = latitude("Stawell")
        coarse, fine = (
            SolarFlavour(SUN, FIT, annual_livetime(place, resolution=r).select("night"))
            for r in (170.0, 400.0)
        )
        energies = np.linspace(0.5, 18.0, 150) * MEV
        for which in COUPLINGS:
            value = coarse.coupling_weight("8B", which)(energies)
            expected = which.effective_squared(fine.density_matrix(energies, "8B"))
            scale = sum(abs(x) ** 2 for x in which.components)
            np.testing.assert_allclose(value / scale, expected / scale, atol=2e-4)

    @pytest.mark.parametrize("fit", ["NuFIT-5.3", "NuFIT-6.0-IC24-IO"])
    def test_by_day(self, fit):
        flavour = SolarFlavour(SUN, mixing(fit))
        worst = {source: deviation(flavour, source, energies_of(source)) for source in SOURCES}
        assert max(worst.values()) < 1e-5, worst

    def test_below_the_grid(self):
        energies = np.geomspace(1e-6, 3e-3, 20) * MEV
        for source in ("pp", "8B"):
            assert deviation(at("LNGS"), source, energies) < 1e-4

    def test_up_to_the_greatest_energy_of_a_users_spectrum(self):
        flavour = SolarFlavour(SUN, FIT, highest=40.0 * MEV)
        energies = np.array([18.9, 25.3, 39.99]) * MEV
        assert deviation(flavour, "8B", energies) < 1e-5

    def test_the_earth_is_crossed_once_for_all_sources_and_couplings(self, monkeypatch):
        crossings = []

        def counted(*arguments):
            crossings.append(arguments)
            return averaged_projectors(*arguments)

        monkeypatch.setattr(flavour_module, "averaged_projectors", counted)
        for _ in range(2):  # as two scenarios of one place
            flavour = replace(at("LNGS"), highest=19.31 * MEV)  # that no other test has
            for source in ("8B", "hep", "7Be"):
                for which in COUPLINGS:
                    flavour.coupling_weight(source, which)(np.array([5.0 * MEV]))
        assert len(crossings) == 1

    def test_another_place_is_crossed_anew(self):
        energies = np.array([10.0 * MEV])
        electron = coupling("e")
        weights = [at(lab).coupling_weight("8B", electron)(energies) for lab in ("LNGS", "SNOLAB")]
        assert weights[0] != weights[1]

    def test_universal_and_incoherent_is_one(self):
        weight = at("LNGS").coupling_weight("8B", coupling("universal"))
        np.testing.assert_allclose(weight(energies_of("8B")), 1.0, atol=1e-12)


class TestLines:
    @pytest.mark.parametrize("source", ["7Be", "pep"])
    @pytest.mark.parametrize("which", COUPLINGS, ids=lambda c: f"{c.name}-{c.flavour_sum}")
    def test_have_the_weight_of_their_energy(self, source, which):
        flavour = at("LNGS")
        lines = flux_components(source, solar_spectrum(source), 1e9 / (CM**2 * SECOND))
        for line in lines:
            weighted = line.weighted(flavour.coupling_weight(source, which))
            rho = flavour.density_matrix(line.endpoint, source)
            expected = line.total * float(which.effective_squared(rho)[0])
            assert weighted.density is None
            assert weighted.endpoint == line.endpoint
            assert weighted.total == pytest.approx(expected, rel=2e-4)

    def test_two_lines_of_beryllium_differ(self):
        weight = SolarFlavour(SUN, FIT).coupling_weight("7Be", coupling("e"))
        low, high = weight(np.array([0.3843, 0.8613]) * MEV)
        assert low - high > 0.01


def test_day_has_no_night():
    assert DAY.day == 1.0
    assert DAY.nadir == ()
