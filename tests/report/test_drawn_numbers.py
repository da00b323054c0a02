"""Reports show the numbers of their results: heights of what is drawn, columns under headings.

What is drawn is read back in data coordinates, and results are those of the package itself.
"""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from scipy.stats import chi2

from made_up_release import made_up_release
from upscatter.experiments.released import Released
from upscatter.report import tables
from upscatter.report.impact_plots import impact_figure
from upscatter.report.plots import exclusion_figure
from upscatter.report.postfit_plots import post_fit_figure
from upscatter.report.toys_plots import toys_figure
from upscatter.scenario.load import Scenario
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.studies.impacts import impacts
from upscatter.studies.limits import limit_of, upper_limit
from upscatter.studies.measured import post_fit
from upscatter.studies.toys import toys

MASSES = (0.1, 1.0, 5.0, 10.0)

# Ends of the central intervals of one standard deviation for so many counts: N. Gehrels, ApJ 303
# (1986) 336, tables 1 and 2 (S = 1).
GEHRELS = {0: (0.0, 1.841), 1: (0.1727, 3.300), 3: (1.367, 5.918), 10: (6.891, 14.27)}


@pytest.fixture(scope="module")
def banded():
    return upper_limit("ge-nextgen", MASSES, bands=True)


@pytest.fixture(scope="module")
def measurement():
    scenario = Scenario.load("xenonnt-s2only")
    return Released(ReleasedExperiment(Scattering(scenario), made_up_release(0.35)))


@pytest.fixture(scope="module")
def measured(measurement):
    return limit_of(measurement, MASSES, bands=True)


def shaded(axes):
    """Lower and upper edges of each filled area by its masses, (masses,) each."""
    areas = []
    for area in axes.collections:
        if not isinstance(area, PolyCollection):
            continue
        (path,) = area.get_paths()
        x, y = path.vertices.T
        masses = np.unique(x)
        edges = np.array([[y[x == m].min(), y[x == m].max()] for m in masses])
        areas.append((masses, *edges.T))
    return areas


class TestExclusionFigure:
    @pytest.mark.parametrize("which", ["banded", "measured"])
    def test_bands_reach_from_their_lower_to_their_upper_edge(self, which, request):
        curve = request.getfixturevalue(which)
        (axes,) = exclusion_figure([curve]).axes
        (_, *outer), (_, *inner) = shaded(axes)
        floor = axes.get_ylim()[0]
        for (low, high), (lower, upper) in ((outer, (0, 4)), (inner, (1, 3))):
            np.testing.assert_allclose(low, np.maximum(curve.bands[lower], floor), rtol=1e-12)
            np.testing.assert_allclose(high, curve.bands[upper], rtol=1e-12)
            assert (high > 1.05 * low).all()

    def test_the_excluded_side_is_shaded_up_to_the_frame(self):
        curve = upper_limit("ge-nextgen", MASSES)
        (axes,) = exclusion_figure([curve]).axes
        ((masses, low, high),) = shaded(axes)
        np.testing.assert_allclose(masses, MASSES)
        np.testing.assert_allclose(low, curve.mu)
        np.testing.assert_allclose(high, axes.get_ylim()[1])

    def test_lines_of_a_measurement(self, measured):
        lines = exclusion_figure([measured]).axes[0].get_lines()
        drawn = {line.get_label(): line.get_ydata() for line in lines}
        median = drawn.pop("without a dipole, median")
        np.testing.assert_allclose(median, measured.bands[2])
        (limit,) = drawn.values()
        np.testing.assert_allclose(limit, measured.mu)


class TestToysFigure:
    def test_bands_and_medians(self):
        result = toys("ge-nextgen", trials=500)
        (axes,) = toys_figure(result).axes
        outer, inner = (patch for patch in axes.patches if isinstance(patch, Rectangle))
        unit = 10.0 ** np.floor(np.log10(result.expected[4]))
        for patch, (lower, upper) in ((outer, (0, 4)), (inner, (1, 3))):
            box = patch.get_window_extent()
            (left, bottom), (right, top) = axes.transData.inverted().transform(box.get_points())
            assert (left, right) == pytest.approx(result.expected[[lower, upper]] / unit)
            assert (bottom, top) == pytest.approx(axes.get_ylim(), abs=1e-6)
            assert top > bottom + 1.0
        medians = [line.get_xdata()[0] * unit for line in axes.lines]
        assert medians == pytest.approx([result.expected[2], np.median(result.limits)])


class TestImpactFigure:
    def test_bars_are_changes_with_a_height(self):
        result = impacts("ge-nextgen")
        axes = impact_figure(result).axes[0]
        bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        changes = [
            100.0 * (mu / result.mu - 1.0)
            for impact in result.two_sided
            for mu in (impact.low, impact.high)
            if mu is not None
        ]
        np.testing.assert_allclose([bar.get_width() for bar in bars], changes, atol=1e-9)
        assert {round(bar.get_height(), 2) for bar in bars} <= {0.34, 0.66}


class TestPostFitFigure:
    def fit(self, measurement, observed=None):
        fit = post_fit(measurement, 1.0)
        if observed is not None:
            counts = np.resize(np.array(observed, dtype=float), fit.observed.size)
            fit = replace(fit, observed=counts)
        return fit

    def bars(self, axes):
        """Lower and upper ends of the bars of data, shape (2, bins)."""
        (container,) = axes.containers
        (segments,) = (lines.get_segments() for lines in container.lines[2])
        return np.array([[segment[0, 1], segment[1, 1]] for segment in segments]).T

    def test_data_have_the_intervals_of_garwood(self, measurement):
        """F. Garwood, Biometrika 28 (1936) 437: quantiles of χ² with 2n and 2n + 2 dof."""
        observed = [*GEHRELS, 50]
        fit = self.fit(measurement, observed)
        axes = post_fit_figure(fit).axes
        tail = chi2.sf(1.0, 1) / 2.0
        for panel, channel in zip(axes[0::2], fit.channels.values(), strict=False):
            bins = channel.bins
            low, high = self.bars(panel)
            counts = fit.observed[bins]
            lower = np.where(counts > 0, 0.5 * chi2.ppf(tail, 2.0 * np.maximum(counts, 1)), 0.0)
            np.testing.assert_allclose(low, lower, rtol=1e-7, atol=1e-12)
            np.testing.assert_allclose(high, 0.5 * chi2.isf(tail, 2.0 * counts + 2.0), rtol=1e-7)
            for n, (least, most) in GEHRELS.items():
                found = np.flatnonzero(counts == n)
                np.testing.assert_allclose(low[found], least, rtol=5e-4)
                np.testing.assert_allclose(high[found], most, rtol=5e-4)

    def test_stacked_components_have_the_heights_of_their_counts(self, measurement):
        fit = self.fit(measurement)
        axes = post_fit_figure(fit).axes
        for panel, channel in zip(axes[0::2], fit.channels.values(), strict=False):
            bins = channel.bins
            filled = [patch.get_data() for patch in panel.patches if patch.get_fill()]
            heights = sorted(float((d.values - d.baseline).sum()) for d in filled)
            counts = [components[bins].sum() for components in fit.components.values()]
            if fit.signal_best.any():
                counts.append(fit.signal_best[bins].sum())
            np.testing.assert_allclose(heights, sorted(counts), rtol=1e-12)

    def test_shades_are_one_and_two_standard_deviations(self, measurement):
        figure = post_fit_figure(self.fit(measurement))
        pulls = figure.axes[-1]
        for axes in (figure.axes[1], pulls):
            spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
            heights = {
                to_hex(span.get_facecolor()).upper(): (
                    span.get_y(),
                    span.get_y() + span.get_height(),
                )
                for span in spans
            }
            assert heights["#F1F3F4"] == (-2.0, 2.0)
            assert heights["#E2E6E9"] == (-1.0, 1.0)

    def test_residuals_and_pulls(self, measurement):
        fit = self.fit(measurement)
        figure = post_fit_figure(fit)
        bins = next(iter(fit.channels.values())).bins
        (steps,) = (p for p in figure.axes[1].patches if not isinstance(p, Rectangle))
        expected = fit.expected[bins]
        residuals = (fit.observed[bins] - expected) / np.sqrt(expected)
        np.testing.assert_allclose(steps.get_data().values, residuals)
        low, high = self.bars(figure.axes[-1])
        np.testing.assert_allclose(low, fit.pulls - fit.errors)
        np.testing.assert_allclose(high, fit.pulls + fit.errors)


class TestLimitTable:
    def columns(self, curve):
        """Cells of the table by the heading above them."""
        shown = tables.limit_table(curve, thin=False)
        return {str(column.header): list(column.cells) for column in shown.columns}

    HEADINGS = ("-2 sig", "-1 sig", "median", "+1 sig", "+2 sig")

    def test_all_bands_of_a_projection_are_under_their_headings(self, banded):
        columns = self.columns(banded)
        for heading, band in zip(self.HEADINGS, banded.bands, strict=True):
            assert columns[heading] == [f"{mu:.2e}" for mu in band]
        assert columns["mu [mu_B]"] == [f"{mu:.3e}" for mu in banded.mu]

    def test_beside_a_measurement_there_are_the_inner_three(self, measured):
        columns = self.columns(measured)
        assert [name for name in columns if name in self.HEADINGS] == ["-1 sig", "median", "+1 sig"]
        for heading, i in (("-1 sig", 1), ("median", 2), ("+1 sig", 3)):
            assert columns[heading] == [f"{mu:.2e}" for mu in measured.bands[i]]
        assert columns["mu [mu_B]"] == [f"{mu:.3e}" for mu in measured.mu]
        assert columns["best fit"] == [f"{mu:.2e}" for mu in measured.best]
        assert columns["p-value"] == [f"{p:.2g}" for p in measured.p_value]
