"""Several backgrounds of a scenario: components, peaks and variations of shape."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from scenario_files import detector, scenario
from upscatter.detector.background import Background, Peak
from upscatter.errors import ScenarioError
from upscatter.experiments.described import Described
from upscatter.scenario.build import Model
from upscatter.scenario.changes import scaled_background
from upscatter.scenario.load import Scenario
from upscatter.scenario.summary import summarise
from upscatter.studies.impacts import impacts
from upscatter.studies.limits import limit_of
from upscatter.studies.planning import plan
from upscatter.units import DAY, KEV, KG, MEV, YEAR

EXPOSURE = 150.0 * KG * YEAR
MASS = np.array([0.01]) * MEV
UNIT = "/ (keVee kg day)"
COMPTON = f'name = "Compton"\nflat = "0.01 {UNIT}"\nuncertainty = 0.1\n'
L_SHELL = (
    'name = "L shell"\n'
    'peaks = [{ energy = "1.297 keVee", width = "0.08 keVee", rate = "0.5 / (kg day)" }]\n'
)
TAIL = (
    f'name = "tail"\npoints = [[0, 3], [1, 1], [3, 1]]\nrate = "0.01 {UNIT}"\n'
    f'variation = {{ points = [[0, 9], [1, 1], [3, 0.5]], rate = "0.01 {UNIT}" }}\n'
)


def parse(*components, **blocks):
    text = scenario(background="", **blocks).replace(
        "[background]\n", "".join(f"[[background]]\n{component}" for component in components)
    )
    return Scenario.parse(text, "mine")


def likelihood(loaded):
    return Described(Model(loaded)).likelihood(MASS)[0]


class TestPeak:
    @pytest.mark.parametrize("width", [0.001, 0.08, 3.0])
    def test_against_quadrature(self, width):
        edges = np.array([0.0, 0.9, 1.29, 1.3, 1.31, 1.7, 5.0]) * KEV
        counts = Background(peaks=(Peak(1.3 * KEV, width * KEV, 2.0 / (KG * DAY)),)).counts(
            edges, EXPOSURE
        )
        for n, (low, high) in zip(counts, pairwise(edges / KEV), strict=True):
            inside = [x for x in 1.3 + width * np.arange(-8.0, 9.0, 2.0) if low < x < high]
            area, _ = quad(norm(1.3, width).pdf, low, high, points=inside or None, epsabs=1e-14)
            assert n == pytest.approx(2.0 * 150.0 * 365.25 * area, rel=1e-9, abs=1e-7)

    def test_all_of_it_is_in_one_wide_bin(self):
        background = Background(peaks=(Peak(1.0, 0.1, 5.0), Peak(2.0, 1e-6, 0.5)))
        assert background.counts([-9.0, 9.0], 3.0) == pytest.approx(3.0 * 5.5, rel=1e-14)

    @given(st.floats(6.0, 30.0))
    def test_both_sides_of_it_are_alike(self, far):
        # a difference of probabilities near 1 would vanish beyond 8 standard deviations
        peak = Peak(0.0, 1.0, 1.0)
        below, above = (
            peak.counts(np.array([-far - 1.0, -far]), 1.0),
            peak.counts(np.array([far, far + 1.0]), 1.0),
        )
        assert above == pytest.approx(below, rel=1e-12)
        assert above > 0.0

    @given(
        cuts=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=8, unique=True),
        energy=st.floats(0.0, 4.0),
        width=st.floats(1e-4, 3.0),
    )
    def test_rebinning_keeps_the_total(self, cuts, energy, width):
        background = Background(0.5, (0.5, 2.0), (1.0, 3.0), peaks=(Peak(energy, width, 2.0),))
        edges = np.array([0.0, *sorted(cuts), 3.1])
        fine = background.counts(edges, 7.0)
        assert (fine >= -1e-12).all()
        assert fine.sum() == pytest.approx(background.counts(edges[[0, -1]], 7.0)[0], rel=1e-12)

    def test_outside_of_the_region_it_gives_next_to_nothing(self):
        assert Peak(9.0, 0.1, 1e6).counts(np.array([0.0, 1.0]), 1.0) == 0.0

    def test_without_a_width_it_has_that_of_the_resolution(self):
        block = 'name = "K"\npeaks = [{ energy = "1.3 keVee", rate = "1 / (kg day)" }]\n'
        seen = detector(
            region='["0.5 keVee", "2 keVee"]',
            resolution='{ noise = "0.03 keVee", fano = "0.002 keVee" }',
        )
        (component,) = Model(parse(block, detector=seen)).backgrounds
        assert component.peaks[0].width / KEV == pytest.approx(np.sqrt(0.03**2 + 0.002 * 1.3))
        with pytest.raises(ScenarioError, match=r"^mine: background\[0\]: peaks\[0\] .* no width"):
            _ = Model(parse(block)).backgrounds


class TestTemplates:
    EDGES = np.array([0.0, 1.0, 2.0])

    def test_the_variation_is_mirrored_and_stays_positive(self):
        flat = Background(
            2.0, variation=Background(0.0, (0.0, 1.0, 1.5, 2.0), (9.0, 1.0, 0.0, 0.0))
        )
        down, nominal, up = flat.templates(self.EDGES, 1.0)
        np.testing.assert_allclose(up, [5.0, 0.25])
        np.testing.assert_allclose(nominal, [2.0, 2.0])
        np.testing.assert_allclose(down, [0.0, 3.75])

    def test_a_variation_that_is_zero(self):
        zero = Background(0.0, (0.0, 2.0), (0.0, 0.0))
        down, _, up = Background(2.0, variation=zero).templates(self.EDGES, 1.0)
        np.testing.assert_array_equal(up, 0.0)
        np.testing.assert_array_equal(down, 4.0)

    def test_none_without_a_variation(self):
        assert Background(2.0).templates(self.EDGES, 1.0) is None


class TestLikelihood:
    def test_samples_and_nuisance_parameters(self):
        model = likelihood(parse(COMPTON, L_SHELL, TAIL))
        assert model.names == ("flux 8B", "flux hep", "background Compton", "shape tail")
        assert [name for name in model.backgrounds if not name.startswith("SM")] == [
            "background Compton",
            "background L shell",
            "background tail",
        ]

    def test_pulls_change_their_own_component(self):
        loaded = parse(COMPTON, TAIL)
        model, parts = likelihood(loaded), Model(loaded).expectation.backgrounds
        nominal = model.expected(np.zeros(5))
        scaled = model.expected(np.array([0.0, 0.0, 0.0, 1.0, 0.0])) - nominal
        np.testing.assert_allclose(scaled, 0.1 * parts["background Compton"], rtol=1e-9)
        # the tail at +1: integrals of its second table, by hand for the first bin and by quadrature
        shifted = model.expected(np.array([0.0, 0.0, 0.0, 0.0, 1.0])) - nominal
        for change, (low, high) in zip(shifted, pairwise(np.linspace(0.16, 2.16, 5)), strict=True):

            def rate(e):
                return np.interp(e, [0, 1, 3], [9, 1, 0.5]) - np.interp(e, [0, 1, 3], [3, 1, 1])

            area, _ = quad(rate, low, high, points=[1.0])
            assert change == pytest.approx(0.01 * 150.0 * 365.25 * area, rel=1e-9)

    def test_split_into_components_the_limit_stays(self):
        # without uncertainties only the sum matters
        half = f'flat = "0.005 {UNIT}"\n'
        one = Scenario.parse(scenario(), "mine")
        two = parse(f'name = "a"\n{half}', f'name = "b"\n{half}')
        for test in ("chi2-pulls", "poisson"):
            mu = [
                limit_of(
                    Described(Model(s.replaced("statistics.test", test))),
                    np.asarray(MASS) / MEV,
                    projected=True,
                ).mu[0]
                for s in (one, two)
            ]
            assert mu[0] == pytest.approx(mu[1], rel=1e-9)

    def test_variance_of_the_background_is_that_of_all_components(self):
        block = {"statistics": {"test": "chi2-pulls", "variance": "background"}}
        method = Model(parse(COMPTON, L_SHELL).replaced(block)).method
        loaded = parse(COMPTON, L_SHELL)
        variance = method.variance_of(likelihood(loaded))
        np.testing.assert_allclose(variance, Model(loaded).expectation.background, rtol=1e-12)

    @pytest.mark.parametrize("test", ["chi2-pulls", "poisson"])
    def test_an_uncertain_shape_weakens_the_limit(self, test):
        fixed = TAIL[: TAIL.index("variation")]
        limits = [
            limit_of(
                Described(Model(parse(block).replaced({"statistics.test": test}))),
                np.asarray(MASS) / MEV,
                projected=True,
            ).mu[0]
            for block in (fixed, TAIL)
        ]
        assert limits[1] > 1.01 * limits[0]

    def test_an_unnamed_one_is_the_single_table(self):
        single, listed = Scenario.parse(scenario(), "mine"), parse(f'flat = "0.01 {UNIT}"\n')
        for model in map(likelihood, (single, listed)):
            assert "background" in model.backgrounds
        assert list(Model(single).expectation.backgrounds) == ["background"]

    def test_one_bin_without_background(self):
        model = Model(
            parse('name = "none"\nflat = "0 / (keVee kg day)"\n', detector=detector(bins="1"))
        )
        assert model.expectation.background.tolist() == [0.0]
        assert likelihood(model.scenario).backgrounds["background none"].tolist() == [0.0]


class TestScaled:
    def test_one_component(self):
        loaded = parse(COMPTON, L_SHELL, TAIL)
        before = Model(loaded).expectation.backgrounds
        after = Model(
            loaded.replaced(scaled_background(loaded, 3.0, "tail"))
        ).expectation.backgrounds
        for name, factor in (("Compton", 1.0), ("L shell", 1.0), ("tail", 3.0)):
            sample = f"background {name}"
            np.testing.assert_allclose(after[sample], factor * before[sample], rtol=1e-12)

    def test_all_components_and_their_variations(self):
        loaded = parse(COMPTON, L_SHELL, TAIL)
        before, after = Model(loaded), Model(loaded.replaced(scaled_background(loaded, 0.5)))
        np.testing.assert_allclose(
            after.expectation.background, 0.5 * before.expectation.background, rtol=1e-12
        )
        templates = [m.expectation.shapes[0].templates["background tail"] for m in (before, after)]
        np.testing.assert_allclose(templates[1], 0.5 * templates[0], rtol=1e-12)

    def test_an_unknown_name_is_refused(self):
        loaded = parse(COMPTON, TAIL)
        with pytest.raises(ScenarioError, match=r"no component 'x'; choose from Compton, tail"):
            scaled_background(loaded, 2.0, "x")

    def test_impacts_have_each_component_and_plans_all(self):
        loaded = parse(COMPTON, L_SHELL)
        found = {entry.name for entry in impacts(loaded).impacts}
        assert {"background Compton", "background L shell"} <= found
        target = (
            float(limit_of(Described(Model(loaded)), np.asarray(MASS) / MEV, projected=True).mu[0])
            * 0.9
        )
        result = plan(loaded, target, vary="background")
        changed = loaded.replaced(scaled_background(loaded, result.value))
        reached = limit_of(Described(Model(changed)), np.asarray(MASS) / MEV, projected=True).mu[0]
        assert reached == pytest.approx(target, rel=2e-3)


class TestFile:
    def test_changes_keep_the_layout(self):
        loaded = parse(COMPTON, TAIL).replaced("background.0.flat", f"0.02 {UNIT}")
        text = loaded.to_toml()
        assert text.count("[[background]]") == 2
        assert Scenario.parse(text, "again").digest == loaded.digest

    def test_tables_in_files_become_points(self, tmp_path):
        (tmp_path / "tail.csv").write_text("0,3\n1,1\n3,1\n")
        text = scenario(background="").replace(
            "[background]", f'[[background]]\nfile = "tail.csv"\nrate = "0.01 {UNIT}"\nname = "t"'
        )
        loaded = Scenario.parse(text, "mine", tmp_path)
        again = Scenario.parse(loaded.to_toml(), "again")
        assert again.digest == loaded.digest
        assert again.described.backgrounds[0].points == ((0.0, 3.0), (1.0, 1.0), (3.0, 1.0))

    def test_check_lists_the_components(self):
        lines = dict(summarise(parse(COMPTON, TAIL)))
        counts, _, error = lines["background Compton"].partition(" ")
        assert error == "+- 10 %"
        # 0.01 / (keVee kg day), 150 kg yr and 2 keVee
        assert float(counts) == pytest.approx(0.01 * 150.0 * 365.25 * 2.0, rel=1e-4)
        assert lines["background tail"].endswith(", with a variation of its shape")

    @pytest.mark.parametrize(
        ("components", "message"),
        [
            ((COMPTON, COMPTON), "the name 'Compton' occurs twice; give each component its own"),
            ((COMPTON, f'flat = "1 {UNIT}"\n'), "entry 2 has no name; add name = "),
            ((COMPTON.replace("flat", "flatt"),), r"background\[0\].flatt: is an unknown key"),
            ((L_SHELL.replace("(kg day)", "(keVee kg day)"),), r"needs a rate per mass and time"),
            ((L_SHELL.replace('"0.08 keVee"', '"0 keVee"'),), r"width = \"0 keVee\": must be posi"),
            ((TAIL.replace("variation = { points", "variation = { pts"),), "unknown key"),
            ((COMPTON.replace("Compton", ""),), 'name = "": must not be empty'),
        ],
    )
    def test_refused_in_one_line(self, components, message):
        with pytest.raises(ScenarioError, match=message) as caught:
            parse(*components)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("mine: background")
