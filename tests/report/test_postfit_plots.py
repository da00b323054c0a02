"""The post-fit figure: what is in it, and that nothing collides."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.image import imread

from upscatter.detector.axes import Axis
from upscatter.limits.channel import Channel
from upscatter.limits.measured import PostFit
from upscatter.report.measured_tables import pulls_table
from upscatter.report.plots import save
from upscatter.report.postfit_plots import post_fit_figure
from upscatter.report.released_labels import nuisance_label
from upscatter.report.tables import as_text
from upscatter.statistics.garwood import garwood_interval

NUISANCES = (
    "cathode_sr0_rate_multiplier",
    "t_sys_sr1",
    "t_qy",
    "cevns_rate_multiplier",
    "flux hep",
)


AXIS = Axis("cS2", "PE", np.array([80.0, 140.0, 200.0, 260.0]))


def post_fit(best=0.0, expected=(0.5e-9, 1e-9, 1.5e-9, 2e-9, 3e-9)):
    bins = 6
    falling = np.linspace(100.0, 10.0, bins)
    return PostFit(
        scenario="somewhere",
        title="Somewhere",
        mass=0.5,
        mu_best=np.sqrt(best),
        mu_limit=1.2e-9,
        mu_expected=np.array(expected),
        confidence=0.9,
        channels={
            "sr0": Channel(slice(0, 3), (AXIS,)),
            "sr1": Channel(slice(3, 6), (AXIS,)),
        },
        observed=np.round(1.1 * falling),
        widths=np.zeros(bins),
        components={"cathode": falling, "8B CEvNS": 0.1 * falling},
        signal_best=best * falling,
        signal_limit=0.2 * falling,
        nuisances=NUISANCES,
        pulls=np.array([0.5, -1.0, 0.0, -0.004, 0.1]),
        errors=np.array([0.4, 0.9, 1.0, 1.0, 1.0]),
        pulls_limit=np.zeros(5),
    )


@pytest.fixture
def figure():
    return post_fit_figure(post_fit())


def test_a_panel_of_counts_and_of_residuals_for_each_run_and_one_of_pulls(figure):
    assert len(figure.axes) == 2 * 2 + 1
    counts, residuals, pulls = figure.axes[0], figure.axes[1], figure.axes[-1]
    assert counts.get_ylabel() == "events per bin"
    assert residuals.get_xlabel() == "cS2 [PE]"
    assert r"\sigma" in pulls.get_ylabel()
    assert [text.get_text() for text in pulls.get_xticklabels()][1:3] == [
        "cathode shape SR1", "charge yield"
    ]  # fmt: skip
    assert any(text.get_text() == "SR0" for text in counts.texts)


def test_components_are_stacked_and_the_signal_is_at_its_limit(figure):
    patches = {patch.get_label(): patch.get_data() for patch in figure.axes[0].patches}
    given = post_fit()
    first = slice(0, 3)
    small, large = patches[r"$^{8}$B CE$\nu$NS"], patches["cathode"]
    np.testing.assert_allclose(small.values, given.components["8B CEvNS"][first])
    np.testing.assert_allclose(large.baseline, small.values)
    np.testing.assert_allclose(large.values, given.expected[first])
    (limit,) = [data for label, data in patches.items() if "limit" in label]
    np.testing.assert_allclose(limit.values, given.signal_limit[first])
    assert r"1.20 \times 10^{-9}" in next(label for label in patches if "limit" in label)


def test_a_best_fit_with_a_dipole_is_stacked_too():
    labels = [p.get_label() for p in post_fit_figure(post_fit(best=0.1)).axes[0].patches]
    assert any("best fit" in label for label in labels)
    assert not any("best fit" in p.get_label() for p in post_fit_figure(post_fit()).axes[0].patches)


def in_two_observables(names=("sr0", "sr1")):
    """The same counts in bins of energy and time."""
    time = Axis("time", "us", np.array([0.0, 1.0, 3.0]))
    energy = Axis("cS2", "PE", AXIS.edges)
    given = post_fit()
    tiled = {
        name: np.concatenate([counts, 2.0 * counts]) for name, counts in given.components.items()
    }
    return replace(
        given,
        channels={
            name: Channel(slice(6 * i, 6 * i + 6), (energy, time)) for i, name in enumerate(names)
        },
        observed=np.tile(given.observed, 2),
        widths=np.zeros(12),
        components=tiled,
        signal_best=np.tile(given.signal_best, 2),
        signal_limit=np.tile(given.signal_limit, 2),
    )


def test_a_panel_for_each_observable():
    given = in_two_observables()
    panels = post_fit_figure(given).axes[:-1:2]
    assert len(panels) == 4
    for axes, (name, axis) in zip(
        panels, [("sr0", 0), ("sr0", 1), ("sr1", 0), ("sr1", 1)], strict=True
    ):
        bins = given.channels[name].bins
        expected = given.expected[bins].reshape(3, 2).sum(axis=1 - axis)
        (fitted,) = [p.get_data() for p in axes.patches if p.get_label() == "fit"]
        np.testing.assert_allclose(fitted.values, expected)
        np.testing.assert_array_equal(fitted.edges, given.channels[name].axes[axis].edges)
        marks = axes.containers[0].lines[0].get_ydata()
        seen = given.observed[bins].reshape(3, 2).sum(axis=1 - axis)
        np.testing.assert_array_equal(marks, seen)


def test_residuals_of_a_projection_are_those_of_its_sums():
    given = in_two_observables()
    found = given.projected("sr1", 1)
    seen = given.observed[6:].reshape(3, 2).sum(axis=0)
    expected = given.expected[6:].reshape(3, 2).sum(axis=0)
    np.testing.assert_allclose(found.residuals, (seen - expected) / np.sqrt(expected))


def test_errors_of_a_projection_add_in_quadrature():
    given = replace(in_two_observables(), widths=np.arange(1.0, 13.0))
    np.testing.assert_allclose(given.projected("sr0", 0).widths, np.sqrt([5.0, 25.0, 61.0]))


def test_panels_of_several_observables_do_not_overlap():
    figure = post_fit_figure(in_two_observables())
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert labels == ["cS2 [PE]", r"time [$\mu$s]"] * 2
    assert [axes.get_title(loc="left") for axes in figure.axes[:-1:2]] == ["SR0", "", "SR1", ""]
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for one, other in combinations(boxes, 2):
        assert one.x1 <= other.x0 + 1 or other.x1 <= one.x0 + 1 or not one.overlaps(other)


def test_rows_of_one_and_of_several_observables_have_the_same_width():
    given = in_two_observables()
    flat = Channel(slice(6, 12), (Axis("E", "keV", np.arange(7.0)),))
    mixed = replace(given, channels={"both": given.channels["sr0"], "one": flat})
    figure = post_fit_figure(mixed)
    figure.canvas.draw()
    one, left, right = (axes.get_window_extent() for axes in figure.axes[:-1:2])
    assert one.x0 == pytest.approx(left.x0, abs=1.0)
    assert one.x1 == pytest.approx(right.x1, abs=1.0)


def test_very_unequal_bins_have_events_per_unit():
    given = in_two_observables()
    energy, _ = given.channels["sr0"].axes
    time = Axis("time", "us", np.array([0.0, 0.5, 6.0]))
    channel = Channel(slice(0, 6), (energy, time))
    figure = post_fit_figure(replace(given, channels={**given.channels, "sr0": channel}))
    in_energy, in_time = figure.axes[0], figure.axes[2]
    assert in_energy.get_ylabel() == "events per bin"
    assert in_time.get_ylabel() == r"events per $\mu$s"
    seen = given.observed[:6].reshape(3, 2).sum(axis=0)
    marks, _, (bars,) = in_time.containers[0].lines
    np.testing.assert_allclose(marks.get_ydata(), seen / [0.5, 5.5])
    low, high = garwood_interval(seen)
    ends = np.array([[bar[0, 1], bar[1, 1]] for bar in bars.get_segments()])
    np.testing.assert_allclose(ends.T, [low / [0.5, 5.5], high / [0.5, 5.5]])
    assert in_time.get_ylim()[1] > ends.max()


def test_bins_of_4_and_10_photoelectrons_have_events_per_photoelectron():
    """Counts per bin would rise where the bins grow; what is per bin says so, beside it."""
    given = in_two_observables()
    _, time = given.channels["sr0"].axes
    light = Axis("light", "PE", np.array([8.0, 12.0, 22.0, 32.0]))
    channel = Channel(slice(0, 6), (light, time))
    figure = post_fit_figure(replace(given, channels={**given.channels, "sr0": channel}))
    assert [figure.axes[i].get_ylabel() for i in (0, 2)] == ["events per PE", "events per bin"]


def test_a_wide_legend_takes_fewer_columns():
    names = [f"accidental coincidences of kind {number}" for number in range(6)]
    given = post_fit(best=0.1)
    wide = replace(given, components=dict.fromkeys(names, given.components["cathode"]))
    figure = post_fit_figure(wide)
    figure.canvas.draw()
    (legend,) = figure.legends
    assert figure.bbox.x0 <= legend.get_window_extent().x0
    assert legend.get_window_extent().x1 <= figure.bbox.x1
    assert len(legend.get_texts()) == len(names) + 4


def test_every_observed_count_is_inside_the_frame(figure):
    top = figure.axes[0].get_ylim()[1]
    assert top > 1.05 * post_fit().observed.max()


def test_labels_do_not_overlap(figure):
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(axes.get_window_extent()) for axes in figure.axes)
    for axes in figure.axes:
        assert figure.bbox.containsx(axes.get_tightbbox().x0)
        assert figure.bbox.containsy(axes.get_tightbbox().y0)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_files(figure, tmp_path, suffix):
    path = tmp_path / f"fit.{suffix}"
    save(figure, path)
    assert path.stat().st_size > 5000
    if suffix == "png":
        assert imread(path).shape[1] == pytest.approx(6.69 * 300, abs=2)


def test_labels_of_parameters():
    names = ("ae_sr1_rate_multiplier", "signal_efficiency_sr2", "flux hep", "flux stopped pion")
    labels = ["accidental e SR1", "efficiency SR2", "hep flux", "stopped pion flux"]
    assert [nuisance_label(name) for name in names] == labels


def test_table_of_pulls():
    text = as_text(pulls_table(post_fit()))
    assert "+0.50 ± 0.40" in text
    assert "-0.00" not in text
    assert "limit 1.200e-09 mu_B at 90 % CL" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("expected", "name"),
    [((1.3e-9, 1.4e-9), "-2 sigma"), ((1.1e-9, 1.3e-9), "-1 sigma"), ((0.0, 1.1e-9), "")],
)
def test_a_limit_below_what_is_expected_is_remarked(expected, name):
    text = as_text(pulls_table(post_fit(expected=(*expected, 2e-9, 3e-9, 4e-9))))
    assert "median 2.00e-09" in text
    assert (f"below the {name} value" in text) if name else ("below" not in text)


def two_experiments(ratio):
    """The second channel's counts are smaller by a ratio."""
    fit = post_fit()
    scale = np.repeat([1.0, 1.0 / ratio], 3)
    return replace(
        fit,
        observed=np.round(fit.observed * scale),
        components={name: counts * scale for name, counts in fit.components.items()},
        signal_best=fit.signal_best * scale,
        signal_limit=fit.signal_limit * scale,
    )


@pytest.mark.parametrize(("ratio", "shared"), [(1.0, True), (10.0, False)])
def test_panels_of_very_different_counts_have_axes_of_their_own(ratio, shared):
    figure = post_fit_figure(two_experiments(ratio))
    first, second = figure.axes[0], figure.axes[2]
    assert (first.get_ylim() == second.get_ylim()) is shared
    assert second.yaxis.get_tick_params()["labelleft"] is not shared
    # no panel is flat: its counts fill half of it
    tallest = max(patch.get_data().values.max() for patch in second.patches)
    assert shared or tallest > 0.5 * second.get_ylim()[1]


def test_many_components_are_told_apart():
    ones, first, second = np.ones(6), np.repeat([1.0, 0.0], 3), np.repeat([0.0, 1.0], 3)
    parts = {f"first {i}": (20.0 - i) * first for i in range(6)}
    parts |= {f"second {i}": (10.0 - i) * second for i in range(6)} | {"both": 30.0 * ones}
    figure = post_fit_figure(replace(post_fit(), components=parts))
    filled = [p for p in figure.axes[0].patches if p.get_label() in parts]
    looks = {p.get_label(): (p.get_facecolor(), p.get_hatch()) for p in filled}
    assert len(looks) == len(set(looks.values())) == len(parts)
    for run in ("first", "second"):
        colours = [look[0] for name, look in looks.items() if name.startswith(run)]
        assert len({*colours, looks["both"][0]}) == len(colours) + 1


def test_without_nuisance_parameters_there_is_no_panel_of_them():
    none = np.zeros(0)
    fit = post_fit()
    with_pulls = len(post_fit_figure(fit).axes)
    bare = replace(fit, nuisances=(), pulls=none, errors=none, pulls_limit=none)
    assert len(post_fit_figure(bare).axes) == with_pulls - 1
    assert "there are no nuisance parameters" in as_text(pulls_table(bare))
