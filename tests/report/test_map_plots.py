"""Figures and tables of likelihood maps: what is drawn is what the map says."""

import numpy as np
import pytest
from matplotlib.patches import PathPatch, Rectangle

import upscatter
from upscatter.errors import OutputError
from upscatter.report.map_plots import map_figure
from upscatter.report.map_tables import map_table
from upscatter.report.tables import as_text

POISSON = upscatter.Scenario.load("ge-nextgen").replaced("statistics.test", "poisson")


@pytest.fixture(scope="module")
def exclusion():
    return upscatter.likelihood_map(POISSON)


@pytest.fixture(scope="module")
def band():
    return upscatter.likelihood_map(POISSON, truth=(5.0, 3e-9))


@pytest.fixture(scope="module")
def plane():
    return upscatter.coupling_map(POISSON, ("e", "mu"), 1.0, points=41, truth=(2e-9, -3e-9))


def parts(figure):
    (axes,) = figure.axes
    figure.draw_without_rendering()
    (legend,) = figure.legends
    return axes, legend


def labels(legend):
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("name", ["exclusion", "band", "plane"])
def test_lines_are_the_contours(name, request):
    result = request.getfixturevalue(name)
    axes, _ = parts(map_figure(result))
    scales = [1.0, 1.0] if result.x.logarithmic else [1e-9, 1e-9]
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len(lines) == len(result.contours)
    by_level = sorted(result.contours, key=lambda contour: contour.confidence)
    for line, contour in zip(lines, by_level, strict=True):
        np.testing.assert_allclose(line.get_xdata() * scales[0], contour.x)
        np.testing.assert_allclose(line.get_ydata() * scales[1], contour.y)
    # solid lines have no dashes
    assert len({str(line._dash_pattern) for line in lines}) == 3


def test_allowed_moments_are_shaded(exclusion):
    axes, _ = parts(map_figure(exclusion))
    regions = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    assert len(regions) == 3
    limit = upscatter.upper_limit(POISSON, [1.0]).mu[0]
    for region in regions:
        assert region.get_path().contains_point((1.0, 0.8 * limit))
        assert not region.get_path().contains_point((1.0, 2.0 * limit))
    beyond = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert {patch.get_x() for patch in beyond} == {exclusion.x.values[-1]}


def test_a_signal_leaves_a_band(band):
    axes, legend = parts(map_figure(band))
    for region in axes.patches:
        assert isinstance(region, PathPatch)  # beyond reach the data have no explanation
        assert region.get_path().contains_point(band.truth)
        assert not region.get_path().contains_point((5.0, 5e-10))
    assert labels(legend) == ["68 % CL", "best fit", "90 % CL", "true", "95 % CL"]


def test_best_fit_and_its_mirror_image(plane):
    axes, _ = parts(map_figure(plane))
    stars = [line for line in axes.lines if line.get_marker() == "*"]
    places = sorted((float(s.get_xdata()[0]), float(s.get_ydata()[0])) for s in stars)
    x, y = 1e9 * np.array(plane.best)
    assert places == [pytest.approx((-x, -y)), pytest.approx((x, y))]
    (circle,) = (line for line in axes.lines if line.get_marker() == "o")
    assert (circle.get_xdata()[0], circle.get_ydata()[0]) == pytest.approx((2.0, -3.0))


def test_axes_and_title_say_what_is_drawn(plane, exclusion):
    axes, legend = parts(map_figure(plane))
    assert axes.get_xlabel() == r"$\mu_{e}\ [10^{-9}\,\mu_{\mathrm{B}}]$"
    assert axes.get_ylabel() == r"$\mu_{\mu}\ [10^{-9}\,\mu_{\mathrm{B}}]$"
    title = legend.get_title().get_text()
    assert "Next-generation germanium" in title
    assert "with a true signal, 2 dof" in title
    assert "exact sum, $m_4$ = 1 MeV" in title
    axes, legend = parts(map_figure(exclusion))
    assert axes.get_xlabel() == r"$m_4\ [\mathrm{MeV}]$"
    assert "with no dipole" in legend.get_title().get_text()
    assert "best fit" not in labels(legend)


@pytest.mark.parametrize("name", ["exclusion", "band", "plane"])
def test_nothing_leaves_the_column(name, request):
    figure = map_figure(request.getfixturevalue(name))
    _, legend = parts(figure)
    assert figure.get_size_inches()[0] == pytest.approx(3.39)
    renderer = figure.canvas.get_renderer()
    box, page = legend.get_window_extent(renderer), figure.bbox
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert box.y1 <= page.y1
    (axes,) = figure.axes
    assert axes.get_window_extent(renderer).y1 <= box.y0


def test_more_levels_than_styles_are_refused():
    found = upscatter.coupling_map(POISSON, points=5, confidences=[0.5, 0.6, 0.7, 0.8, 0.9])
    with pytest.raises(OutputError, match="up to 4 levels, not 5"):
        found.plot()


def test_the_table_has_a_row_for_each_contour(band):
    text = as_text(map_table(band))
    for contour in band.contours:
        ends = f"{contour.y.min():.3g} to {contour.y.max():.3g}"
        (row,) = (line for line in text.splitlines() if line.startswith(
            f"  {100.0 * contour.confidence:g} %"))  # fmt: skip
        assert ends in row
    assert "Asimov data with a signal at m4 = 5 MeV" in text


def test_a_level_without_contour_is_said():
    found = upscatter.likelihood_map(POISSON, [1.0, 2.0], [1e-12, 2e-12])
    assert as_text(map_table(found)).count("none in the map") == 3


def test_the_discovery_curve_is_drawn_at_its_moments():
    curve = upscatter.upper_limit(POISSON, discovery=3.0)
    (axes,) = curve.plot().axes
    (line,) = (one for one in axes.lines if "discovery" in str(one.get_label()))
    np.testing.assert_allclose(line.get_ydata(), curve.discovery.mu)
    assert axes.get_ylim()[0] < curve.discovery.mu.min()
