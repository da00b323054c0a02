"""The post-fit figure: what is in it, and that nothing collides."""

import numpy as np
import pytest
from matplotlib.image import imread

from upscatter.limits.measured import Channel, PostFit
from upscatter.report.measured_tables import pulls_table
from upscatter.report.plots import save
from upscatter.report.postfit_plots import post_fit_figure
from upscatter.report.released_labels import nuisance_label
from upscatter.report.tables import as_text

NUISANCES = (
    "cathode_sr0_rate_multiplier",
    "t_sys_sr1",
    "t_qy",
    "cevns_rate_multiplier",
    "flux hep",
)


EDGES = np.array([80.0, 140.0, 200.0, 260.0])


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
            "sr0": Channel(slice(0, 3), EDGES, "cS2 [PE]"),
            "sr1": Channel(slice(3, 6), EDGES, "cS2 [PE]"),
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
    small, large = patches[r"$^8$B CE$\nu$NS"], patches["cathode"]
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
    names = ("ae_sr1_rate_multiplier", "signal_efficiency_sr2", "flux hep", "something else")
    labels = ["accidental e SR1", "efficiency SR2", "hep flux", "something else"]
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
