"""The figure of everything: what is drawn, its topology, and labels that never collide.

It is guarded by its content (artists, their data, the boxes of its texts), which does not change
with the version of the renderer as pixels do.
"""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bound, known_bounds
from upscatter.limits.claims import PAPER_FIGURE
from upscatter.limits.curve import LimitCurve
from upscatter.report.compare_plots import MASS_RANGE, MU_RANGE, comparison_figure
from upscatter.report.labels import Box, dense
from upscatter.report.plots import save
from upscatter.studies.comparison import concerned

AVAILABLE = known_bounds("published")


def curve(title="A detector", scale=1.0):
    mass = np.geomspace(0.01, 18.7, 60)
    mu = scale * 1e-9 / np.clip(1.0 - (mass / 18.75) ** 2, 1e-9, None)
    mu[-1] = np.nan
    return LimitCurve(
        scenario="name",
        flavour="universal",
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=mu,
        title=title,
    )


CURVES = [curve(), curve("Another detector", 0.3)]


@pytest.fixture(scope="module")
def figure():
    return comparison_figure(CURVES, AVAILABLE)


def boxes(figure):
    """Text to the box that it fills, turned as it is."""
    (axes,) = figure.axes
    found = []
    for text in axes.texts:
        angle = text.get_rotation()
        text.set_rotation(0.0)
        extent = text.get_window_extent()
        text.set_rotation(angle)
        centre = axes.transData.transform(text.get_position())
        # What `get_rotation` returns is in [0, 360).
        found.append((text.get_text(), Box(*centre, extent.width, extent.height, angle)))
    return found


def frame(axes):
    window = axes.get_window_extent()
    return Box(*(0.5 * (window.p0 + window.p1)), window.width, window.height)


def collisions(figure):
    return [(a, b) for (a, x), (b, y) in combinations(boxes(figure), 2) if x.overlaps(y)]


def outline_of(axes, bound):
    """The line that shows a bound's vertices."""
    lines = [
        line
        for line in axes.get_lines()
        if len(line.get_xdata()) == bound.mass.size
        and np.allclose(line.get_xdata(), bound.mass)
        and np.allclose(line.get_ydata(), bound.mu)
    ]
    assert len(lines) == 1, bound.name
    return lines[0]


def test_no_label_covers_another_in_the_default_view(figure):
    assert collisions(figure) == []


def test_every_label_is_inside_the_axes(figure):
    (axes,) = figure.axes
    assert [name for name, box in boxes(figure) if not box.inside(frame(axes))] == []


def test_every_bound_and_every_decay_line_has_its_label_in_the_default_view(figure):
    names = [name for name, _ in boxes(figure)]
    assert len(names) == len(AVAILABLE) + 3
    for bound in AVAILABLE:
        assert any(name.startswith(bound.label) for name in names), bound.name
    assert sum("decays within" in name or r"$\tau$" in name for name in names) == 3


def test_labels_are_beside_their_curves(figure):
    """Within a line of text of it, or at the other end of a thin line that leads to it."""
    (axes,) = figure.axes
    drawn = boxes(figure)
    ends = [line.get_xydata()[-1] for line in axes.get_lines() if line.get_zorder() == 3.5]
    for bound in AVAILABLE:
        path = dense(axes.transData.transform(outline_of(axes, bound).get_xydata()), 2.0)
        near = [
            Box(box.x, box.y, box.width + 3 * box.height, 4 * box.height)
            for name, box in drawn
            if name.startswith(bound.label)
        ] + [Box(*axes.transData.transform(end), 8.0, 8.0) for end in ends]
        assert any(box.covers(path) for box in near), bound.name


def test_published_edges_are_drawn_as_published(figure):
    for bound in AVAILABLE:
        outline_of(figure.axes[0], bound)


def test_projections_are_dashed_outlines_and_measurements_are_shaded(figure):
    (axes,) = figure.axes
    shaded = [bound for bound in AVAILABLE if bound.kind != "projection"]
    for bound in AVAILABLE:
        dashed = outline_of(axes, bound).get_linestyle() != "-"
        assert dashed == (bound.kind == "projection"), bound.name
    # Three patches are empty: those of the legend's shades.
    assert len([p for p in axes.patches if len(p.get_xy()) > 1]) == len(shaded)


@pytest.mark.parametrize("name", [b.name for b in AVAILABLE if b.kind != "projection"])
def test_shades_are_what_the_catalogue_says_is_excluded(name):
    """Random points: inside the shade exactly where the bound excludes them."""
    bound = known_bound(name)
    (axes,) = comparison_figure([], [bound], mass_range=(1e-2, 1e5), mu_range=(1e-14, 1e-2)).axes
    (patch,) = [p for p in axes.patches if len(p.get_xy()) > 1]
    path = patch.get_path().transformed(axes.transData)
    random = np.random.default_rng(20251)
    mass = np.exp(random.uniform(*np.log([1e-2, 1e5]), 4000))
    mu = np.exp(random.uniform(*np.log([1e-14, 1e-2]), 4000))
    inside = path.contains_points(axes.transData.transform(np.stack([mass, mu], axis=1)))
    # Rays of the two algorithms may differ for points within rounding of an edge, of which a
    # random sample has none.
    np.testing.assert_array_equal(inside, bound.excludes(mass, mu))
    assert inside.any()
    assert not inside.all()


def test_a_supernova_has_an_upper_edge(figure):
    """SN1987A excludes 1e-11 at 1 MeV, neither 1e-9 nor 1e-13 (arXiv:2007.15563, figure 2)."""
    (axes,) = comparison_figure([], [known_bound("sn1987a")]).axes
    (patch,) = [p for p in axes.patches if len(p.get_xy()) > 1]
    points = axes.transData.transform([(1.0, 1e-11), (1.0, 1e-9), (1.0, 1e-13)])
    path = patch.get_path().transformed(axes.transData)
    assert path.contains_points(points).tolist() == [True, False, False]


def test_own_curves_are_thick_on_top_and_named_in_the_legend(figure):
    (axes,) = figure.axes
    own = [line for line in axes.get_lines() if line.get_linewidth() >= 2.0]
    assert len(own) == 2
    for line, drawn in zip(own, CURVES, strict=True):
        np.testing.assert_allclose(line.get_ydata(), drawn.mu[:-1])
        assert line.get_zorder() > max(o.get_zorder() for o in (outline_of(axes, AVAILABLE[0]),))
    assert own[0].get_color() != own[1].get_color()
    assert own[0].get_linestyle() != own[1].get_linestyle()
    texts = [t.get_text() for legend in legends(axes) for t in legend.get_texts()]
    assert "A detector (90 % CL)" in texts
    assert len(texts) == 2 + 5


def test_no_two_of_many_curves_have_the_same_line():
    figure = comparison_figure([curve(str(i)) for i in range(9)], [])
    own = [line for line in figure.axes[0].get_lines() if line.get_linewidth() >= 2.0]
    assert len({line._unscaled_dash_pattern for line in own}) == len(own) == 9


def legends(axes):
    return [a for a in axes.get_children() if type(a).__name__ == "Legend"]


def test_legends_lie_above_the_axes_inside_the_figure_and_apart():
    """Also with long titles."""
    long = [curve("A very long title of a scenario that says all there is to say about it " * 2)]
    for curves in (CURVES, long, [curve(str(i)) for i in range(5)]):
        figure = comparison_figure(curves, AVAILABLE)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        own, kinds = sorted(
            (legend.get_window_extent() for legend in legends(axes)), key=lambda box: box.x0
        )
        assert own.x1 <= kinds.x0
        for box in (own, kinds):
            assert box.y0 >= axes.get_window_extent().y1
            assert box.y1 <= figure.bbox.y1
            assert box.x1 <= figure.bbox.x1


def decay_lines(axes):
    return [line for line in axes.get_lines() if line.get_zorder() == 2.3]


def test_decay_lines_pass_through_known_points():
    """τ = 0.377 s at 1e-9 μ_B and 1 MeV: 1 s at 6.14e-10; 1 au at 8.67e-11 for 10 MeV, as tests
    of the decay have it; and 1 m at a moment √(1 au / 1 m) = 3.868e5 times higher."""
    (axes,) = comparison_figure([], []).axes
    at = [
        np.exp(np.interp(0.0, np.log(line.get_xdata()), np.log(line.get_ydata())))
        for line in decay_lines(axes)
    ]
    np.testing.assert_allclose(at, [6.14e-10, 8.67e-11, 8.67e-11 * 3.868e5], rtol=3e-3)


def test_decay_lines_end_where_10_mev_cannot_make_the_mass():
    (axes,) = comparison_figure([], []).axes
    highest = [line.get_xdata().max() for line in decay_lines(axes)]
    assert highest[0] == pytest.approx(MASS_RANGE[1])
    assert max(highest[1:]) < 10.0


def test_without_decay_there_are_no_lines_of_it():
    (axes,) = comparison_figure([], AVAILABLE, decay=False).axes
    assert decay_lines(axes) == []
    assert not any("decays" in text.get_text() for text in axes.texts)


VIEWS = [
    ((1.0, 100.0), (1e-10, 1e-7)),
    ((5.0, 20.0), (1e-10, 5e-9)),
    ((0.01, 30.0), (1e-12, 1e-7)),
    ((0.3, 3.0), (1e-11, 1e-8)),
    ((20.0, 3000.0), (1e-10, 1e-6)),
    ((9.0, 11.0), (2e-10, 4e-10)),
    ((1e-6, 1e8), (1e-30, 1e10)),
]


@pytest.mark.parametrize(("mass_range", "mu_range"), VIEWS)
def test_zoomed_views_have_labels_of_what_shows_and_no_collisions(mass_range, mu_range):
    figure = comparison_figure(CURVES, AVAILABLE, mass_range, mu_range)
    (axes,) = figure.axes
    assert axes.get_xlim() == pytest.approx(mass_range)
    assert axes.get_ylim() == pytest.approx(mu_range)
    assert collisions(figure) == []
    assert [name for name, box in boxes(figure) if not box.inside(frame(axes))] == []


def test_labels_of_what_is_out_of_view_disappear():
    figure = comparison_figure([], AVAILABLE, (300.0, 3000.0), (1e-10, 1e-6))
    names = " ".join(name for name, _ in boxes(figure))
    for hidden in ("XENON1T", "BBN", "red giants", "Borexino", "au"):
        assert hidden not in names
    for shown in ("NOMAD", "SHiP", "DUNE"):
        assert shown in names


def test_a_label_is_placed_anew_when_its_usual_place_is_out_of_view():
    nomad = [known_bound("nomad")]
    places = []
    for view in (MASS_RANGE, (500.0, 3000.0)):
        (axes,) = comparison_figure([], nomad, view, MU_RANGE, decay=False).axes
        (text,) = axes.texts
        places.append(text.get_position()[0])
    assert places[0] < 10.0
    assert 500.0 < places[1] < 3000.0


def test_tick_labels_stay_in_the_figure():
    """Those of a narrow range are wider: 5 × 10⁻¹⁰."""
    for view in (MU_RANGE, (1e-10, 5e-9)):
        figure = comparison_figure([], [], None, view)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        box = axes.get_tightbbox()
        assert box.x0 >= 0.0
        assert box.x1 <= figure.bbox.x1
        assert sum(bool(t.get_text()) for t in axes.get_yticklabels()) >= 3


def test_a_narrow_view_has_numbers_between_powers_of_ten():
    figure = comparison_figure([], [], (5.0, 20.0), (1e-10, 5e-9))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert {"5", "10", "20"} <= {t.get_text() for t in axes.get_xticklabels()}


def test_namesakes_are_told_apart_by_flavour():
    pair = [known_bound("dune-nd-e"), known_bound("dune-nd-mu")]
    (axes,) = comparison_figure([], pair, decay=False).axes
    assert sorted(t.get_text() for t in axes.texts) == [r"DUNE ND $\nu_\mu$", r"DUNE ND $\nu_e$"]


def test_a_bound_of_the_user_with_any_name():
    own = Bound(
        name="mine",
        label="a $ b_c^",
        kind="measurement",
        mass=np.array([1.0, 5.0]),
        mu=np.array([1e-9] * 2),
    )
    figure = comparison_figure([], [own])
    figure.draw_without_rendering()
    assert any(
        "a" in text.get_text() and "b_c^" in text.get_text() for text in figure.axes[0].texts
    )


def test_a_bound_of_a_single_point_or_out_of_view_does_not_break_the_figure():
    point = replace(known_bound("nomad"), name="p", mass=np.array([3.0]), mu=np.array([1e-9]))
    far = replace(point, name="f", mass=np.array([1e9, 2e9]), mu=np.array([1.0, 2.0]))
    comparison_figure([], [point, far]).draw_without_rendering()


def test_masses_without_a_limit_and_massless_ones_are_left_out():
    mass = np.array([0.0, 1.0, 40.0])
    some = LimitCurve(
        scenario="name",
        flavour="e",
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=np.array([1e-9, 1e-9, np.nan]),
    )
    none = LimitCurve(
        scenario="none",
        flavour="e",
        confidence=0.9,
        dof=1,
        mass=mass,
        mu=np.full(3, np.nan),
    )
    comparison_figure([some, none], AVAILABLE).draw_without_rendering()


def test_ink_is_dark_enough_to_read(figure):
    """WCAG 2.1, 1.4.11: a contrast of 3 with white, for lines and their names."""
    (axes,) = figure.axes
    colours = {to_rgb(text.get_color()) for text in axes.texts}
    assert len(colours) >= 6
    for colour in colours:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
        assert 1.05 / (luminance + 0.05) >= 3.0, colour


def test_print_size(figure):
    """17 cm, the width of two journal columns; no text below 6 points."""
    assert figure.get_figwidth() == pytest.approx(17.0 / 2.54, rel=0.01)
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= 6.0


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_files_are_whole_and_reproducible(tmp_path, suffix):
    paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for path in paths:
        save(comparison_figure(CURVES, AVAILABLE), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    if suffix == "png":
        image = imread(paths[0])
        assert image.shape[1] >= 2000
        assert image[..., :3].std() > 0.05


def test_a_curve_of_a_single_mass_has_a_marker():
    alone = replace(curve(), mass=np.array([1.0, 30.0]), mu=np.array([1e-9, np.nan]))
    (axes,) = comparison_figure([alone], AVAILABLE).axes
    (line,) = (line for line in axes.get_lines() if line.get_label().startswith("A detector"))
    assert line.get_xydata().tolist() == [[1.0, 1e-9]]
    assert line.get_marker() == "o"


RECOMPUTED = [known_bound(name) for name in ("nucleus", "coherent-mu", "texono")]


def test_families_differ_in_colour_and_width():
    """Published limits, recomputed ones and a user's own; the legend says which is which."""
    own = replace(known_bound("borexino"), name="mine", label="mine", origin="own")
    (axes,) = comparison_figure([], [known_bound("charm-ii"), *RECOMPUTED, own]).axes
    texts = [t.get_text() for legend in legends(axes) for t in legend.get_texts()]
    assert {"published", "recomputed here", "your own"} <= set(texts)
    published, mine = outline_of(axes, known_bound("charm-ii")), outline_of(axes, own)
    others = [outline_of(axes, bound) for bound in RECOMPUTED]
    widths = {line.get_linewidth() for line in others}
    assert len(widths) == 1
    assert published.get_linewidth() < min(widths) < mine.get_linewidth()
    for line in others:
        red, _, blue = to_rgb(line.get_color())
        assert red > blue
    red, _, blue = to_rgb(published.get_color())
    assert blue > red


def test_published_limits_alone_need_no_families():
    (axes,) = comparison_figure([], [known_bound("charm-ii")]).axes
    texts = [t.get_text() for legend in legends(axes) for t in legend.get_texts()]
    assert "published" not in texts


def test_a_recomputed_curve_is_closed_upwards():
    bound = known_bound("nucleus")
    (axes,) = comparison_figure([], [bound], decay=False).axes
    (end,) = [line for line in axes.get_lines() if len(line.get_xdata()) == 2]
    assert end.get_xdata().tolist() == [bound.mass[-1]] * 2
    assert end.get_ydata().tolist() == [bound.mu[-1], MU_RANGE[1]]


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("width", ["page", "column"])
def test_the_papers_figure_and_everything_have_no_collisions(width, everything):
    paper = [known_bound(name) for name in PAPER_FIGURE]
    bounds = concerned(CURVES) if everything else paper
    figure = comparison_figure(CURVES, bounds, width=width)
    assert collisions(figure) == []
    (axes,) = figure.axes
    assert [name for name, box in boxes(figure) if not box.inside(frame(axes))] == []
    if not everything:  # each experiment of the paper has its name
        names = " ".join(name for name, _ in boxes(figure))
        assert [bound.name for bound in paper if bound.label not in names] == []
    figure.draw_without_rendering()
    for legend in legends(axes):
        extent = legend.get_window_extent()
        assert extent.x1 <= figure.bbox.x1
        assert extent.y1 <= figure.bbox.y1
