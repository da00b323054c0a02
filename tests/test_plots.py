"""The exclusion figure: what a referee would look for, and that files come whole."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from upscatter.limits.curve import LimitCurve
from upscatter.report.plots import exclusion_figure, save


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


def single(bands=None):
    """A limit at one mass only; another is out of reach."""
    mass, mu = np.array([1.0, 40.0]), np.array([9e-10, np.nan])
    factors = None if bands is None else np.array(bands)[:, None] * mu
    return replace(curve(), mass=mass, mu=mu, bands=factors)


def test_a_single_mass_has_a_mark_and_bands_that_can_be_seen():
    (axes,) = exclusion_figure([single()]).axes
    (line,) = axes.lines
    assert line.get_marker() == "v"
    (axes,) = exclusion_figure([single((0.5, 0.7, 1.0, 1.4, 2.0))]).axes
    for bar, (low, high) in zip(axes.collections, ((0.5, 2.0), (0.7, 1.4)), strict=True):
        ((_, bottom), (_, top)) = bar.get_segments()[0]
        assert (bottom, top) == pytest.approx((low * 9e-10, high * 9e-10))
        assert bar.get_linewidth()[0] > 3.0
    left, right = exclusion_figure([replace(single(), mass=np.array([1.0]), mu=np.array([9e-10]))]
                                   ).axes[0].get_xlim()  # fmt: skip
    assert left < 0.7 < 1.0 < right


def test_lower_ends_are_drawn_where_there_are_any():
    both = curve()
    lower = np.where(both.mass < 1.0, 0.4 * both.mu, 0.0)
    (axes,) = exclusion_figure([replace(both, lower=lower)]).axes
    drawn = axes.lines[1].get_ydata()
    np.testing.assert_allclose(drawn[both.mass[:59] < 1.0], lower[both.mass < 1.0])
    assert np.isnan(drawn[both.mass[:59] >= 1.0]).all()
    assert axes.lines[1].get_label() == "lower end"
    (axes,) = exclusion_figure([replace(both, lower=0.0 * both.mass)]).axes
    assert len(axes.lines) == 1


def test_the_frame_holds_bands_far_above_the_curve():
    """A χ² that is sixty times too strong has bands that show it; the legend is above them."""
    mass = np.geomspace(0.01, 18.0, 50)
    mu = np.full(50, 4e-11)
    bands = np.multiply.outer([0.0, 0.01, 1.0, 150.0, 220.0], mu)
    (axes,) = exclusion_figure([replace(curve(), mass=mass, mu=mu, bands=bands)]).axes
    assert axes.get_ylim()[1] >= 10.0 * bands.max()


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
