"""Figures of what arrives: what is on their axes, and that they can be saved."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from upscatter.flavours import SunAndDetector, flux_lines, flux_spectra, oscillation
from upscatter.report.flavour_plots import FIGURE_ENERGIES, flux_figure, oscillation_figure
from upscatter.report.plots import COLOURS, save

SUN = SunAndDetector.choose()
SPECTRA = flux_spectra(SUN, FIGURE_ENERGIES)
LINES = flux_lines(SUN)
GRID = np.geomspace(0.1, 18.0, 40)
NIGHT = oscillation(SunAndDetector.choose(laboratory="LNGS"), "8B", GRID)


@pytest.fixture(scope="module")
def spectra():
    return flux_figure(FIGURE_ENERGIES, SPECTRA, LINES)


def drawn(axes):
    """Lines with data; those of the legend have none."""
    return [line for line in axes.lines if len(line.get_xdata())]


def texts(axes):
    return [text.get_text() for text in axes.texts]


class TestFluxFigure:
    def test_axes(self, spectra):
        (axes,) = spectra.axes
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_xlim() == (0.1, 20.0)
        assert axes.get_ylim() == (1e1, 1e13)
        assert axes.get_xlabel() == r"$E_\nu$ [MeV]"
        assert "MeV$^{-1}$" in axes.get_ylabel()
        assert "lines: cm$^{-2}$ s$^{-1}$" in axes.get_ylabel()
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert shown == ["0.1", "0.3", "1", "3", "10"]

    def test_legend_tells_flavours_apart(self, spectra):
        legend = spectra.axes[0].get_legend()
        assert [text.get_text() for text in legend.get_texts()] == [
            r"$\nu_e + \nu_\mu + \nu_\tau$",
            r"$\nu_e$",
        ]

    def test_every_source_is_drawn_and_named(self, spectra):
        (axes,) = spectra.axes
        # total and ν_e of six spectra, and of three lines
        assert len(drawn(axes)) == 2 * len(SPECTRA) + 2 * len(LINES) == 18
        named = set(texts(axes))
        assert named == {
            "pp", "pep", "hep", "$^7$Be", "$^8$B", "$^{13}$N", "$^{15}$O", "$^{17}$F",
        }  # fmt: skip

    def test_curves_are_the_data(self, spectra):
        curves = drawn(spectra.axes[0])
        total, electron = SPECTRA["8B"]
        seen = total > 10.0
        for expected in (total, electron):
            seen = expected > 10.0
            assert any(
                len(curve.get_ydata()) == len(expected)
                and np.array_equal(curve.get_ydata()[seen], expected[seen])
                for curve in curves
            )

    def test_lines_end_at_their_flux(self, spectra):
        tops = {
            (float(curve.get_xdata()[0]), float(curve.get_ydata()[1]))
            for curve in drawn(spectra.axes[0])
            if len(curve.get_xdata()) == 2
        }
        assert tops == {(energy, flux) for _, energy, flux, _ in LINES}

    def test_every_spectrum_lies_within_the_figure(self, spectra):
        low, high = spectra.axes[0].get_ylim()
        for total, electron in SPECTRA.values():
            assert low < total.max() < high
            assert (electron <= total).all()

    def test_labels_overlap_neither_each_other_nor_the_frame(self, spectra):
        spectra.canvas.draw()
        (axes,) = spectra.axes
        frame = axes.get_window_extent()
        boxes = [text.get_window_extent() for text in axes.texts]
        boxes.append(axes.get_legend().get_window_extent())
        for i, box in enumerate(boxes):
            assert frame.contains(box.x0, box.y0)
            assert frame.contains(box.x1, box.y1)
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])

    def test_a_scenario_shows_its_sources_alone(self):
        sun = SunAndDetector.choose("cdex-50")
        figure = flux_figure(FIGURE_ENERGIES, flux_spectra(sun, FIGURE_ENERGIES), flux_lines(sun))
        assert sorted(texts(figure.axes[0])) == ["$^8$B", "hep"]


class TestOscillationFigure:
    def test_by_day(self):
        figure = oscillation_figure("8B", GRID, NIGHT.day, None)
        (axes,) = figure.axes
        curves = drawn(axes)
        assert len(curves) == 3
        for i, curve in enumerate(curves):
            np.testing.assert_array_equal(curve.get_xdata(), GRID)
            np.testing.assert_array_equal(curve.get_ydata(), NIGHT.day[:, i])
            assert to_hex(curve.get_color()) == COLOURS[i].lower()
        assert [t.get_text() for t in axes.get_legend().get_texts()] == [
            r"$\nu_e$", r"$\nu_\mu$", r"$\nu_\tau$",
        ]  # fmt: skip

    def test_day_and_night(self):
        (axes,) = oscillation_figure("8B", GRID, NIGHT.day, NIGHT.night).axes
        styles = [curve.get_linestyle() for curve in drawn(axes)]
        assert styles == ["-", "--"] * 3
        nights = [c for c in drawn(axes) if c.get_linestyle() == "--"]
        for i, curve in enumerate(nights):
            np.testing.assert_array_equal(curve.get_ydata(), NIGHT.night[:, i])
        labels = [t.get_text() for t in axes.get_legend().get_texts()]
        assert labels[-2:] == ["day", "night"]

    def test_axes(self):
        (axes,) = oscillation_figure("8B", GRID, NIGHT.day, None).axes
        assert axes.get_xscale() == "log"
        assert axes.get_xlim() == pytest.approx((0.1, 18.0))
        assert axes.get_ylim() == (0.15, 0.65)
        assert axes.get_xlabel() == r"$E_\nu$ [MeV]"
        assert axes.get_ylabel() == "probability ($^8$B neutrinos)"
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert shown == ["0.1", "0.3", "1", "3", "10"]

    def test_energies_may_come_in_any_order(self):
        order = np.random.default_rng(1).permutation(GRID.size)
        (axes,) = oscillation_figure("8B", GRID[order], NIGHT.day[order], NIGHT.night[order]).axes
        np.testing.assert_array_equal(drawn(axes)[0].get_xdata(), GRID)
        np.testing.assert_array_equal(drawn(axes)[0].get_ydata(), NIGHT.day[:, 0])
        np.testing.assert_array_equal(drawn(axes)[1].get_ydata(), NIGHT.night[:, 0])

    def test_a_short_range_is_linear(self):
        energies = np.linspace(5.0, 9.0, 9)
        (axes,) = oscillation_figure("8B", energies, NIGHT.day[:9], None).axes
        assert axes.get_xscale() == "linear"
        assert axes.get_xlim() == (5.0, 9.0)

    def test_one_energy_is_points(self):
        (axes,) = oscillation_figure("8B", GRID[:1], NIGHT.day[:1], NIGHT.night[:1]).axes
        assert all(curve.get_marker() == "o" for curve in drawn(axes))
        low, high = axes.get_xlim()
        assert low < GRID[0] < high

    def test_unusual_parameters_are_not_cut_off(self):
        day = np.array([[0.95, 0.04, 0.01], [0.02, 0.58, 0.40]])
        (axes,) = oscillation_figure("8B", np.array([0.1, 18.0]), day, None).axes
        low, high = axes.get_ylim()
        assert low < 0.01
        assert high > 0.95

    def test_legend_hides_no_curve(self):
        figure = oscillation_figure("8B", GRID, NIGHT.day, NIGHT.night)
        figure.canvas.draw()
        (axes,) = figure.axes
        legend = axes.get_legend().get_window_extent()
        for curve in drawn(axes):
            points = axes.transData.transform(np.column_stack(curve.get_data()))
            assert not legend.count_contains(points)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_saved_figures_are_not_empty_and_always_the_same(tmp_path, suffix):
    contents = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.{suffix}"
        save(oscillation_figure("8B", GRID, NIGHT.day, NIGHT.night), path)
        contents.append(path.read_bytes())
    assert len(contents[0]) > 5000
    assert contents[0] == contents[1]


def test_names_are_drawable(spectra):
    """Mathtext that does not parse would only show when a figure is saved."""
    for text in texts(spectra.axes[0]):
        assert len(TextPath((0, 0), text, prop=FontProperties(size=8)).vertices) > 0
