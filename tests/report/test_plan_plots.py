"""The figure of a plan: the curve goes through the solution, and every mark is where it says."""

from dataclasses import replace

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.report.plan_plots import plan_figure
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import upper_limit
from upscatter.studies.planning import plan

CASES = [
    (7e-10, "exposure", "kg yr"),
    (5e-10, "background", r"(keV$_{\mathrm{ee}}$ kg d)$^{-1}$"),
    (8e-10, "threshold", r"keV$_{\mathrm{ee}}$"),
    (1.5e-9, "exposure", "kg yr"),
    (1e-10, "exposure", "kg yr"),
]


@pytest.fixture(scope="module", params=CASES, ids=[f"{v} {t:g}" for t, v, _ in CASES])
def case(request):
    target, vary, unit = request.param
    found = plan("ge-nextgen", target, vary)
    return found, unit, plan_figure(found)


@pytest.fixture(scope="module")
def found():
    return plan("ge-nextgen", 7e-10, "exposure")


def marks(figure):
    lines = figure.axes[0].lines
    return {line.get_label().split(":")[0]: line for line in lines}


class TestCurve:
    def test_passes_through_the_solution_and_the_scenario(self, case):
        found, *_ = case
        points = dict(found.curve)
        assert points[found.value] == found.mu
        assert found.mu == pytest.approx(found.target, rel=1e-4)
        own = min(points, key=lambda value: abs(value - found.scenario_value))
        assert own == pytest.approx(found.scenario_value, rel=1e-12)
        assert points[own] == found.scenario_mu

    def test_rises_in_value_and_goes_beyond_both(self, case):
        found, *_ = case
        values, limits = np.array(found.curve).T
        assert (np.diff(values) > 1e-7 * values[1:]).all()  # no steps of the search's last digits
        assert np.isfinite(limits).all()
        low, high = sorted((found.value, found.scenario_value))
        assert values[0] < low
        assert values[-1] > high
        # no step hides a bend
        between = values[(values >= low) & (values <= high)]
        assert between.size >= 3
        assert (between[1:] / between[:-1]).max() < 30.0

    def test_points_are_the_limits_of_such_scenarios(self, found):
        text = Scenario.load("ge-nextgen").text
        assert text.count('"150 kg yr"') == 1
        for value, mu in (found.curve[0], found.curve[len(found.curve) // 2], found.curve[-1]):
            other = Scenario.parse(text.replace("150 kg yr", f"{value!r} kg yr"), "other")
            assert upper_limit(other, [0.01]).mu[0] == pytest.approx(mu, rel=1e-9)

    def test_is_in_json(self, case):
        found, *_ = case
        content = found.to_dict()["curve"]
        assert content["value"] == [value for value, _ in found.curve]
        assert content["mu_bohr"] == [mu for _, mu in found.curve]

    def test_values_without_a_limit_are_left_out(self):
        """A threshold above the last recoils has none."""
        found = plan("ge-nextgen", 1e-6, "threshold")
        assert np.isfinite(np.array(found.curve)).all()
        assert dict(found.curve)[found.value] == found.mu


class TestFigure:
    def test_line_and_marks(self, case):
        found, unit, figure = case
        drawn = marks(figure)
        assert set(drawn) == {"limit", "target", "solution", "scenario"}
        np.testing.assert_array_equal(np.transpose(drawn["limit"].get_data()), found.curve)
        assert set(drawn["target"].get_ydata()) == {found.target}
        assert np.ravel(drawn["solution"].get_data()).tolist() == [found.value, found.mu]
        x, y = np.ravel(drawn["scenario"].get_data())
        assert x == pytest.approx(found.scenario_value)
        assert y == found.scenario_mu
        axes = figure.axes[0]
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert unit in axes.get_xlabel()
        assert axes.get_xlabel().startswith(found.vary)
        assert "90 % CL" in axes.get_ylabel()

    def test_tick_labels_are_the_ticks_in_the_unit_of_the_label(self, case):
        found, _, figure = case
        axes = figure.axes[0]
        figure.canvas.draw()
        unit = 1e-11 if found.target < 5e-10 else 1e-10
        assert rf"[$10^{{{round(np.log10(unit))}}}$ $\mu_{{\mathrm{{B}}}}$]" in axes.get_ylabel()
        low, high = axes.get_ylim()
        ticks = [
            (place, float(text.get_text()))
            for place, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
            if low <= place <= high
        ]
        assert len(ticks) >= 3
        for place, shown in ticks:
            assert place == pytest.approx(shown * unit, rel=1e-3)

    def test_a_scenario_at_zero_is_at_the_left_end(self):
        zero = detector(region='["0 keVee", "2.16 keVee"]')
        mine = Scenario.parse(scenario(detector=zero, target='isotopes = { "Ge-74" = 1.0 }'), "z")
        own = upper_limit(mine, [0.01]).mu[0]
        found = plan(mine, 2.0 * own, "threshold")
        assert found.scenario_value == 0.0
        assert found.curve[0] == (0.0, own)
        figure = plan_figure(found)
        mark = marks(figure)["scenario"]
        assert mark.get_marker() == "<"
        assert mark.get_xdata()[0] == figure.axes[0].get_xlim()[0]
        assert mark.get_ydata()[0] == own
        assert (np.array(marks(figure)["limit"].get_xdata()) > 0.0).all()

    @pytest.mark.parametrize("spread", [1.02, 1.3, 2.1, 3.0, 7.0, 30.0, 90.0, 400.0, 1e5])
    @pytest.mark.parametrize("start", [0.0123, 150.0, 9300.0])
    def test_labels_of_any_range_do_not_collide(self, found, start, spread):
        values = start * np.geomspace(1.0, spread, 7)
        limits = 8.65e-10 * np.geomspace(spread, 1.0, 7) ** 0.5
        made = replace(
            found, value=values[4], mu=limits[4], target=limits[4], factor=values[4] / values[1],
            scenario_mu=limits[1], curve=tuple(zip(values, limits, strict=True)),
            title="A very long title of a scenario that says it all and $5 more " * 2,
        )  # fmt: skip
        figure = plan_figure(made)
        figure.canvas.draw()
        (axes,), (legend,) = figure.axes, figure.legends
        shown = []
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            pairs = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            inside = [text for place, text in pairs if low <= place <= high and text.get_text()]
            assert len(inside) >= 2
            shown += inside
        texts = [*shown, axes.xaxis.label, axes.yaxis.label, legend.get_title()]
        boxes = [text.get_window_extent() for text in [*texts, *legend.get_texts()]]
        for i, box in enumerate(boxes):
            assert figure.bbox.x0 <= box.x0
            assert box.x1 <= figure.bbox.x1
            assert figure.bbox.y0 <= box.y0
            assert box.y1 <= figure.bbox.y1
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])

    def test_width_is_that_of_a_journal_column(self, found):
        assert plan_figure(found).get_figwidth() == pytest.approx(8.6 / 2.54, rel=0.01)

    def test_files(self, found, tmp_path):
        for suffix in ("png", "pdf", "svg"):
            path = tmp_path / f"plan.{suffix}"
            found.plot(path)
            assert path.stat().st_size > 5000
