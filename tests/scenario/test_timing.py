"""Detectors at a pulsed source: counts in energy and time, and limits from them.

The source is made up, with arrival times in closed form; see `pulsed_source`.
"""

from dataclasses import dataclass

import numpy as np
import pytest

import upscatter
from pulsed_source import (
    EDGES,
    PULSES,
    SCENARIO,
    Pulses,
    PulsesBlock,
    delayed_share,
    prompt_share,
    registered_pulses,
    written,
)
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import experiment_of, model_of
from upscatter.limits.measured import MeasuredCurve
from upscatter.scenario.load import Scenario
from upscatter.scenario.summary import summarise
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.workspaces import likelihood_workspace
from upscatter.units import SECOND

MASSES = [0.01, 5.0, 30.0]
WIDE = written([0.0, 1000.0])  # e^(−450) of the delayed flux is later


@pytest.fixture(autouse=True)
def source():
    with registered_pulses():
        yield


def pulsed(**changes):
    """The scenario, with fields of its detector replaced."""
    fields = {f"detector.{name}": value for name, value in changes.items()}
    return Scenario.parse(SCENARIO, "pulsed.toml").replaced(fields)


def timed(edges=EDGES, **changes):
    return pulsed(time_edges=written(edges), **changes)


def counts(scenario, mass=1.0):
    return upscatter.expected_counts(scenario, 1e-9, mass)


def with_data(scenario, seed=3):
    """The scenario with counts that fluctuate."""
    total = model_of(scenario).expectation.total
    shape = [axis.bins for axis in model_of(scenario).axes]
    drawn = np.random.default_rng(seed).poisson(total).reshape(shape)
    return scenario.replaced("data", {"counts": drawn.tolist()})


class TestShares:
    def test_two_fluxes_have_their_shares(self):
        without, found = counts(pulsed()), counts(timed())
        for name, share in (("prompt", prompt_share), ("delayed", delayed_share)):
            for kind in ("sm", "signal"):
                expected = np.outer(getattr(without, kind)[name], share(np.array(EDGES)))
                np.testing.assert_allclose(
                    getattr(found, kind)[name], expected.ravel(), rtol=1e-12, atol=1e-300
                )

    def test_a_steady_background_is_seen_while_the_window_is_open(self):
        """0.5 / (keVee kg day) × 10 keVee × 50 kg yr × 60 Hz × the interval."""
        expected = 0.5 * 10.0 * 50.0 * 365.25 * PULSES * 1e-6 * np.diff(EDGES)
        np.testing.assert_allclose(counts(timed()).background, np.tile(expected, 4), rtol=1e-12)

    def test_a_steady_flux_beside_it_has_the_duty_factor(self):
        sun = {"flux.sources": ["8B"], "flux.uncertainty": {"8B": 0.1}}
        together = timed(region=["0.05 keVee", "2 keVee"]).replaced(sun)
        alone = pulsed(region=["0.05 keVee", "2 keVee"]).replaced(sun)
        np.testing.assert_allclose(
            counts(together).sm["8B"].reshape(4, 4),
            np.outer(counts(alone).sm["8B"], PULSES * 1e-6 * np.diff(EDGES)),
            rtol=1e-12,
        )

    def test_a_window_that_covers_everything_loses_nothing(self):
        without, found = counts(pulsed()), counts(pulsed(time_edges=WIDE))
        for kind in ("sm", "signal"):
            for name, expected in getattr(without, kind).items():
                np.testing.assert_allclose(getattr(found, kind)[name], expected, rtol=1e-12)

    def test_intervals_add_up_to_the_window(self):
        fine, one = counts(timed()), counts(timed([0.0, 6.0]))
        np.testing.assert_allclose(
            fine.background.reshape(4, 4).sum(axis=1), one.background, rtol=1e-12
        )
        for name, expected in one.signal.items():
            total = fine.signal[name].reshape(4, 4).sum(axis=1)
            np.testing.assert_allclose(total, expected, rtol=1e-12)

    def test_an_efficiency_acts_on_everything(self):
        whole, part = counts(timed()), counts(timed(time_efficiency=0.6))
        np.testing.assert_allclose(part.background, 0.6 * whole.background, rtol=1e-12)
        np.testing.assert_allclose(part.sm["prompt"], 0.6 * whole.sm["prompt"], rtol=1e-12)

    def test_an_efficiency_of_time_is_in_microseconds(self):
        """Nothing before 1 μs, then all."""
        table = {"points": [[1.0, 1.0], [2.0, 1.0]]}
        found = counts(timed(time_efficiency=table))
        late = np.clip(np.diff(np.maximum(EDGES, 1.0)), 0.0, None)
        share = counts(pulsed()).background[0] * PULSES * 1e-6 * late
        np.testing.assert_allclose(found.background[:4], share, rtol=1e-12)
        expected = np.outer(counts(pulsed()).sm["delayed"], delayed_share(np.maximum(EDGES, 1.0)))
        np.testing.assert_allclose(found.sm["delayed"], expected.ravel(), rtol=1e-12)

    def test_total_of_all_sources_is_their_sum(self):
        """`chi2-pulls` needs no sources: it has the same signal in one pass."""
        model = model_of(timed())
        signal, mass = model.signal, np.array([0.0, 20.0])
        total = model.experiment.total_counts(signal.interaction, signal.flux, mass)
        parts = model.experiment.counts(signal.interaction, signal.flux, mass)
        np.testing.assert_allclose(total, sum(parts.values()), rtol=1e-12)


class TestBackgrounds:
    def background(self, **changes):
        return counts(timed().replaced({f"background.{k}": v for k, v in changes.items()}))

    def test_steady_is_the_default(self):
        default, steady = counts(timed()), self.background(time="steady")
        np.testing.assert_array_equal(default.background, steady.background)

    def test_that_of_a_flux(self):
        whole = counts(pulsed()).background
        found = self.background(time="delayed").background
        expected = np.outer(whole, delayed_share(np.array(EDGES)))
        np.testing.assert_allclose(found, expected.ravel(), rtol=1e-12)

    def test_a_table_of_times(self):
        """Uniform from 0 to 10 μs: 6 of 10 parts are within the window."""
        whole = counts(pulsed()).background
        found = self.background(time={"points": [[0.0, 2.0], [10.0, 2.0]]}).background
        np.testing.assert_allclose(
            found, np.outer(whole, np.diff(EDGES) / 10.0).ravel(), rtol=1e-12
        )

    def test_a_variation_of_the_shape_has_the_same_times(self):
        table = {"points": [[0.0, 1.0], [50.0, 3.0]], "rate": "1 / (keVee kg day)"}
        scenario = timed().replaced({"background.variation": table, "background.time": "prompt"})
        (shape,) = model_of(scenario).expectation.shapes
        (templates,) = shape.templates.values()
        share = prompt_share(np.array(EDGES))
        for template in templates:
            rows = template.reshape(4, 4)
            np.testing.assert_allclose(rows, np.outer(rows.sum(axis=1), share), rtol=1e-12)

    def test_one_by_a_formula(self):
        blocks = [
            {"name": "beam", "model": "constant", "time": "prompt",
             "rate": {"value": "0.002 / (keVee kg day)", "uncertainty": 0.2}},
            {"name": "room", "model": "exponential",
             "rate": "0.5 / (keVee kg day)", "decay": "20 keVee"},
        ]  # fmt: skip
        scenario = timed().replaced("background", blocks)
        found = model_of(scenario).expectation.backgrounds
        flat = np.full(4, 0.002 * 10.0 * 50.0 * 365.25)
        expected = np.outer(flat, prompt_share(np.array(EDGES)))
        np.testing.assert_allclose(found["background beam"], expected.ravel(), rtol=1e-12)
        falling = found["background room"].reshape(4, 4)
        np.testing.assert_allclose(falling[1] / falling[0], np.exp(-0.5), rtol=1e-12)
        np.testing.assert_allclose(falling[0] / falling[0, 0], np.diff(EDGES) / 0.5, rtol=1e-12)
        assert np.isfinite(upscatter.upper_limit(with_data(scenario), [1.0]).mu).all()


class TestLimits:
    @pytest.mark.parametrize("test", ["poisson", "cls", "unified", "chi2-pulls"])
    def test_time_never_weakens_the_limit_of_asimov_data(self, test):
        without = upscatter.upper_limit(
            timed([0.0, 6.0]).replaced("statistics.test", test), MASSES
        ).mu
        found = upscatter.upper_limit(timed().replaced("statistics.test", test), MASSES).mu
        assert (found <= without * (1.0 + 1e-6)).all()
        assert found[0] < 0.999 * without[0]

    @pytest.mark.parametrize("test", ["poisson", "cls", "chi2-pulls"])
    def test_intervals_with_equal_shares_say_nothing(self, test):
        """All of the signal and every other count in proportion: one bin is as good as two."""
        even = {"points": [[0.0, 1.0], [1.0, 1.0]]}
        block = timed([0.0, 0.5, 1.0]).replaced(
            {"background.time": even, "statistics.test": test, "coupling.flavour": "mu"}
        )

        @dataclass(frozen=True)
        class Prompt(Pulses):
            @property
            def components(self):
                return {"prompt": super().components["prompt"]}

            @property
            def causes(self):
                return {"protons": {"prompt": self.error}}

        class Block(PulsesBlock):
            def source(self, columns):
                return Prompt(self.flux, self.uncertainty)

        with registered_pulses(Block, "prompt-pulses"):
            two = Scenario.parse(
                block.to_toml().replace("[made-up-pulses]", "[prompt-pulses]"), "two.toml"
            )
            one = two.replaced("detector.time_edges", written([0.0, 1.0]))
            assert model_of(two).experiment.bins == 8
            found = [upscatter.upper_limit(scenario, MASSES[:2]).mu for scenario in (two, one)]
        np.testing.assert_allclose(*found, rtol=1e-9)

    def test_counts_without_edges_are_those_of_all_times(self):
        assert model_of(pulsed()).timing is None
        assert model_of(pulsed()).experiment.bins == 4

    def test_every_study(self, tmp_path):
        scenario = timed()
        curve = upscatter.upper_limit(scenario, MASSES, bands=True)
        assert (curve.bands[0] <= curve.mu).all()
        assert (curve.mu <= curve.bands[-1]).all()
        toys = upscatter.toys(scenario, trials=300)
        assert toys.mean == pytest.approx(curve.mu[0], rel=0.2)
        impacts = {i.name: i for i in upscatter.impacts(scenario).impacts}
        assert impacts["protons flux"].low != impacts["protons flux"].high
        target = 0.9 * curve.mu[0]
        planned = upscatter.plan(scenario, target, "exposure")
        better = scenario.replaced("detector.exposure", f"{planned.value} kg yr")
        assert upscatter.upper_limit(better, [0.01]).mu[0] == pytest.approx(target, rel=1e-3)

    def test_workspace_has_all_bins(self):
        exported = likelihood_workspace(timed(), 1.0)
        (channel,) = exported["channels"]
        expectation = model_of(timed()).expectation
        data = {sample["name"]: sample["data"] for sample in channel["samples"]}
        np.testing.assert_allclose(data["SM prompt"], expectation.sources["prompt"], rtol=1e-9)
        assert len(exported["observations"][0]["data"]) == 16


class TestData:
    def test_limit_and_fit(self, tmp_path):
        scenario = with_data(timed())
        curve = upscatter.upper_limit(scenario, MASSES)
        assert isinstance(curve, MeasuredCurve)
        assert curve.bins == 16
        assert 1e-3 < curve.gof_p_value < 0.999
        fit = post_fit(experiment_of(scenario), 1.0)
        assert [axis.key for axis in fit.channels["recoils"].axes] == [
            "observed_energy_keVee", "time_us"
        ]  # fmt: skip
        assert fit.to_dict()["axes"] == ["observed_energy_keVee", "time_us"]
        np.testing.assert_allclose(fit.to_dict()["bin_edges_time_us"], EDGES, rtol=1e-12)
        rows = [dict(zip(fit.header, row, strict=True)) for row in fit.rows]
        assert [row["observed"] for row in rows] == np.ravel(scenario.settings.data.counts).tolist()
        low = [row["low_time_us"] for row in rows]
        np.testing.assert_allclose(low, np.tile(EDGES[:-1], 4), rtol=1e-12, atol=1e-12)

    def test_a_file_gives_what_nested_lists_give(self, tmp_path):
        nested = with_data(timed())
        rows = [
            f"{5 + 10 * i},{15 + 10 * i},{EDGES[j]},{EDGES[j + 1]},{n}"
            for i, row in enumerate(nested.settings.data.counts)
            for j, n in enumerate(row)
        ]
        (tmp_path / "counts.csv").write_text("low,high,t_low,t_high,counts\n" + "\n".join(rows))
        text = timed().to_toml() + '\n[data]\nfile = "counts.csv"\n'
        found = Scenario.parse(text, "mine.toml", tmp_path)
        assert found.digest == nested.digest
        assert Scenario.parse(found.to_toml(), "again.toml").digest == nested.digest
        np.testing.assert_array_equal(
            model_of(found).observed.counts, model_of(nested).observed.counts
        )

    def test_an_excess_with_errors(self):
        expected = model_of(timed()).expectation.total.reshape(4, 4)
        data = {"excess": expected.tolist(), "errors": np.sqrt(expected).tolist()}
        scenario = timed().replaced("data", data)
        curve = upscatter.upper_limit(scenario, [1.0])
        assert curve.best[0] == pytest.approx(0.0, abs=1e-12)
        assert curve.bins == 16

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"counts": [1, 2, 3, 4]}, "data: has 4 bins, but the detector has 4 x 4 in energy an"),
            ({"counts": [[1] * 4] * 3}, "data: has 3 x 4 bins, but the detector has 4 x 4 in ener"),
            ({"counts": [[1, 2], [3]]}, "data: counts: list 2 has 1 entries, but the first one 2"),
            ({"counts": [[1, 2], [3, -1]]}, "data.counts[1][1] = -1: must be 0 or more"),
            ({"excess": [[1.0] * 4] * 4, "errors": [1.0] * 4},
             "data: excess has 4 x 4 entries but errors 4; give a standard deviation"),
        ],
    )  # fmt: skip
    def test_refused_in_one_line(self, data, message):
        with pytest.raises(ScenarioError) as caught:
            assert model_of(timed().replaced("data", data)).experiment
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_nested_lists_without_times(self):
        with pytest.raises(ScenarioError, match="4 x 1 bins in energy and time, but the detector"):
            assert model_of(pulsed().replaced("data", {"counts": [[1]] * 4})).experiment

    def test_edges_of_a_file_are_compared(self, tmp_path):
        rows = [f"{5 + 10 * i},{15 + 10 * i},0,{6.5},1" for i in range(4)]
        (tmp_path / "counts.csv").write_text("\n".join(rows))
        text = timed([0.0, 6.0]).to_toml() + '\n[data]\nfile = "counts.csv"\n'
        with pytest.raises(ScenarioError, match=r"edge 2 is 6\.5 us, but that of the detector 6 "):
            assert model_of(Scenario.parse(text, "mine.toml", tmp_path)).experiment


class TestRate:
    def test_columns_of_both_axes(self):
        result = counts(timed())
        assert result.header[:5] == ["low_keVee", "high_keVee", "low_us", "high_us", "background"]
        rows = np.array(result.rows)
        np.testing.assert_allclose(rows[:, 2], np.tile(EDGES[:-1], 4), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(rows[:, 0], np.repeat([5.0, 15.0, 25.0, 35.0], 4), rtol=1e-12)
        np.testing.assert_allclose(rows[:, 4], result.background)
        content = result.to_dict()
        np.testing.assert_allclose(content["time_edges_us"], EDGES, rtol=1e-12)
        assert content["axes"] == ["energy", "time"]
        assert "time_edges_us" not in counts(pulsed()).to_dict()

    def test_projections(self):
        energy, time = counts(timed()).projections
        grid = counts(timed()).signal["delayed"].reshape(4, 4)
        np.testing.assert_allclose(energy.signal["delayed"], grid.sum(axis=1), rtol=1e-12)
        np.testing.assert_allclose(time.signal["delayed"], grid.sum(axis=0), rtol=1e-12)

    def test_commands(self, run, folder):
        (folder / "pulsed.toml").write_text(timed().to_toml())
        table = run("rate", "pulsed.toml")
        assert "in bins of observed energy" in table
        assert "in bins of time" in table
        assert "bin [us]" in table
        said = " ".join(run("check", "pulsed.toml").split())
        assert "0 to 6 us in 4 intervals, 60 pulses per second" in said
        assert "0.00036 of the live time" in said


class TestRefused:
    def refusal(self, scenario):
        with pytest.raises(ScenarioError) as caught:
            assert model_of(scenario()).expectation
        message = str(caught.value)
        assert "\n" not in message
        return message.removeprefix("pulsed.toml: ")

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"time_edges": ["0 us"]}, 'detector.time_edges = ["0 us"]: is a list of 1; give fro'),
            ({"time_edges": ["0 us", "2 us", "1 us"]}, "1 us comes after 2 us; let the times rise"),
            ({"time_edges": ["0 us", "2 keV"]}, "has the dimension of keV; needs a time such as"),
            ({"time_edges": ["0 us", "20000 us"]},
             "detector.time_edges: cover 20000 us, more than the 16666.7 us between pulses"),
            ({"time_edges": ["200 us", "300 us"]}, "detector.time_edges: from 200 to 300 us after"),
            ({"time_efficiency": 0.5}, "detector: has time_efficiency but no time_edges; remove"),
            ({"time_edges": ["0 us", "1 us"], "time_efficiency": 1.5},
             "detector.time_efficiency.value = 1.5: must be 1 or less"),
            ({"time_edges": ["0 us", "1 us"], "time_efficiency": {"points": [[2, 1], [3, 1]]}},
             "detector.time_efficiency: is zero in all of time_edges; correct its table, in us"),
        ],
    )  # fmt: skip
    def test_of_the_detector(self, fields, message):
        assert message in self.refusal(lambda: pulsed(**fields))

    @pytest.mark.parametrize(
        ("time", "message"),
        [
            ("promt", "background.time: 'promt' is unknown; did you mean"),
            ({"points": [[0, 0], [1, 0]]}, "background.time: its table has only zeros; correct"),
            ({"points": [[0, -1], [1, 2]]}, "background.time: row 1 of the table: shape -1 must"),
        ],
    )
    def test_of_a_background(self, time, message):
        assert message in self.refusal(lambda: timed().replaced("background.time", time))

    def test_a_background_in_time_of_a_detector_without(self):
        scenario = pulsed().replaced("background.time", "prompt")
        message = self.refusal(lambda: scenario)
        assert message.startswith("background.time: the detector does not record times; remove it")

    def test_a_steady_source(self):
        steady = Scenario.load("ge-nextgen").replaced("detector.time_edges", ["0 us", "1 us"])
        with pytest.raises(ScenarioError, match="time_edges: no source of this scenario is pulsed"):
            assert model_of(steady).experiment

    def test_two_sources_with_other_pulses(self):
        @dataclass(frozen=True)
        class Slower(Pulses):
            @property
            def pulse_rate(self):
                return 10.0 / SECOND

            @property
            def components(self):
                return {f"slow {name}": parts for name, parts in super().components.items()}

        class Block(PulsesBlock):
            def source(self, columns):
                return Slower(self.flux, self.uncertainty)

        with registered_pulses(Block, "slow-pulses"):
            text = timed().to_toml() + '\n[slow-pulses]\nflux = "1e7 / (cm^2 s)"\n'
            scenario = Scenario.parse(text, "pulsed.toml")
            assert "have 10 and 60 pulses per second" in self.refusal(lambda: scenario)


def test_the_window_is_part_of_the_digest():
    assert pulsed().digest != timed().digest != timed(time_efficiency=0.5).digest
    assert Scenario.parse(timed().to_toml(), "again.toml").digest == timed().digest


def test_summary_says_what_is_seen():
    said = dict(summarise(with_data(timed())))
    assert said["region"] == "5 to 45 keVee in 4 bins"
    assert said["data"].startswith("4 x 4 bins, ")


def test_a_limit_needs_no_time_in_other_parts_of_a_combination():
    other = Scenario.load("ge-nextgen").replaced("statistics.test", "cls")
    both = upscatter.combine(with_data(timed()), other)
    curve = limit_of(both, [1.0])
    assert np.isfinite(curve.mu).all()
    fit = post_fit(both, 1.0)
    assert fit.header[1:5] == ("low_edge", "high_edge", "low_edge_2", "high_edge_2")
    assert {len(row) for row in fit.rows} == {len(fit.header)}
    fit.plot()
