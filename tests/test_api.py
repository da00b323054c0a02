"""The Python interface: contracts, anchors from elsewhere, independence of how it is written."""

import numpy as np
import pytest

import upscatter
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.scenario.load import Scenario
from upscatter.studies.counts import expected_counts, recoil_spectrum
from upscatter.studies.limits import upper_limit

COUNTING = """
title = "Recoils of one source above a threshold"
[target]
element = "{element}"
[detector]
exposure = "1 t yr"
region = ["{threshold} keVee", "30 keVee"]
bins = 1
quenching = {{ model = "constant", value = 1.0 }}
[flux]
model = "BS05-OP"
sources = {sources}
fluxes = {fluxes}
"""


def counting(element, threshold, sources='["8B"]', fluxes='{ "8B" = "5.25e6 / (cm^2 s)" }'):
    text = COUNTING.format(element=element, threshold=threshold, sources=sources, fluxes=fluxes)
    return Scenario.parse(text, "counting")


class TestAnchors:
    @pytest.mark.parametrize(
        ("element", "threshold", "events"),
        [("Ge", 0.5, 249.0), ("Ge", 1.0, 134.0), ("Xe", 0.5, 300.0), ("Xe", 1.0, 91.0)],
    )
    def test_boron_recoils_of_an_independent_public_code(
        self, element, threshold, events, validated
    ):
        """⁸B at 5.25e6/(cm² s): recoils per tonne year, quoted to 2 %."""
        ours = expected_counts(counting(element, threshold)).sm["8B"].sum()
        quantity = f"8B recoils in {element} above {threshold:g} keVnr per t yr"
        validated("counts", quantity, ours, events, "an independent public code", rel=0.02)

    def test_standard_model_background_of_the_paper(self, validated):
        """About 146 CEvNS events per tonne year above 1 keVnr in Ge with BS05(OP)."""
        counts = expected_counts(counting("Ge", 1.0, '["8B", "hep"]', "{}"))
        total = sum(n.sum() for n in counts.sm.values())
        paper = "Demirci and Mustamin, DOI 10.31526/PHEP.2025.09"
        quantity = "CEvNS of 8B and hep in Ge above 1 keVnr per t yr"
        validated("counts", quantity, total, 146.0, paper, rel=0.005)


class TestUpperLimit:
    def test_masses_in_any_order_and_out_of_reach(self):
        curve = upper_limit("ge-nextgen", [30.0, 5.0, 0.0])
        assert np.isnan(curve.mu[0])
        assert curve.remarks == ("out of reach, without a limit: m4 above 18.78 MeV",)
        assert curve.mu[1] > curve.mu[2]
        assert curve.mass == pytest.approx([30.0, 5.0, 0.0])

    def test_default_masses_reach_the_end_of_hep(self):
        curve = upper_limit("ge-nextgen")
        assert curve.mass.size == 200
        assert curve.mass[0] == pytest.approx(0.01)
        assert 18.7 < curve.mass[-1] < 18.784
        assert np.isfinite(curve.mu).all()

    def test_one_mass_is_like_a_whole_curve(self):
        whole = upper_limit("ge-future")
        for i in (0, 60, 120, 180, 195):
            alone = upper_limit("ge-future", [whole.mass[i]])
            assert alone.mu[0] == pytest.approx(whole.mu[i], rel=1e-9)

    def test_low_mass_limit_is_reached(self):
        massless, light = upper_limit("ge-nextgen", [0.0, 0.01]).mu
        assert light == pytest.approx(massless, rel=1e-6)

    @pytest.mark.parametrize("mass", [-1.0, np.nan, np.inf])
    def test_impossible_masses_are_refused(self, mass):
        with pytest.raises(PhysicsError, match="mass"):
            upper_limit("ge-nextgen", [mass])

    @pytest.mark.parametrize("jobs", [0, -5, 2.5, "2"])
    def test_a_number_of_processes_is_one_or_more(self, jobs):
        with pytest.raises(PhysicsError, match=r"^jobs: .* is (not 1 or more|no whole number); "):
            upper_limit("ge-nextgen", [1.0], jobs=jobs)

    def test_units_of_the_scenario_do_not_matter(self):
        one = Scenario.load("ge-nextgen")
        text = one.text.replace('"150 kg yr"', '"0.15 tonne year"')
        text = text.replace('"0.01 / (keVee kg day)"', '"3.6525 / (keVee kg yr)"')
        text = text.replace('["0.16 keVee", "2.16 keVee"]', '["160 eVee", "0.00216 MeVee"]')
        other = Scenario.parse(text, "other")
        assert text != one.text
        masses = [0.01, 5.0, 15.0]
        np.testing.assert_allclose(
            upper_limit(other, masses).mu, upper_limit(one, masses).mu, rtol=1e-10
        )

    @pytest.mark.parametrize("significance", ["3", 0.0, -1.0, np.nan, 31.0])
    def test_a_significance_that_is_none(self, significance):
        with pytest.raises(
            ScenarioError, match=r"standard deviations are not above 0 and up to 30"
        ):
            upper_limit("ge-nextgen", [1.0], discovery=significance)

    def test_provenance_says_what_was_chosen(self):
        origin = upper_limit("ge-nextgen", [1.0]).provenance
        assert origin["upscatter"]
        assert origin["solar_model"] == "BS05-OP"
        assert origin["quenching"] == "essig-high"
        assert len(str(origin["scenario_sha256"])) == 12


class TestExpectedCounts:
    def test_contract(self):
        content = expected_counts("ge-nextgen", 1e-9, 0.01).to_dict()
        assert {"bin_edges_keVee", "counts"} <= set(content)
        counts = content["counts"]
        assert set(counts) == {"background", "sm", "dipole"}
        assert len(content["bin_edges_keVee"]) == 21
        assert all(len(counts[kind]["8B"]) == 20 for kind in ("sm", "dipole"))

    def test_signal_is_quadratic_in_mu(self):
        one, three = (expected_counts("ge-nextgen", mu, 2.0).signal["8B"] for mu in (1e-9, 3e-9))
        np.testing.assert_allclose(three, 9.0 * one, rtol=1e-12)

    def test_out_of_reach_is_nothing(self):
        counts = expected_counts("ge-nextgen", 1e-9, 40.0)
        assert all((n == 0.0).all() for n in counts.signal.values())

    def test_background_of_the_paper(self):
        """0.01/(keVee kg day) × 150 kg yr × 2 keVee."""
        total = expected_counts("ge-nextgen").background.sum()
        assert total == pytest.approx(0.01 * 150 * 365.25 * 2.0)

    def test_spectrum_integrates_to_the_counts(self):
        """dR/dT_nr over the recoils of the region, by the trapezoidal rule, against the bins."""
        scenario = counting("Ge", 1.0)
        energies = np.linspace(1.0, 9.0, 4001)
        rate = recoil_spectrum(scenario, energies)["8B"]
        events = np.trapezoid(rate, energies) * 365.25 * 1000.0
        assert events == pytest.approx(expected_counts(scenario).sm["8B"].sum(), rel=1e-5)

    def test_the_standard_model_knows_no_sterile_mass(self):
        one, two = (recoil_spectrum("ge-nextgen", [0.5, 2.0], mass=m)["8B"] for m in (0.01, 9.0))
        assert (one == two).all()

    def test_no_recoil_energy_is_refused(self):
        with pytest.raises(PhysicsError, match="positive"):
            recoil_spectrum("ge-nextgen", [0.0, 1.0])


class TestPackage:
    def test_public_names_are_loaded_when_used(self):
        assert set(upscatter.__all__) <= set(dir(upscatter))
        for name in upscatter.__all__:
            assert getattr(upscatter, name) is not None

    def test_unknown_names_are_errors(self):
        with pytest.raises(AttributeError, match="nonsense"):
            _ = upscatter.nonsense


def test_recoils_of_electrons_alone_have_no_spectrum_of_nuclear_recoils():
    pytest.importorskip("xraydb", reason="xraydb is an optional extra")
    with pytest.raises(ScenarioError, match=r"darwin-er: has target\.recoils .* use expected"):
        recoil_spectrum("darwin-er", [1.0])
