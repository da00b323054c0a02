"""The exclusion figure: what a referee would look for, and that files come whole."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from upscatter.limits.curve import LimitCurve
from upscatter.report.plots import exclusion_figure, save, stretches


def curve(title="A detector", flavour="universal", scale=1.0):
    mass = np.geomspace(0.01, 18.7, 60)
    mu = scale * 1e-9 / np.clip(1.0 - (mass / 18.75) ** 2, 1e-9, None)
    mu[-1] = np.nan
    return LimitCurve(
        scenario="name",
        flavour=flavour,
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=mu,
        title=title,
    )


@pytest.fixture
def figure():
    return exclusion_figure([curve(), curve("Another", scale=0.3)])


def test_axes_are_logarithmic_and_say_their_units(figure):
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert "MeV" in axes.get_xlabel()
    assert "B" in axes.get_ylabel()


def test_every_curve_is_drawn_where_it_is_finite(figure):
    (axes,) = figure.axes
    drawn = [line for line in axes.get_lines() if line.get_xdata().size]
    assert len(drawn) == 2
    np.testing.assert_allclose(drawn[0].get_xdata(), curve().mass[:-1])
    np.testing.assert_allclose(drawn[0].get_ydata(), curve().mu[:-1])


def test_curves_differ_by_colour_and_by_dashes(figure):
    first, second = figure.axes[0].get_lines()
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_the_frame_holds_the_flat_part_and_the_kinematic_end(figure):
    (axes,) = figure.axes
    assert axes.get_xlim() == pytest.approx((0.01, 30.0))
    low, high = axes.get_ylim()
    assert low < 3e-10 < 1e-9 < high
    assert high / low >= 1e3


def test_the_legend_names_scenario_flavour_and_confidence():
    figure = exclusion_figure([curve("Germanium", "e")])
    (text,) = figure.axes[0].get_legend().get_texts()
    assert "Germanium" in text.get_text()
    assert r"\nu_e" in text.get_text()
    assert "90 % CL" in text.get_text()


def test_a_long_title_leaves_the_curve_free():
    """The legend of a title of 90 characters stays left of where the curves turn vertical."""
    figure = exclusion_figure([curve("A very long title of a scenario that says it all " * 2)])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    box = axes.get_legend().get_window_extent().transformed(axes.transData.inverted())
    assert box.x1 < 18.0


def test_width_is_that_of_a_journal_column(figure):
    assert figure.get_figwidth() == pytest.approx(8.6 / 2.54, rel=0.01)


def test_no_curve_in_reach_still_makes_a_figure():
    mass = np.array([30.0, 40.0])
    empty = LimitCurve(
        scenario="name",
        flavour="universal",
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=np.array([np.nan, np.nan]),
    )
    assert exclusion_figure([empty]).axes


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_save(figure, tmp_path, suffix, start):
    path = tmp_path / f"figure.{suffix}"
    save(figure, path)
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_same_figure_gives_the_same_file(tmp_path, suffix):
    paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for path in paths:
        save(exclusion_figure([curve()]), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_png_has_ink_and_print_resolution(figure, tmp_path):
    path = tmp_path / "figure.png"
    save(figure, path)
    image = imread(path)
    assert image.shape[1] >= 1000
    assert image[..., :3].std() > 0.05


def few(mass, mu, bands=None, lower=None, title="Few masses"):
    """A curve at a few masses, with the arguments as lists."""
    arrays = (None if values is None else np.array(values) for values in (bands, lower))
    bands, lower = arrays
    return replace(curve(title), mass=np.array(mass), mu=np.array(mu), bands=bands, lower=lower)


def markers(axes):
    """Positions of the lines that are single points with a marker."""
    return [
        tuple(line.get_xydata()[0])
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1 and line.get_marker() not in ("None", "", None)
    ]


@pytest.mark.parametrize(
    ("mass", "mu"),
    [
        ([1.0], [1e-9]),
        ([1.0, 40.0], [1e-9, np.nan]),
        ([0.0, 1.0], [1e-9, 1e-9]),  # the logarithmic axis does not reach the massless one
    ],
)
def test_a_single_mass_has_a_marker_inside_the_frame(mass, mu):
    (axes,) = exclusion_figure([few(mass, mu)]).axes
    assert markers(axes) == [(1.0, 1e-9)]
    assert axes.get_xlim()[0] < 0.8
    assert axes.get_ylim()[0] < 1e-9 < axes.get_ylim()[1]
    assert len(axes.get_legend().get_texts()) == 1


def test_a_curve_beyond_the_usual_masses_does_not_end_in_the_frame():
    """Pions at rest reach 52.8 MeV, where the curve rises to infinity."""
    (axes,) = exclusion_figure([few([0.01, 10.0, 52.8], [1e-9, 2e-9, 1e-7])]).axes
    assert axes.get_xlim()[1] > 1.1 * 52.8


def test_the_largest_mass_has_its_whole_marker():
    (axes,) = exclusion_figure([few([50.0], [1e-9])]).axes
    assert axes.get_xlim()[1] > 60.0


def test_a_mass_between_others_out_of_reach_has_a_marker_and_no_line_to_them():
    mass, gap = [1.0, 2.0, 3.0, 4.0, 5.0], np.nan
    (axes,) = exclusion_figure([few(mass, [1e-9, 1e-9, gap, 2e-9, gap])]).axes
    assert markers(axes) == [(4.0, 2e-9)]
    line, _ = axes.get_lines()
    assert line.get_xdata().tolist() == [1.0, 2.0]
    assert len(axes.get_legend().get_texts()) == 1


def test_bands_and_lower_end_of_a_single_mass_are_drawn():
    bands = [[4e-10], [6e-10], [1e-9], [2e-9], [3e-9]]
    (axes,) = exclusion_figure([few([1.0], [1e-9], bands, lower=[5e-10])]).axes
    assert markers(axes) == [(1.0, 5e-10), (1.0, 1e-9)]
    bars = [bar.get_segments()[0] for bar in axes.collections]
    assert [bar[:, 1].tolist() for bar in bars] == [[4e-10, 3e-9], [6e-10, 2e-9]]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [r"2\sigma" in texts[0], r"1\sigma" in texts[1], texts[2]] == [True, True, "lower end"]


def test_a_lower_end_is_a_line_where_the_data_ask_for_one():
    mass, mu = [1.0, 2.0, 3.0], [1e-9, 1e-9, 2e-9]
    (axes,) = exclusion_figure([few(mass, mu, lower=[0.0, 2e-10, 5e-10])]).axes
    lower, _ = axes.get_lines()
    np.testing.assert_array_equal(lower.get_xydata(), [[2.0, 2e-10], [3.0, 5e-10]])


WIDE = np.array([1.5e-13, 2.2e-13, 4.3e-11, 6.0e-9, 8.7e-9])
"""Limits from few expected counts, as the χ² with pulls gives them."""


def wide():
    rise = curve().mu / 1e-9
    return replace(curve(), mu=4.3e-11 * rise, bands=WIDE[:, None] * rise)


def test_the_frame_holds_the_bands_where_masses_are_low():
    (axes,) = exclusion_figure([wide()]).axes
    low, high = axes.get_ylim()
    assert low <= WIDE[0] < WIDE[-1] < high


def test_the_legend_is_above_the_bands_and_opaque():
    """The colours of the legend do not mix with those of the bands."""
    figure = exclusion_figure([wide()])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    legend = axes.get_legend()
    box = legend.get_window_extent().transformed(axes.transData.inverted())
    assert box.y0 > WIDE[-1]
    assert legend.get_frame_on()
    assert legend.get_frame().get_alpha() == 1.0


def test_a_lower_edge_far_below_does_not_stretch_the_frame():
    banded = wide()
    edge = banded.bands.copy()
    edge[0] *= 1e-6
    plain, stretched = (
        exclusion_figure([replace(banded, bands=bands)]).axes[0].get_ylim()
        for bands in (banded.bands, edge)
    )
    assert plain == stretched


def test_stretches_of_nothing():
    assert stretches(np.zeros(3, dtype=bool)) == []
    assert stretches(np.zeros(0, dtype=bool)) == []
