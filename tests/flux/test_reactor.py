"""The flux of a reactor: its number, its parts, its uncertainties and flavours."""

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.constants import JOULE
from upscatter.flux.coupling import Coupling, coupling
from upscatter.flux.reactor import (
    Reactor,
    ReactorSpectrum,
    fissions_of_cores,
    fissions_of_flux,
)
from upscatter.inputs.fission import FissionSpectrum, fuel, mean_energy
from upscatter.inputs.spectra import tabulated_spectrum
from upscatter.units import CM, METRE, MEV, SECOND

PWR = fuel("pwr").fractions
PER_AREA = 1.0 / (CM**2 * SECOND)
LEIBSTADT = ((3.6e9 * JOULE / SECOND, 20.7 * METRE),)


def reactor(*, capture=True, **fields):
    spectrum = ReactorSpectrum(PWR, capture=capture)
    return Reactor(spectrum, fissions_of_cores(LEIBSTADT, mean_energy(PWR)), **fields)


def total(source):
    return sum(part.total for parts in source.components.values() for part in parts)


class TestNumber:
    def test_of_a_reactor_of_3_6_gw_at_20_7_m(self, validated):
        """1.4e13 with the decays after capture, 1.14e13 without, and 1.5e13 in arXiv:2412.13707."""
        assert total(reactor()) / PER_AREA == pytest.approx(1.4e13, rel=0.03)
        without = total(reactor(capture=False)) / PER_AREA
        quantity = "antineutrinos of 3.6 GW at 20.7 m, without captures [1 / (cm² s)]"
        validated(
            "fluxes and spectra", quantity, without, 1.14e13, "an independent number", rel=0.01
        )

    def test_antineutrinos_of_a_fission(self):
        """Sums of isotopes: 5.6 and 1.2 after capture; evaluations have 6.0 and 1.2."""
        expected = sum(share * FissionSpectrum(i).number for i, share in PWR.items())
        assert ReactorSpectrum(PWR, capture=False).number == pytest.approx(expected, rel=1e-8)
        assert ReactorSpectrum(PWR).number == pytest.approx(expected + 1.2, rel=1e-7)
        assert ReactorSpectrum(PWR).number == pytest.approx(7.2, rel=0.06)

    def test_by_hand(self):
        per_second = 3.6e9 / (206.1313e6 * 1.602176634e-19)
        assert fissions_of_cores(LEIBSTADT, mean_energy(PWR)) / PER_AREA == pytest.approx(
            per_second / (4.0 * np.pi * 2070.0**2), rel=1e-6
        )

    def test_cores_add_up(self):
        near, far = ((1.0, 70.0 * METRE),), ((2.0, 100.0 * METRE),)
        together = fissions_of_cores(near + far, 200.0 * MEV)
        apart = fissions_of_cores(near, 200.0 * MEV) + fissions_of_cores(far, 200.0 * MEV)
        assert together == pytest.approx(apart, rel=1e-12)

    @pytest.mark.parametrize("capture", [True, False])
    def test_of_a_stated_flux(self, capture):
        spectrum = ReactorSpectrum(PWR, 8.0 * MEV, capture)
        source = Reactor(spectrum, fissions_of_flux(4.8e13 * PER_AREA, spectrum))
        assert total(source) / PER_AREA == pytest.approx(4.8e13, rel=1e-9)


class TestParts:
    def test_isotopes_add_up_to_the_whole(self):
        whole = reactor().components["reactor"][0]
        split = reactor(fuel_errors={"235U": 0.02}).components
        assert list(split) == [*(f"reactor {i}" for i in PWR), "reactor capture"]
        energy = np.geomspace(0.01, 9.9, 300) * MEV
        together = sum(part.density(energy) for parts in split.values() for part in parts)
        np.testing.assert_allclose(together, whole.density(energy), rtol=1e-12)
        moments = [part.moments(energy) for parts in split.values() for part in parts]
        for k, expected in enumerate(whole.moments(energy)):
            found = np.sum([m[k] for m in moments], axis=0)
            np.testing.assert_allclose(found, expected, rtol=1e-7)

    def test_isotopes_without_a_share_are_left_out(self):
        source = Reactor(ReactorSpectrum({"235U": 1.0}, capture=False), 1.0, 0.0, {"235U": 0.1})
        assert list(source.components) == ["reactor 235U"]

    def test_the_end_cuts_everything(self):
        (part,) = Reactor(ReactorSpectrum(PWR, 1.0 * MEV), 1.0).components["reactor"]
        assert part.endpoint == 1.0 * MEV
        assert float(part.density(np.array(1.0001 * MEV))) == 0.0
        assert float(part.density(np.array(0.9999 * MEV))) > 0.0

    def test_a_table_of_ones_own(self):
        table = tabulated_spectrum("reactor", np.array([1.8, 4.0, 8.0]) * MEV, [1.0, 0.5, 0.0])
        spectrum = ReactorSpectrum(PWR, 6.0 * MEV, False, table, 3.0)
        (part,) = Reactor(spectrum, 2.0 * PER_AREA).components["reactor"]
        expected = quad(lambda e: float(table.density(e)), 1.8 * MEV, 6.0 * MEV, points=[4.0 * MEV])
        assert part.total / PER_AREA == pytest.approx(2.0 * 3.0 * expected[0], rel=1e-8)
        with_capture = ReactorSpectrum(PWR, 6.0 * MEV, True, table, 3.0)
        assert with_capture.number == pytest.approx(spectrum.number + 1.2, rel=1e-6)


class TestUncertainties:
    def test_one_cause_for_all(self):
        assert reactor(error=0.03).causes == {"reactor": {"reactor": 0.03}}

    def test_shares_of_isotopes(self):
        causes = reactor(error=0.03, fuel_errors={"239Pu": 0.05}).causes
        assert causes["reactor"] == dict.fromkeys(
            [*(f"reactor {i}" for i in PWR), "reactor capture"], 0.03
        )
        assert causes["reactor 239Pu"] == {"reactor 239Pu": 0.05}
        assert len(causes) == 2


class TestFlavours:
    def test_antineutrinos_of_the_electron(self):
        source = reactor()
        assert source.antineutrinos("reactor")
        rho = source.density_matrix(np.array([1.0, 5.0]) * MEV, "reactor")
        np.testing.assert_array_equal(rho[1], np.diag([1.0, 0.0, 0.0]))

    @pytest.mark.parametrize(("name", "share"), [("universal", 1.0), ("e", 1.0), ("mu", 0.0)])
    def test_couplings(self, name, share):
        source = reactor()
        (part,) = source.coupled(coupling(name))["reactor"]
        assert part.total == pytest.approx(share * total(source), rel=1e-12, abs=0.0)

    def test_own_couplings(self):
        source = reactor()
        (part,) = source.coupled(Coupling("custom", (0.5j, 1.0, 0.0)))["reactor"]
        assert part.total == pytest.approx(0.25 * total(source), rel=1e-12)
        energy = np.array([[0.5, 3.0], [4.0, 9.0]]) * MEV
        weight = source.coupling_weight("reactor", Coupling("custom", (0.5j, 1.0, 0.0)))
        np.testing.assert_allclose(weight(energy), 0.25)
