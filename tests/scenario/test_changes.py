"""Changes of one input of a scenario: that one changes, and nothing else."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.detector.quenching import Lindhard
from upscatter.errors import ScenarioError
from upscatter.experiments.described import Described
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    chosen_sources,
    exposure,
    moved_threshold,
    scaled_background,
    scaled_quenching,
    solar_model,
    threshold,
)
from upscatter.scenario.load import Scenario
from upscatter.studies.counts import expected_counts
from upscatter.studies.limits import limit_of, upper_limit
from upscatter.units import CM, KEV, KG, SECOND, YEAR

BOTH = (
    'flat = "0.01 / (keVee kg day)"\npoints = [[0.1, 2.0], [3.0, 1.0]]\n'
    'rate = "0.02 / (keVee kg day)"'
)


def parse(directory=None, **parts):
    return Scenario.parse(scenario(**parts), "mine", directory)


def limits(changed):
    return upper_limit(changed, [0.01, 5.0]).mu


class TestSources:
    def test_values_of_other_sources_are_removed(self):
        original = Scenario.load("xe-darwin")
        changed = original.replaced(chosen_sources(original, ["hep", "7Be"]))
        flux = changed.settings.flux
        assert flux.active == ("hep", "7Be")
        assert (flux.uncertainty, flux.fluxes) == ({"hep": 0.30}, {})

    def test_the_same_sources_are_the_same_scenario(self):
        original = Scenario.load("xe-darwin")
        same = original.replaced(chosen_sources(original, ["8B", "hep"]))
        assert same.digest == original.digest

    def test_a_flux_block_is_made_where_there_is_none(self):
        bare = Scenario.load("xe-darwin").replaced("flux", None)
        changed = bare.replaced(chosen_sources(bare, ["8B"]))
        assert changed.settings.flux.active == ("8B",)


class TestBackground:
    def test_flat_and_table_times_a_factor(self):
        original = parse(background=BOTH)
        changed = original.replaced(scaled_background(original, 0.37))
        before, after = (expected_counts(s).background for s in (original, changed))
        np.testing.assert_allclose(after, 0.37 * before, rtol=1e-12)

    def test_a_flat_one_has_no_table_afterwards(self):
        block = parse().replaced(scaled_background(parse(), 2.0)).described.background
        assert block.rate is None
        assert not block.has_table


class TestSolarModel:
    def test_what_the_scenario_states_stays(self):
        flux = 'fluxes = { "8B" = "5.25e6 / (cm^2 s)" }\nuncertainty = { "8B" = 0.04, hep = 0.2 }'
        block = (
            parse(flux=flux).replaced(solar_model(parse(flux=flux), "B16-AGSS09met")).settings.flux
        )
        assert block.model == "B16-AGSS09met"
        assert block.fluxes["8B"] * CM**2 * SECOND == pytest.approx(5.25e6)
        assert block.relative_uncertainties == {"8B": 0.04, "hep": 0.2}

    def test_what_it_does_not_state_is_the_other_models(self):
        block = parse().replaced(solar_model(parse(), "B16-GS98")).settings.flux
        assert block.active == ("8B", "hep")
        # Vinyoles et al., arXiv:1611.09867
        assert block.relative_uncertainties == {"8B": 0.12, "hep": 0.30}

    def test_an_uncertainty_that_the_other_model_lacks_stays(self):
        flux = 'model = "B16-GS98"\nsources = ["8B", "7Be", "pp"]'
        block = parse(flux=flux).replaced(solar_model(parse(flux=flux), "BS05-OP")).settings.flux
        assert block.active == ("8B", "7Be", "pp")
        assert block.relative_uncertainties == {"8B": 0.16, "7Be": 0.06, "pp": 0.006}


EDGES = '["0.5 keVnr", "0.16 keVee", "0.4 keVee", "2 keVee"]'


class TestThreshold:
    def test_of_a_region(self):
        changed = parse().replaced(moved_threshold(Model(parse()), 0.3 * KEV))
        written = parse(detector=detector(region='["0.3 keVee", "2.16 keVee"]'))
        np.testing.assert_allclose(limits(changed), limits(written), rtol=1e-12)
        assert changed.described.detector.bins == 4

    def test_keeps_its_scale(self):
        original = parse(detector=detector(region='["0.5 keVnr", "2 keVee"]'))
        changed = original.replaced(moved_threshold(Model(original), 0.9 * KEV))
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
        changed = original.replaced(moved_threshold(Model(original), float(value) * KEV))
        written = parse(detector=detector(region=None, bins=None, bin_edges=edges))
        assert changed.described.detector.bin_edges == written.described.detector.bin_edges
        np.testing.assert_allclose(limits(changed), limits(written), rtol=1e-12)

    def test_above_all_edges_is_refused(self):
        original = parse(detector=detector(region=None, bins=None, bin_edges=EDGES))
        with pytest.raises(ScenarioError, match=r"^mine: bin_edges: none is above the threshold"):
            original.replaced(moved_threshold(Model(original), 30.0 * KEV))


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
        original = parse(detector=detector(quenching=given))
        changed = Model(original.replaced(scaled_quenching(original, 1.1)))
        written = Model(parse(detector=detector(quenching=scaled)))
        recoils = np.geomspace(0.02, 250.0, 50) * KEV
        yields = (m.quenching(m.nuclei[0]).ionization_yield(recoils) for m in (changed, written))
        np.testing.assert_allclose(*yields, rtol=1e-12)
        mus = (limit_of(Described(model), [0.01, 5.0]).mu for model in (changed, written))
        np.testing.assert_allclose(*mus, rtol=1e-10)

    def test_of_a_table_in_a_file(self, tmp_path):
        (tmp_path / "yield.csv").write_text("0.01, 0.1\n5.0, 0.3\n300, 0.95\n")
        original = parse(
            tmp_path, detector=detector(quenching='{ model = "table", file = "yield.csv" }')
        )
        model = Model(original.replaced(scaled_quenching(original, 0.9)))
        assert model.quenching(model.nuclei[0]).yields == pytest.approx((0.09, 0.27, 0.855))

    def test_each_nucleus_keeps_its_own_k(self):
        original = parse(
            target='element = "CaWO4"', detector=detector(quenching='{ model = "lindhard" }')
        )
        model = Model(original.replaced(scaled_quenching(original, 0.9)))
        for nucleus in model.nuclei:
            # Lewin and Smith 1996, section 3.4
            k = 0.133 * nucleus.protons ** (2 / 3) * nucleus.nucleons**-0.5
            assert model.quenching(nucleus) == Lindhard(nucleus.protons, pytest.approx(0.9 * k))

    def test_times_the_scale_that_is_there(self):
        original = parse(
            detector=detector(quenching='{ model = "constant", value = 0.2, scale = 1.5 }')
        )
        assert Model(original).quenching(None).value == pytest.approx(0.3, rel=1e-15)
        changed = Model(original.replaced(scaled_quenching(original, 0.5)))
        assert changed.quenching(None).value == pytest.approx(0.15, rel=1e-15)


@pytest.mark.parametrize("factor", [0.1, 1.0 / 3.0, 1.1, 2.7182818284590451])
def test_every_digit_is_written(factor):
    original = parse()
    value = factor * original.described.detector.exposure
    assert original.replaced(exposure(value)).described.detector.exposure == pytest.approx(
        value, rel=3e-16
    )


@pytest.mark.parametrize(
    ("change", "block"),
    [
        (lambda s: exposure(1.0 * KG * YEAR), "detector"),
        (lambda s: scaled_background(s, 1.1), "background"),
        (lambda s: scaled_quenching(s, 1.1), "detector"),
        (lambda s: solar_model(s, "B16-GS98"), "flux"),
        (lambda s: moved_threshold(Model(s), 0.2 * KEV), "detector"),
    ],
)
def test_other_blocks_stay_and_what_is_exported_has_the_change(change, block):
    original = parse()
    changed = original.replaced(change(original))
    for name in ("target", "detector", "background", "flux", "physics", "statistics"):
        same = getattr(changed.settings, name) == getattr(original.settings, name)
        assert same == (name != block)
    exported = Scenario.parse(changed.to_toml(), "exported")
    assert exported.digest == changed.digest != original.digest
    np.testing.assert_array_equal(limits(exported), limits(changed))
