"""Scenarios with one thing changed: the change is that one, and nothing else."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.api import expected_counts, limit_of, upper_limit
from upscatter.detector.quenching import Lindhard
from upscatter.errors import ScenarioError
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    ScaledQuenching,
    threshold,
    with_background,
    with_block,
    with_flux,
    with_solar_model,
    with_threshold,
)
from upscatter.scenario.load import Scenario
from upscatter.units import CM, KEV, SECOND

BOTH = (
    'flat = "0.01 / (keVee kg day)"\npoints = [[0.1, 2.0], [3.0, 1.0]]\n'
    'rate = "0.02 / (keVee kg day)"'
)


def parse(directory=None, **parts):
    return Scenario.parse(scenario(**parts), "mine", directory)


def limits(changed):
    return upper_limit(changed, [0.01, 5.0]).mu


class TestFlux:
    @pytest.mark.parametrize("flux", ["", 'fluxes = { "8B" = "5.25e6 / (cm^2 s)" }'])
    def test_times_a_factor(self, flux):
        original = parse(flux=flux)
        changed = with_flux(original, "8B", 1.3)
        before, after = expected_counts(original), expected_counts(changed)
        for part in ("sm", "dipole"):
            old, new = getattr(before, part), getattr(after, part)
            assert old["8B"].any()
            np.testing.assert_allclose(new["8B"], 1.3 * old["8B"], rtol=1e-12)
            np.testing.assert_array_equal(new["hep"], old["hep"])
        np.testing.assert_array_equal(after.background, before.background)

    def test_the_original_stays_and_digests_differ(self):
        original = parse()
        digest = original.digest
        assert with_flux(original, "8B", 1.3).digest != digest
        assert original.digest == digest
        assert original.settings.flux.fluxes == {}


class TestBackground:
    def test_flat_and_table_times_a_factor(self):
        original = parse(background=BOTH)
        before, after = (
            expected_counts(s).background for s in (original, with_background(original, 0.37))
        )
        np.testing.assert_allclose(after, 0.37 * before, rtol=1e-12)

    def test_a_flat_one_has_no_table_afterwards(self):
        block = with_background(parse(), 2.0).described.background
        assert block.rate is None
        assert not block.has_table


class TestSolarModel:
    def test_what_the_scenario_states_stays(self):
        flux = 'fluxes = { "8B" = "5.25e6 / (cm^2 s)" }\nuncertainty = { "8B" = 0.04, hep = 0.2 }'
        block = with_solar_model(parse(flux=flux), "B16-AGSS09met").settings.flux
        assert block.model == "B16-AGSS09met"
        assert block.fluxes["8B"] * CM**2 * SECOND == pytest.approx(5.25e6)
        assert block.relative_uncertainties == {"8B": 0.04, "hep": 0.2}

    def test_what_it_does_not_state_is_the_other_models(self):
        block = with_solar_model(parse(), "B16-GS98").settings.flux
        assert block.active == ("8B", "hep")
        # Vinyoles et al., arXiv:1611.09867
        assert block.relative_uncertainties == {"8B": 0.12, "hep": 0.30}

    def test_an_uncertainty_that_the_other_model_lacks_stays(self):
        flux = 'model = "B16-GS98"\nsources = ["8B", "7Be", "pp"]'
        block = with_solar_model(parse(flux=flux), "BS05-OP").settings.flux
        assert block.active == ("8B", "7Be", "pp")
        assert block.relative_uncertainties == {"8B": 0.16, "7Be": 0.06, "pp": 0.006}


EDGES = '["0.5 keVnr", "0.16 keVee", "0.4 keVee", "2 keVee"]'


class TestThreshold:
    def test_of_a_region(self):
        changed = with_threshold(Model(parse()), 0.3 * KEV)
        written = parse(detector=detector(region='["0.3 keVee", "2.16 keVee"]'))
        np.testing.assert_allclose(limits(changed), limits(written), rtol=1e-12)
        assert changed.described.detector.bins == 4

    def test_keeps_its_scale(self):
        original = parse(detector=detector(region='["0.5 keVnr", "2 keVee"]'))
        changed = with_threshold(Model(original), 0.9 * KEV)
        assert threshold(changed.described.detector).recoil
        written = parse(detector=detector(region='["0.9 keVnr", "2 keVee"]'))
        np.testing.assert_allclose(limits(changed), limits(written), rtol=1e-12)

    @pytest.mark.parametrize(
        ("value", "edges"),
        [
            ("0.7", '["0.7 keVnr", "0.16 keVee", "0.4 keVee", "2 keVee"]'),
            # 0.18 × 1 keVnr lies above 0.16 keVee, which is no edge any more.
            ("1", '["1 keVnr", "0.4 keVee", "2 keVee"]'),
            ("3", '["3 keVnr", "2 keVee"]'),
            ("0.2", '["0.2 keVnr", "0.16 keVee", "0.4 keVee", "2 keVee"]'),
        ],
    )
    def test_of_bin_edges_drops_those_below_it(self, value, edges):
        original = parse(detector=detector(region=None, bins=None, bin_edges=EDGES))
        changed = with_threshold(Model(original), float(value) * KEV)
        written = parse(detector=detector(region=None, bins=None, bin_edges=edges))
        assert changed.described.detector.bin_edges == written.described.detector.bin_edges
        np.testing.assert_allclose(limits(changed), limits(written), rtol=1e-12)

    def test_above_all_edges_is_refused(self):
        original = parse(detector=detector(region=None, bins=None, bin_edges=EDGES))
        with pytest.raises(ScenarioError, match=r"^mine: bin_edges: none is above the threshold"):
            with_threshold(Model(original), 30.0 * KEV)


class TestQuenching:
    @pytest.mark.parametrize(
        ("given", "scaled"),
        [
            ('{ model = "lindhard", k = 0.15 }', '{ model = "lindhard", k = 0.165 }'),
            ('{ model = "constant", value = 0.3 }', '{ model = "constant", value = 0.33 }'),
            ('{ model = "constant", value = 0.95 }', '{ model = "constant", value = 1.0 }'),
            (
                '{ model = "table", points = [[0.01, 0.1], [5.0, 0.3], [300.0, 0.95]] }',
                '{ model = "table", points = [[0.01, 0.11], [5.0, 0.33], [300.0, 1.0]] }',
            ),
            ('"essig-high"', '{ model = "essig-high", plateau = 0.198 }'),
        ],
    )
    def test_parameter_times_a_factor(self, given, scaled):
        changed = ScaledQuenching(parse(detector=detector(quenching=given)), None, 1.1)
        written = Model(parse(detector=detector(quenching=scaled)))
        recoils = np.geomspace(0.02, 250.0, 50) * KEV
        yields = (m.quenching(m.nuclei[0]).ionization_yield(recoils) for m in (changed, written))
        np.testing.assert_allclose(*yields, rtol=1e-12)
        mus = (limit_of(model, [0.01, 5.0]).mu for model in (changed, written))
        np.testing.assert_allclose(*mus, rtol=1e-10)

    def test_of_a_table_in_a_file(self, tmp_path):
        (tmp_path / "yield.csv").write_text("0.01, 0.1\n5.0, 0.3\n300, 0.95\n")
        original = parse(
            tmp_path, detector=detector(quenching='{ model = "table", file = "yield.csv" }')
        )
        model = ScaledQuenching(original, None, 0.9)
        assert model.quenching(model.nuclei[0]).yields == pytest.approx((0.09, 0.27, 0.855))

    def test_each_nucleus_keeps_its_own_k(self):
        original = parse(
            target='element = "CaWO4"', detector=detector(quenching='{ model = "lindhard" }')
        )
        model = ScaledQuenching(original, None, 0.9)
        for nucleus in model.nuclei:
            # Lewin and Smith 1996, section 3.4
            k = 0.133 * nucleus.protons ** (2 / 3) * nucleus.nucleons**-0.5
            assert model.quenching(nucleus) == Lindhard(nucleus.protons, pytest.approx(0.9 * k))


def test_other_fields_stay():
    original = parse()
    changed = with_block(original, "physics", form_factor="helm")
    assert changed.settings.physics.form_factor == "helm"
    for name in ("target", "detector", "background", "flux", "statistics"):
        assert getattr(changed.settings, name) == getattr(original.settings, name)
