"""The figure of what moves a limit: what a referee would look for."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from upscatter.limits.impact import Impact, Impacts
from upscatter.report.impact_plots import impact_figure
from upscatter.report.plots import COLOURS, save

MU = 8.65e-10
TWO_SIDED = [
    Impact("flux", "8B flux", "uncertainty", "16 %", 1.08 * MU, 0.94 * MU),
    Impact("threshold", "threshold", "illustrative", "10 %", 0.95 * MU, 1.06 * MU),
    Impact("background", "background", "illustrative", "10 %", 0.98 * MU, 1.02 * MU),
    Impact("quenching", "Lindhard's k", "illustrative", "10 %", 1.01 * MU, 1.005 * MU),
    Impact("flux", "pp flux", "uncertainty", "100 %", None, 0.999 * MU, reason="lowered: none"),
    Impact("sin2_theta_w", "sin2_theta_w", "uncertainty", "0.00005", MU, 1.00001 * MU),
]
CHOICES = [
    Impact("flavour", "flavour", "choice", "tau", alternative=1.76 * MU),
    Impact("solar model", "solar model", "choice", "B16-AGSS09met", alternative=1.11 * MU),
    Impact("form factor", "form factor", "choice", "klein-nystrand", alternative=0.99 * MU),
]
REFUSED = [Impact("quenching", "quenching", "choice", "lindhard", reason="keVnr is ambiguous")]


def result(impacts=(*TWO_SIDED, *CHOICES, *REFUSED), title="Next-generation germanium"):
    ranked = Impacts.ranked(impacts, MU)
    return Impacts(
        scenario="ge", flavour="universal", confidence=0.9, mass=0.01, mu=MU, impacts=ranked,
        title=title,
    )  # fmt: skip


@pytest.fixture(scope="module")
def figure():
    drawn = impact_figure(result())
    drawn.canvas.draw()
    return drawn


def bars(axes):
    """Bars as (row, change, colour, hatch)."""
    return [
        (
            round(bar.get_y() + 0.5 * bar.get_height(), 2),
            bar.get_width(),
            to_hex(bar.get_edgecolor()).upper(),
            bar.get_hatch(),
        )
        for bar in axes.patches
        if isinstance(bar, Rectangle)
    ]


def names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


LOWERED, RAISED = COLOURS[0], COLOURS[4]


class TestBars:
    def test_are_the_changes_ranked_from_the_top(self, figure):
        axes = figure.axes[0]
        low, high = axes.get_ylim()
        assert low > high  # row 0 is on top
        drawn = {(row, colour): change for row, change, colour, _ in bars(axes)}
        assert drawn[0, LOWERED] == pytest.approx(8.0)
        assert drawn[0, RAISED] == pytest.approx(-6.0)
        assert drawn[1, LOWERED] == pytest.approx(-5.0)
        assert drawn[1, RAISED] == pytest.approx(6.0)
        assert names(axes)[:3] == [
            "$^{8}$B flux (±16 %)",
            "threshold (±10 %)",
            "background (±10 %)",
        ]

    def test_on_one_side_do_not_cover_each_other(self, figure):
        drawn = [bar for bar in bars(figure.axes[0]) if 2.5 < bar[0] < 3.5]
        (_, low, *_), (_, high, *_) = drawn
        assert (low, high) == (pytest.approx(1.0), pytest.approx(0.5))
        assert drawn[1][0] - drawn[0][0] > 0.34  # the height of such a bar

    def test_illustrative_ones_are_hatched_and_the_others_full(self, figure):
        for row, _, _, hatch in bars(figure.axes[0]):
            kind = result().two_sided[round(row)].kind
            assert (hatch is not None) == (kind == "illustrative")

    def test_a_side_without_a_limit_has_no_bar(self, figure):
        row = names(figure.axes[0]).index("pp flux (±100 %)")
        assert [bar[2] for bar in bars(figure.axes[0]) if bar[0] == row] == [RAISED]

    def test_colours_differ_in_grey(self):
        grey = [np.dot([0.299, 0.587, 0.114], to_rgb(colour)) for colour in (LOWERED, RAISED)]
        assert grey[1] - grey[0] > 0.25


class TestChoices:
    def test_are_markers_on_axes_of_their_own(self, figure):
        axes = figure.axes[1]
        (markers,) = [line for line in axes.lines if line.get_marker() == "D"]
        np.testing.assert_allclose(markers.get_xdata(), [76.0, 11.0, -1.0])
        np.testing.assert_array_equal(markers.get_ydata(), [0, 1, 2])
        assert names(axes) == [
            r"flavour: $\nu_\tau$",
            "solar model: B16-AGSS09met",
            "form factor: Klein-Nystrand",
        ]

    def test_what_was_refused_is_not_drawn(self, figure):
        assert not any("quenching" in name for axes in figure.axes for name in names(axes))


class TestNumbers:
    def test_stand_beside_every_row(self, figure):
        texts = [text.get_text() for text in figure.axes[0].texts]
        assert texts[:4] == ["lowered", "+8.00 %", "−5.00 %", "−2.00 %"]
        assert texts[7:10] == ["raised", "−6.00 %", "+6.00 %"]
        assert texts[5] == "–"  # no limit there
        assert (texts[6], texts[13]) == ("0 %", "< 0.01 %")
        assert [t.get_text() for t in figure.axes[1].texts] == [
            "change", "+76.0 %", "+11.0 %", "−1.00 %",
        ]  # fmt: skip

    def test_title_says_limit_mass_and_confidence(self, figure):
        (title,) = figure.texts
        assert title.get_text().startswith("Next-generation germanium\n")
        assert r"8.65\times 10^{-10}" in title.get_text()
        assert "= 0.01 MeV (90 % CL)" in title.get_text()


class TestScale:
    def test_is_linear_for_small_changes(self, figure):
        axes = figure.axes[0]
        assert axes.get_xscale() == "linear"
        assert axes.get_xlabel() == r"change of the upper limit on $\mu_{\nu 4}$ [%]"
        assert axes.get_xlim()[0] < -6.0
        assert axes.get_xlim()[1] > 8.0

    def test_a_large_change_does_not_squash_the_rest(self, figure):
        axes = figure.axes[1]
        assert axes.get_xscale() == "symlog"
        assert "logarithmic beyond ±10 %" in axes.get_xlabel()
        x = [axes.transAxes.inverted().transform(axes.transData.transform((change, 0.0)))[0]
             for change in (0.0, 11.0, 76.0)]  # fmt: skip
        assert (x[1] - x[0]) / (x[2] - x[0]) > 0.4  # 0.14 on a linear axis

    def test_ticks_of_any_range_do_not_touch(self):
        for size in (60.0, 700.0, 3e4, 2e6):
            wide = Impact("a", "a", "uncertainty", "1 %", 0.3 * MU, (1.0 + size / 100.0) * MU)
            drawn = impact_figure(result([wide, *CHOICES]))
            drawn.canvas.draw()
            labels = [t for t in drawn.axes[0].get_xticklabels() if t.get_text()]
            boxes = sorted((t.get_window_extent() for t in labels), key=lambda box: box.x0)
            assert len(boxes) >= 4
            assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


LONG = "A very long title of a scenario that says it all and $5 more " * 3


class TestLayout:
    @pytest.mark.parametrize("title", ["Short", LONG])
    def test_nothing_leaves_the_page_or_covers_another(self, title):
        drawn = impact_figure(result(title=title))
        drawn.canvas.draw()
        texts = [*drawn.texts, *(t for axes in drawn.axes for t in axes.texts)]
        for axes in drawn.axes:
            texts += [*axes.get_yticklabels(), *axes.get_xticklabels(), axes.xaxis.label]
        boxes = [t.get_window_extent() for t in texts if t.get_text()]
        boxes.append(drawn.legends[0].get_window_extent())
        for i, box in enumerate(boxes):
            assert drawn.bbox.x0 <= box.x0
            assert box.x1 <= drawn.bbox.x1
            assert drawn.bbox.y0 <= box.y0
            assert box.y1 <= drawn.bbox.y1
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])

    def test_is_as_wide_as_a_page_and_as_tall_as_its_rows(self, figure):
        assert figure.get_figwidth() == pytest.approx(17.0 / 2.54, rel=0.01)
        shorter = impact_figure(result([*TWO_SIDED[:2], *CHOICES]))
        rows = figure.get_figheight() - shorter.get_figheight()
        assert rows == pytest.approx(0.2 * (len(TWO_SIDED) - 2))

    def test_legend(self, figure):
        (legend,) = figure.legends
        labels = [text.get_text() for text in legend.get_texts()]
        assert labels == ["input lowered", "input raised", "illustrative change"]
        (legend,) = impact_figure(result([TWO_SIDED[0]])).legends
        assert len(legend.get_texts()) == 2

    def test_choices_alone_make_a_figure(self):
        drawn = impact_figure(result([*CHOICES, *REFUSED]))
        assert len(drawn.axes) == 1
        assert len(names(drawn.axes[0])) == 3


def test_the_same_result_gives_the_same_file(tmp_path):
    paths = [tmp_path / f"{i}.svg" for i in range(2)]
    for path in paths:
        save(impact_figure(result()), path)
    assert len(paths[0].read_bytes()) > 5000
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_png_has_ink_and_print_resolution(figure, tmp_path):
    path = tmp_path / "figure.png"
    save(figure, path)
    image = imread(path)
    assert image.shape[1] >= 2000
    assert image[..., :3].std() > 0.05
