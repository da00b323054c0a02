"""Backgrounds by formulae in a scenario: fixed, constrained, free and tied parameters."""

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.experiments.described import Described
from upscatter.report.measured_tables import pulls_table
from upscatter.report.tables import as_text
from upscatter.scenario.build import Model
from upscatter.scenario.changes import scaled_background
from upscatter.scenario.load import Scenario
from upscatter.scenario.summary import summarise
from upscatter.studies.impacts import impacts
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.toys import toys
from upscatter.studies.workspaces import likelihood_workspace
from upscatter.units import DAY, KEV, KG, MEV, YEAR

UNIT = "/ (keVee kg day)"
FLAT = f'name = "flat"\nmodel = "constant"\nrate = "0.01 {UNIT}"\n'
SLOPE = (
    'name = "slope"\nmodel = "exponential"\nrate = "free"\n'
    'decay = { bounds = ["0.05 keVee", "5 keVee"] }\n'
)
LINE = (
    'name = "K"\nmodel = "line"\nrate = "free"\nwidth = "0.1 keVee"\n'
    'energy = { bounds = ["1 keVee", "1.6 keVee"], value = "1.3 keVee" }\n'
)
TIED = (
    'name = "L"\nmodel = "line"\nenergy = "0.6 keVee"\nwidth = { tied = "K" }\n'
    'rate = { tied = "K", factor = 0.2, uncertainty = 0.05 }\n'
)
BINS = 10
EDGES = np.linspace(0.16, 2.16, BINS + 1)
EXPOSURE = 2.0 * KG * YEAR


def parse(*components, data="", test="poisson"):
    text = scenario(
        background="",
        detector=detector(bins=str(BINS), exposure='"2 kg yr"'),
        extra=f'{data}[statistics]\ntest = "{test}"\n',
    )
    listed = "".join(f"[[background]]\n{component}" for component in components)
    return Scenario.parse(text.replace("[background]\n", listed), "mine")


def truth(*components):
    """Counts of fixed components, by hand."""
    days = 2.0 * 365.25
    middle = 0.5 * (EDGES[1:] + EDGES[:-1])
    shapes = {
        "flat": 0.01 + 0.0 * middle,
        "slope": 0.1 * np.exp(-(middle - 0.16) / 0.5),
        "K": 0.03 / np.sqrt(2.0 * np.pi) / 0.1 * np.exp(-0.5 * ((middle - 1.3) / 0.1) ** 2),
    }
    return days * 0.2 * np.sum([shapes[name] for name in components], axis=0)


def data_of(*components, seed=3):
    counts = np.random.default_rng(seed).poisson(30.0 + 20.0 * truth(*components))
    return f"[data]\ncounts = {counts.tolist()}\n", counts


class TestExpectation:
    def test_a_fixed_one_is_the_flat_table(self):
        formula = Model(parse(FLAT)).expectation
        table = Model(parse(f'name = "flat"\nflat = "0.01 {UNIT}"\n')).expectation
        np.testing.assert_allclose(formula.background, table.background, rtol=1e-12)
        assert formula.shapes == ()

    def test_a_constrained_one_is_a_table_with_an_uncertainty(self):
        """Counts that are linear in a parameter: the same likelihood, and the same limit."""
        formula = parse(
            FLAT.replace(f'"0.01 {UNIT}"', f'{{ value = "0.01 {UNIT}", uncertainty = 0.2 }}')
        )
        table = parse(f'name = "flat"\nflat = "0.01 {UNIT}"\nuncertainty = 0.2\n')
        one, other = (limit_of(Described(Model(s)), [0.01, 3.0]).mu for s in (formula, table))
        np.testing.assert_allclose(one, other, rtol=1e-6)

    def test_a_free_rate_is_a_table_of_huge_uncertainty(self):
        """A constraint that is 30 times looser than the data is none."""
        data, _ = data_of("flat")
        free = parse(FLAT.replace(f'"0.01 {UNIT}"', '"free"'), data=data)
        table = parse(f'name = "flat"\nflat = "0.1 {UNIT}"\nuncertainty = 10\n', data=data)
        one, other = (limit_of(experiment_of(s), [0.01]) for s in (free, table))
        assert one.mu[0] == pytest.approx(other.mu[0], rel=1e-2)
        assert one.deviance == pytest.approx(other.deviance, abs=0.1)

    def test_a_fit_follows_the_data(self):
        data, counts = data_of("flat", "slope", "K")
        experiment = experiment_of(
            parse(FLAT.replace(f'"0.01 {UNIT}"', '"free"'), SLOPE, LINE, TIED, data=data)
        )
        model = experiment.likelihood_at(0.0)
        assert model.names[2:] == (
            "flat rate", "slope rate", "slope decay", "K rate", "K energy", "L rate factor",
        )  # fmt: skip
        fit = post_fit(experiment, 0.01)
        assert fit.nuisances == ("flux 8B", "flux hep", "L rate factor")
        assert fit.expected.sum() == pytest.approx(counts.sum(), rel=1e-3)
        found = {one.name: one for one in fit.fitted}
        assert found["K energy"].unit == "keVee"
        assert found["K energy"].value == pytest.approx(
            1.3, abs=4.0 * found["K energy"].error + 0.05
        )
        assert found["flat rate"].unit == UNIT
        content = fit.to_dict()["fitted"]
        assert content["K_energy_keVee"]["best_fit"] == found["K energy"].value
        curve = limit_of(experiment, [0.01, 25.0])
        assert curve.header[-1] == "fit_K_energy_keVee"
        assert curve.rows[0][-1] == pytest.approx(found["K energy"].value, rel=1e-4)
        assert curve.rows[1][-1] is None
        assert curve.to_dict()["fitted"]["K_rate_per_kg_day"][0] > 0.0

    def test_a_tie_holds_in_the_fit(self):
        data, _ = data_of("flat", "K")
        loose = TIED.replace("uncertainty = 0.05", "uncertainty = 1e-6")
        expectation = Model(parse(FLAT, LINE, loose, data=data)).expectation
        k, line = (expectation.backgrounds[f"background {name}"].sum() for name in ("K", "L"))
        # both lines are within the region but for 1e-5
        assert line == pytest.approx(0.2 * k, rel=1e-4)

    def test_an_excess_with_gaussian_errors(self):
        excess = truth("slope").tolist()
        data = f"[data]\nexcess = {excess}\nerrors = {[1.0] * BINS}\n"
        expectation = Model(parse(SLOPE, data=data, test="cls")).expectation
        (shape,) = expectation.shapes
        rate, decay = shape.centre
        assert rate * KEV * KG * DAY == pytest.approx(0.1, rel=0.1)
        assert decay / KEV == pytest.approx(0.5, rel=0.15)


class TestStudies:
    DATA = data_of("flat", "slope", "K")[0]

    @pytest.fixture
    def fitted(self):
        return parse(FLAT, SLOPE, LINE, TIED, data=self.DATA)

    def test_bands_toys_and_combination(self, fitted):
        curve = limit_of(experiment_of(fitted), [0.01], bands=True)
        assert (np.diff(curve.bands[:, 0]) > 0.0).all()
        result = toys(fitted, trials=300)
        assert 0.84 < result.coverage.measured < 0.96
        both = combine(fitted, "cdex-50", test="poisson")
        names = both.likelihood_at(0.0).names
        assert "mine K energy" in names
        assert "flux 8B" in names
        assert limit_of(both, [0.01]).mu[0] > 0.0

    def test_impacts_say_what_is_fitted(self, fitted):
        found = {impact.name: impact for impact in impacts(fitted).impacts}
        assert found["background slope"].reason == "its rate is fitted to the data"
        assert found["background L"].reason == "follows K"
        assert found["background flat"].low is not None

    def test_scaling(self, fitted):
        changed = fitted.replaced(scaled_background(fitted, 2.0, "flat"))
        name = "background flat"
        before, after = (Model(s).expectation.backgrounds[name] for s in (fitted, changed))
        np.testing.assert_allclose(after, 2.0 * before, rtol=1e-12)
        assert scaled_background(fitted, 2.0, "L") == {}
        with pytest.raises(ScenarioError, match="background K: its rate is free, so that the data"):
            scaled_background(fitted, 2.0, "K")
        rate = f'{{ value = "0.01 {UNIT}", uncertainty = 0.2 }}'
        known = parse(FLAT.replace(f'"0.01 {UNIT}"', rate))
        scaled = known.replaced(scaled_background(known, 3.0))
        assert scaled.settings.background[0].rate.uncertainty == 0.2

    def test_the_file_of_what_is_computed(self, fitted):
        again = Scenario.parse(fitted.to_toml(), "mine")
        assert again.digest == fitted.digest
        assert parse(FLAT, SLOPE, LINE, data=self.DATA).digest != fitted.digest

    def test_check_lists_them(self, fitted):
        lines = dict(summarise(fitted))
        assert lines["background L"].split()[1:] == ["+-", "5", "%"]
        assert float(lines["background K"].split()[0]) > 0.0

    def test_pyhf_is_refused(self, fitted):
        with pytest.raises(
            ScenarioError, match="mine: statistics: workspace: 'slope rate' is free"
        ):
            likelihood_workspace(fitted, 0.01)


class TestProjection:
    def test_with_values(self):
        slope = (
            'name = "slope"\nmodel = "exponential"\n'
            f'rate = {{ value = "0.1 {UNIT}", free = true }}\n'
            'decay = { value = "0.5 keVee", bounds = ["0.05 keVee", "5 keVee"] }\n'
        )
        free = parse(slope)
        fixed = parse(
            slope.replace(", free = true", "").replace(', bounds = ["0.05 keVee", "5 keVee"]', "")
        )
        assert Model(free).expectation.total == pytest.approx(Model(fixed).expectation.total)
        weak, strong = (limit_of(Described(Model(s)), [0.01]).mu[0] for s in (free, fixed))
        assert weak > 1.05 * strong

    def test_without_one(self):
        with pytest.raises(
            ScenarioError,
            match=r"mine: background: slope rate: is free and the scenario has no \[data\]",
        ):
            _ = Model(parse(SLOPE)).expectation


def changed(block, old, new):
    assert old in block
    return block.replace(old, new)


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ((changed(SLOPE, '"exponential"', '"power"'),),
         r"background\[0\].model = .power.: is unknown"),
        ((changed(LINE, 'bounds = ["1 keVee", "1.6 keVee"], value = "1.3 keVee"', "free = true"),),
         r"background\[0\].energy: is free and has no bounds; add bounds"),
        ((changed(LINE, '"1.3 keVee"', '"2 keVee"'),), r"energy: value: is outside of its bounds"),
        ((changed(LINE, '["1 keVee", "1.6 keVee"]', '["1.6 keVee", "1 keVee"]'),),
         r"energy: bounds: the first is not below the second"),
        ((changed(LINE, '["1 keVee", "1.6 keVee"]', '["1 keVee"]'),),
         r"bounds.*: must be two values"),
        ((changed(LINE, '"0.1 keVee"', '"0.1 keVnr"'),), r"width.*0.1 keVnr"),
        ((changed(LINE, '"0.1 keVee"', "{}"),), r"width: has no value; give one, or write"),
        ((changed(FLAT, f'"0.01 {UNIT}"', '"0.01 / (kg day)"'),), r"rate.*0.01 / \(kg day\)"),
        ((changed(FLAT, "rate =", "rat ="),),
         r"background\[0\].rat: is an unknown key; did you mean"),
        ((FLAT, changed(TIED, 'rate = { tied = "K"', 'rate = { tied = "M"')),
         r"background: L: rate.tied: no other component 'M' with a rate; choose from flat"),
        ((FLAT, changed(TIED, 'rate = { tied = "K"', 'rate = { tied = "flat"')),
         r"rate.tied: the rate of 'flat' is in / \(keVee kg day\), not in / \(kg day\)"),
        ((changed(TIED, '"K"', '"L"'),), r"L: (rate|width).tied: is tied to itself; give it"),
        ((changed(SLOPE, 'model = "exponential"\n', ""),),
         r"background\[0\].decay: goes with model = .exponential. alone; add that, or remove it"),
        ((changed(TIED, "factor = 0.2", 'factor = 0.2, value = "1 / (kg day)"'),),
         r"rate: is tied to another component and has a value"),
        ((changed(LINE, 'rate = "free"', 'rate = { free = true, uncertainty = 0.1 }'),),
         r"rate: is free and has an uncertainty"),
        ((changed(LINE, 'rate = "free"', 'rate = { value = "1 / (kg day)", factor = 2.0 }'),),
         r"rate: has a factor but nothing it multiplies"),
        ((LINE, LINE), r"the name 'K' occurs twice"),
    ],
)  # fmt: skip
def test_refused_in_one_line(components, message):
    with pytest.raises(ScenarioError, match=message) as refusal:
        _ = Model(parse(*components, data=TestStudies.DATA)).expectation
    assert "\n" not in str(refusal.value)


def test_one_without_a_name():
    text = scenario(background=f'model = "constant"\nrate = "0.01 {UNIT}"')
    model = Model(Scenario.parse(text, "mine"))
    assert [*model.expectation.backgrounds] == ["background"]
    assert limit_of(Described(model), np.array([0.01 * MEV]) / MEV).mu[0] > 0.0


class TestNotDetermined:
    """Free parameters that the data say nothing about spoil neither the limit nor its fit."""

    DATA = f"[data]\ncounts = [{', '.join(['1461'] * BINS)}]\n"

    def table(self, *components):
        experiment = Described(Model(parse(*components, data=self.DATA, test="cls")))
        post = post_fit(experiment, 1.0)
        assert np.isfinite(post.mu_limit)
        return post, as_text(pulls_table(post))

    def test_the_decay_of_an_exponential_without_events(self):
        free = FLAT.replace(f'"0.01 {UNIT}"', '"free"')
        post, text = self.table(free, SLOPE)
        (decay,) = [one for one in post.fitted if one.name == "slope decay"]
        (flat,) = [one for one in post.fitted if one.name == "flat rate"]
        assert np.isinf(decay.error)
        assert "not known" in text
        assert '"error": null' in post.to_json()
        # that of the other is as without the exponential
        alone, _ = self.table(free)
        assert flat.error == pytest.approx(alone.fitted[0].error, rel=1e-3)

    def test_two_constants(self):
        free = FLAT.replace(f'"0.01 {UNIT}"', '"free"')
        post, text = self.table(free, free.replace('"flat"', '"same"'))
        assert all(np.isinf(one.error) for one in post.fitted)
        assert text.count("not known") == 2

    def test_a_line_outside_the_region(self):
        free = FLAT.replace(f'"0.01 {UNIT}"', '"free"')
        away = LINE.replace(
            '["1 keVee", "1.6 keVee"], value = "1.3 keVee"', '["20 keVee", "30 keVee"]'
        )
        post, _ = self.table(free, away)
        found = {one.name: one.error for one in post.fitted}
        assert np.isfinite(found["flat rate"])
        assert np.isinf(found["K rate"])
