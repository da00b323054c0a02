"""Figures of scans: what is drawn are the limits, where their fields say."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

import upscatter
from upscatter.report import scan_plots

THRESHOLDS = "0.1 keVee:0.5 keVee:6"
FLAT = "1e-3 / (keVee kg day):1 / (keVee kg day):5"


def scan(masses=0.01, **vary):
    renamed = {name.replace("__", "."): values for name, values in vary.items()}
    return upscatter.scan("ge-nextgen", renamed, masses)


def meshes(figure):
    found = [(a, c) for a in figure.axes for c in a.collections if isinstance(c, QuadMesh)]
    return [(axes, mesh) for axes, mesh in found if axes.get_title() or axes.get_xlim()[1] > 0.1]


class TestOneField:
    def test_is_a_line_for_each_choice(self):
        result = scan(detector__threshold=THRESHOLDS, detector__quenching="essig-high, lindhard")
        figure = result.plot(targets=[1e-9])
        (axes,) = figure.axes
        lines = {line.get_label(): line for line in axes.lines}
        for i, name in enumerate(("essig-high", "lindhard")):
            x, y = lines[f"detector.quenching = {name}"].get_data()
            np.testing.assert_array_equal(x, result.axes[0].values)
            np.testing.assert_array_equal(y, result.mu[:, i, 0])
        target = axes.lines[-1]
        assert target.get_ydata()[0] == 1e-9
        assert axes.get_xscale() == axes.get_yscale() == "log"
        assert axes.get_xlabel() == r"detector.threshold [keV$_{\mathrm{ee}}$]"

    def test_in_equal_steps_is_linear(self):
        result = scan(statistics__confidence="0.85:0.95:3:lin")
        (axes,) = result.plot().axes
        assert axes.get_xscale() == "linear"
        assert axes.get_xlim() == (0.85, 0.95)

    def test_of_choices_alone_is_dots(self):
        result = scan(scenario="ge-nextgen, ge-future")
        (axes,) = result.plot().axes
        (dots,) = axes.lines
        np.testing.assert_array_equal(dots.get_ydata(), result.mu[:, 0])
        assert [text.get_text() for text in axes.get_xticklabels()] == ["ge-nextgen", "ge-future"]

    def test_many_choices_are_thinned_to_the_ends(self):
        result = scan(detector__threshold=THRESHOLDS, detector__bins="1, 2, 3, 4, 5")
        assert len(result.plot().axes[0].collections) == 1  # two fields in numbers: colours
        masses = np.geomspace(0.01, 5.0, 30)
        result = scan(masses, coupling__flavour="e, mu, tau")
        (axes,) = result.plot().axes
        assert len(axes.lines) == 3
        np.testing.assert_array_equal(axes.lines[0].get_xdata(), masses)


class TestTwoFields:
    def test_are_colours_with_contours_of_the_targets(self):
        result = scan(detector__threshold=THRESHOLDS, background__flat=FLAT)
        target = 1e-9
        figure = result.plot(targets=[target, 1.0])  # nothing is at 1
        axes, bar = figure.axes
        (mesh,) = [c for c in axes.collections if isinstance(c, QuadMesh)]
        np.testing.assert_array_equal(mesh.get_array().reshape(5, 6), result.mu[..., 0].T)
        (contour,) = [c for c in axes.collections if c is not mesh]
        logs = np.log(np.array(result.axes[0].values)), np.log(np.array(result.axes[1].values))
        points = np.concatenate([path.vertices for path in contour.get_paths()])
        # limits between nodes, interpolated in the logarithms, are the target there
        for x, y in points[:: max(len(points) // 8, 1)]:
            along = [np.interp(np.log(y), logs[1], np.log(column)) for column in result.mu[..., 0]]
            found = np.exp(np.interp(np.log(x), logs[0], along))
            assert found == pytest.approx(target, rel=0.1)
        assert "mu" in bar.get_ylabel()

    def test_a_mass_is_one_of_them(self):
        masses = np.geomspace(0.01, 25.0, 8)
        result = scan(masses, detector__threshold=THRESHOLDS)
        axes = result.plot().axes[0]
        assert axes.get_xlabel() == "$m_4$ [MeV]"
        mesh = next(c for c in axes.collections if isinstance(c, QuadMesh))
        shown = mesh.get_array().reshape(6, 8)
        np.testing.assert_array_equal(np.ma.getmaskarray(shown), np.isnan(result.mu))


class TestMoreFields:
    def test_have_panels(self):
        result = scan(
            detector__threshold=THRESHOLDS,
            background__flat=FLAT,
            detector__exposure="1 kg yr, 10 kg yr",
            coupling__flavour="e, mu",
        )
        figure = result.plot()
        titled = {axes.get_title().replace("\n", " "): axes for axes in figure.axes[:4]}
        for k, exposure in enumerate((1, 10)):
            for f, flavour in enumerate(("e", "mu")):
                title = f"detector.exposure = {exposure} kg yr, coupling.flavour = {flavour}"
                (mesh,) = titled[title].collections
                np.testing.assert_array_equal(
                    mesh.get_array().reshape(5, 6), result.mu[:, :, k, f, 0].T
                )

    def test_of_many_values_a_few_are_drawn_with_the_ends(self, monkeypatch):
        monkeypatch.setattr(scan_plots, "MOST_PANELS", 3)
        result = scan(
            detector__threshold=THRESHOLDS,
            background__flat=FLAT,
            detector__bins="1, 2, 3, 4",
        )
        titles = [axes.get_title() for axes in result.plot().axes[:3]]
        assert titles[0] == "detector.bins = 1"
        assert titles[-1] == "detector.bins = 4"


def test_numbers_of_a_short_axis_do_not_overlap():
    ranges = {"detector.threshold": "0.1 keVee:0.5 keVee", "background.scale": "0.1:10"}
    figure = upscatter.scan("ge-nextgen", ranges, sample=50).plot()
    axes = figure.axes[0]
    figure.canvas.draw()
    low, high = axes.get_xlim()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    boxes = [label.get_window_extent() for x, label in ticks if low <= x <= high]
    assert len(boxes) >= 3
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_points_are_dots_against_each_field():
    vary = {
        "detector.threshold": "0.1 keVee:0.5 keVee",
        "detector.quenching": "essig-high,lindhard",
    }
    result = upscatter.scan("ge-nextgen", vary, sample=20)
    first, second = result.plot(targets=[1e-9]).axes
    np.testing.assert_array_equal(first.lines[0].get_xdata(), result.axes[0].values)
    np.testing.assert_array_equal(first.lines[0].get_ydata(), result.mu[:, 0])
    names = [text.get_text() for text in second.get_xticklabels()]
    chosen = [names[int(i)] for i in second.lines[0].get_xdata()]
    assert tuple(chosen) == result.axes[1].values
