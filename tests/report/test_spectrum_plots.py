"""Figures of spectra: every height is the number of the result, and nothing collides."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from scipy.stats import chi2

from scenario_files import detector, scenario
from upscatter.errors import PhysicsError
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.recoil_spectrum import RecoilSpectrum
from upscatter.report.plots import save
from upscatter.report.spectrum_labels import power
from upscatter.report.spectrum_plots import counts_figure, recoil_figure
from upscatter.scenario.load import Scenario
from upscatter.studies.counts import expected_counts, recoil_spectrum

PROJECTIONS = (
    "ar-darkside-lowmass", "cawo4-cresst", "cdex-50", "ge-future", "ge-nextgen",
    "si-supercdms-hv", "xe-darwin",
)  # fmt: skip
EQUAL = np.array([0.2, 0.7, 1.2, 1.7])
UNEQUAL = np.array([0.05, 0.1, 0.4, 1.4])
ALL_SOURCES = ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F")


def counts(edges=UNEQUAL, **changes):
    """Made-up counts, all different, in three bins."""
    made = ExpectedCounts(
        scenario="mine",
        bin_edges_kevee=edges,
        background=np.array([5.0, 30.0, 100.0]),
        sm={"8B": np.array([4.0, 2.0, 0.0]), "hep": np.array([0.04, 0.03, 0.02])},
        signal={"8B": np.array([9.0, 3.0, 0.5]), "hep": np.array([0.07, 0.06, 0.05])},
        mu=2e-9,
        mass=3.0,
        provenance={},
    )
    return replace(made, **changes)


def steps(figure):
    """Heights of the labelled steps by label, and the edges that they have in common."""
    (axes,) = figure.axes
    drawn = {patch.get_label(): patch.get_data() for patch in axes.patches if patch.get_label()}
    first = next(iter(drawn.values()))
    assert all((data.edges == first.edges).all() for data in drawn.values())
    return {label: np.array(data.values) for label, data in drawn.items()}, first.edges


def visible(values, figure):
    """Whether values are inside the frame."""
    bottom, top = figure.axes[0].get_ylim()
    return (values >= bottom) & (values <= top)


class TestCounts:
    def test_unequal_bins_have_counts_per_kevee(self):
        figure = counts_figure(counts())
        heights, edges = steps(figure)
        np.testing.assert_array_equal(edges, UNEQUAL)
        expected = {
            "background": [100.0, 100.0, 100.0],
            "SM $^{8}$B": [80.0, 20.0 / 3.0],
            "SM hep": [0.8, 0.1, 0.02],
            "dipole": [181.4, 10.2, 0.55],
            "sum without dipole": [180.8, 100.0 + 20.0 / 3.0 + 0.1, 100.02],
            "sum": [362.2, 100.0 + 20.0 / 3.0 + 10.3, 100.57],
        }
        assert list(heights) == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(heights[name][: len(values)], values, rtol=1e-12)
        assert figure.axes[0].get_ylabel() == r"events per keV$_{\mathrm{ee}}$"

    def test_equal_bins_have_counts_and_their_width_in_the_label(self):
        figure = counts_figure(counts(EQUAL, exposure_kg_yr=150.0))
        heights, _ = steps(figure)
        np.testing.assert_allclose(heights["background"], [5.0, 30.0, 100.0])
        np.testing.assert_allclose(heights["dipole"], [9.07, 3.06, 0.55])
        label = figure.axes[0].get_ylabel()
        assert label == r"events per 0.5 keV$_{\mathrm{ee}}$ in 150 kg yr"

    def test_a_large_exposure_is_named_in_tonnes(self):
        label = counts_figure(counts(exposure_kg_yr=2e5)).axes[0].get_ylabel()
        assert label.endswith(" in 200 t yr")

    def test_the_background_is_filled_and_the_dipole_shaded_on_top(self):
        figure = counts_figure(counts())
        heights, _ = steps(figure)
        filled, shaded = (p for p in figure.axes[0].patches if p.get_fill())
        np.testing.assert_allclose(filled.get_data().values, heights["background"])
        assert filled.get_data().baseline < figure.axes[0].get_ylim()[0]
        np.testing.assert_allclose(shaded.get_data().values, heights["sum"])
        np.testing.assert_allclose(shaded.get_data().baseline, heights["sum without dipole"])

    def test_zero_falls_out_of_the_frame_and_nothing_else_of_its_line_does(self):
        figure = counts_figure(counts())
        heights, _ = steps(figure)
        assert visible(heights["SM $^{8}$B"], figure).tolist() == [True, True, False]
        bottom = figure.axes[0].get_ylim()[0]
        assert 0.0 < heights["SM $^{8}$B"][2] < 0.01 * bottom  # a steep line, not a missing one

    def test_what_is_nowhere_in_the_frame_is_named_above_it(self):
        sm = {"8B": np.array([4.0, 2.0, 0.0]), "hep": np.full(3, 1e-9), "13N": np.full(3, 1e-8)}
        figure = counts_figure(counts(sm=sm, signal={"8B": np.zeros(3)}))
        assert set(steps(figure)[0]) == {
            "background", "SM $^{8}$B", "sum without dipole", "sum",
        }  # fmt: skip
        heading = figure.legends[0].get_title().get_text()
        assert heading.splitlines()[2:] == ["zero: dipole", "below the frame: SM hep, $^{13}$N"]

    def test_no_background(self):
        figure = counts_figure(counts(background=np.zeros(3)))
        assert "background" not in steps(figure)[0]
        assert "zero: background" in figure.legends[0].get_title().get_text()

    def test_no_counts_at_all_still_make_a_figure(self):
        nothing = {"8B": np.zeros(3)}
        assert counts_figure(counts(background=np.zeros(3), sm=nothing, signal=nothing)).axes

    def test_the_heading_says_moment_and_mass(self):
        heading = counts_figure(counts(title="A $5 detector")).legends[0].get_title().get_text()
        assert heading.splitlines() == [
            r"A \$5 detector",
            r"dipole: $\mu_{\nu 4}$ = $2\times 10^{-9}$$\,\mu_{\mathrm{B}}$, $m_4$ = 3 MeV",
        ]

    def test_scales(self):
        assert counts_figure(counts()).axes[0].get_xscale() == "log"  # 0.05 to 1.4, unequal
        assert counts_figure(counts(EQUAL)).axes[0].get_xscale() == "linear"
        assert counts_figure(counts(0.1 + UNEQUAL)).axes[0].get_xscale() == "linear"
        for edges in (UNEQUAL, EQUAL):
            axes = counts_figure(counts(edges)).axes[0]
            assert axes.get_yscale() == "log"
            assert axes.get_xlim() == (edges[0], edges[-1])

    def test_lines_differ_in_grey_or_in_dashes(self):
        sm = {source: np.full(3, 1.0 + i) for i, source in enumerate(ALL_SOURCES)}
        figure = counts_figure(counts(sm=sm))
        lines = [patch for patch in figure.axes[0].patches if patch.get_label()]
        assert len(lines) == len(ALL_SOURCES) + 4
        for one, other in combinations(lines, 2):
            grey = [np.dot([0.299, 0.587, 0.114], to_rgb(p.get_edgecolor())) for p in (one, other)]
            same = one.get_linestyle() == other.get_linestyle()
            thick = abs(one.get_linewidth() - other.get_linewidth()) > 0.5
            assert not same or thick or abs(grey[0] - grey[1]) > 0.15, (one, other)


class TestTime:
    """Counts in energy and time have a panel for each axis."""

    TIMES = np.array([0.0, 1.0, 4.0])

    def figure(self, **changes):
        grid = np.array([[5.0, 1.0], [30.0, 2.0], [100.0, 3.0]])
        late = np.array([[0.0, 4.0], [0.0, 2.0], [0.0, 1.0]])
        return counts_figure(
            counts(
                background=grid.ravel(),
                sm={"late": late.ravel(), "early": 0.1 * grid.ravel()},
                signal={"late": late.ravel()},
                time_edges_us=self.TIMES,
                **changes,
            )
        )

    def lines(self, axes):
        return {p.get_label(): p.get_data().values for p in axes.patches if p.get_label()}

    def test_heights_are_sums_over_the_other_axis(self):
        energy, time = self.figure().axes
        np.testing.assert_allclose(
            self.lines(energy)["background"], np.array([6.0, 32.0, 103.0]) / np.diff(UNEQUAL)
        )
        np.testing.assert_allclose(self.lines(time)["background"], [135.0, 6.0 / 3.0])
        assert self.lines(time)["SM late"][1] == pytest.approx(7.0 / 3.0)
        assert self.lines(time)["sum"][1] == pytest.approx((6.0 + 0.6 + 14.0) / 3.0)

    def test_labels(self):
        energy, time = self.figure(exposure_kg_yr=5.0).axes
        assert energy.get_ylabel() == r"events per keV$_{\mathrm{ee}}$ in 5 kg yr"
        assert time.get_ylabel() == r"events per $\mu$s in 5 kg yr"
        assert time.get_xlabel() == r"time after the start of a pulse [$\mu$s]"
        assert time.get_xlim() == (0.0, 4.0)

    def test_one_legend_in_the_order_of_the_lines(self):
        figure = self.figure(observed=np.full(6, 3.0))
        assert [text.get_text() for text in figure.legends[0].get_texts()] == [
            "background", "SM late", "SM early", "dipole", "sum without dipole", "sum", "data"
        ]  # fmt: skip

    def test_sources_beside_the_sun_have_lines_of_their_own(self):
        (axes, _) = self.figure().axes
        styles = {
            p.get_label(): (p.get_edgecolor(), p.get_linestyle())
            for p in axes.patches
            if p.get_label()
        }
        assert styles["SM late"] != styles["SM early"]

    def test_nothing_collides(self):
        figure = self.figure(exposure_kg_yr=5.0)
        figure.canvas.draw()
        energy, time = (axes.get_tightbbox() for axes in figure.axes)
        assert not energy.overlaps(time)
        assert not figure.legends[0].get_window_extent().overlaps(energy)


class TestData:
    SEEN = np.array([0.0, 1.0, 120.0])

    @staticmethod
    def bars(figure):
        """Marker heights and the ends of the error bars."""
        (container,) = figure.axes[0].containers
        marks, _, (bars,) = container.lines
        ends = np.array([[line[0, 1], line[1, 1]] for line in bars.get_segments()])
        return marks.get_xdata(), marks.get_ydata(), ends

    @pytest.mark.parametrize("edges", [EQUAL, UNEQUAL])
    def test_error_bars_are_garwoods_interval(self, edges):
        """From quantiles of χ², which this package does not use for it."""
        figure = counts_figure(counts(edges, observed=self.SEEN))
        per = np.ones(3) if edges is EQUAL else np.diff(edges)
        x, at, ends = self.bars(figure)
        tail = 0.158655253931457
        high = 0.5 * chi2.isf(tail, 2.0 * self.SEEN + 2.0)
        low = 0.5 * chi2.ppf(tail, 2.0 * self.SEEN[1:])
        np.testing.assert_allclose(ends[:, 1], high / per, rtol=1e-9)
        np.testing.assert_allclose(ends[1:, 0], low / per[1:], rtol=1e-9)
        np.testing.assert_allclose(at[1:], (self.SEEN / per)[1:])
        assert ((x > edges[:-1]) & (x < edges[1:])).all()

    def test_a_count_of_zero_has_its_interval_alone(self):
        figure = counts_figure(counts(observed=self.SEEN))
        _, at, ends = self.bars(figure)
        assert visible(at, figure).tolist() == [False, True, True]
        assert visible(ends[:, 1], figure).all()
        assert ends[0, 0] < figure.axes[0].get_ylim()[0]

    def test_data_are_inside_the_frame_and_in_the_legend(self):
        figure = counts_figure(counts(observed=np.array([10.0, 4000.0, 5.0])))
        assert self.bars(figure)[2].max() < figure.axes[0].get_ylim()[1]
        assert figure.legends[0].get_texts()[-1].get_text() == "data"

    def test_observed_counts_are_in_tables_and_json(self):
        measured = counts(observed=self.SEEN)
        assert measured.header[-1] == "observed"
        assert [row[-1] for row in measured.rows] == self.SEEN.tolist()
        assert measured.to_dict()["counts"]["observed"] == self.SEEN.tolist()
        assert measured.to_dict()["totals"]["observed"] == 121.0
        assert "observed" not in counts().to_dict()["counts"]
        assert "observed" not in counts().header


class TestOfScenarios:
    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_every_source_is_drawn_or_named(self, name):
        result = expected_counts(name, 1e-9, 5.0)
        figure = result.plot()
        heights, edges = steps(figure)
        np.testing.assert_array_equal(edges, result.bin_edges_kevee)
        widths = np.diff(edges)
        per = np.ones_like(widths) if np.ptp(widths) < 1e-9 else widths
        missing = figure.legends[0].get_title().get_text().splitlines()[2:]
        total = result.background + sum(result.sm.values()) + sum(result.signal.values())
        np.testing.assert_allclose(heights["sum"], total / per, rtol=1e-12)
        for source, expected in result.sm.items():
            label = {"7Be": "$^{7}$Be", "8B": "$^{8}$B", "13N": "$^{13}$N", "15O": "$^{15}$O",
                     "17F": "$^{17}$F"}.get(source, source)  # fmt: skip
            if f"SM {label}" not in heights:
                assert any(label in line for line in missing)
                continue
            drawn = heights[f"SM {label}"]
            some = expected > 0.0
            assert (drawn[~some] < figure.axes[0].get_ylim()[0]).all()
            inside = visible(expected / per, figure)
            np.testing.assert_allclose(drawn[inside], (expected / per)[inside], rtol=1e-12)

    def test_background_is_what_the_file_says(self):
        """0.01/(keVee kg day) in 150 kg yr and 0.1 keVee; in 1 t yr, per keVee."""
        (per_bin, _), (per_kevee, _) = (
            steps(expected_counts(name).plot()) for name in ("ge-nextgen", "ar-darkside-lowmass")
        )
        np.testing.assert_allclose(per_bin["background"], 0.01 * 150 * 365.25 * 0.1)
        np.testing.assert_allclose(per_kevee["background"], 0.01 * 1000 * 365.25)

    def test_the_dipole_is_quadratic_in_the_moment(self):
        one, three = (
            steps(expected_counts("xe-darwin", mu, 2.0).plot())[0]["dipole"][:4]
            for mu in (1e-9, 3e-9)
        )
        np.testing.assert_allclose(three, 9.0 * one, rtol=1e-12)

    def test_the_exposure_is_the_scenarios(self):
        assert expected_counts("ge-future").exposure_kg_yr == pytest.approx(1500.0, rel=1e-12)
        assert expected_counts("ge-future").to_dict()["exposure_kg_yr"] == pytest.approx(1500.0)


def recoil_lines(figure):
    """Lines by kind and source, and the sums by kind."""
    return {line.get_label()[1:]: line for line in figure.axes[0].lines}


ENERGIES = np.geomspace(0.05, 20.0, 80)


class TestRecoils:
    @pytest.fixture(scope="class")
    @staticmethod
    def both():
        return recoil_spectrum("ge-nextgen", ENERGIES, mu=3e-9, mass=4.0)

    def test_lines_are_the_rates(self, both):
        figure = both.plot()
        lines = recoil_lines(figure)
        assert set(lines) == {"SM", "dipole", "SM 8B", "SM hep", "dipole 8B", "dipole hep"}
        for kind, rates in (("SM", both.sm), ("dipole", both.signal)):
            for source, rate in rates.items():
                line = lines[f"{kind} {source}"]
                np.testing.assert_array_equal(line.get_xdata(), ENERGIES)
                inside = visible(rate, figure)
                assert inside.sum() > 20
                np.testing.assert_allclose(line.get_ydata()[inside], rate[inside], rtol=1e-12)
                assert (line.get_ydata()[rate == 0.0] < figure.axes[0].get_ylim()[0]).all()
            total = sum(rates.values())
            inside = visible(total, figure)
            np.testing.assert_allclose(lines[kind].get_ydata()[inside], total[inside], rtol=1e-12)

    def test_the_dipole_is_thick_and_sources_have_one_style(self, both):
        lines = recoil_lines(both.plot())
        for source in both:
            thin, thick = lines[f"SM {source}"], lines[f"dipole {source}"]
            assert thick.get_linewidth() > 2.0 * thin.get_linewidth()
            assert thick.get_color() == thin.get_color()
        assert lines["SM 8B"].get_color() != lines["SM hep"].get_color()

    def test_without_a_moment_there_is_no_dipole(self):
        figure = recoil_spectrum("ge-nextgen", ENERGIES).plot()
        assert set(recoil_lines(figure)) == {"SM", "SM 8B", "SM hep"}
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        assert texts == ["$^{8}$B", "hep", "Standard Model", "sum of sources"]
        assert figure.legends[0].get_title().get_text() == "Next-generation germanium"

    def test_the_area_under_a_line_is_the_steps_of_the_detector(self):
        """Quenching 1: the drawn rate, integrated over a drawn bin, is its count; units cancel."""
        sees_all = detector(
            quenching='{ model = "constant", value = 1.0 }', region='["0.5 keVee", "4.5 keVee"]'
        )
        mine = Scenario.parse(scenario(detector=sees_all), "mine")
        energies = np.linspace(0.5, 4.5, 2001)
        lines = recoil_lines(recoil_spectrum(mine, energies, mu=2e-9, mass=3.0).plot())
        heights, edges = steps(expected_counts(mine, 2e-9, 3.0).plot())
        for line, step in (("SM 8B", "SM $^{8}$B"), ("SM hep", "SM hep"), ("dipole", "dipole")):
            x, y = lines[line].get_data()
            for low, high, height in zip(edges[:-1], edges[1:], heights[step], strict=True):
                inside = (x >= low - 1e-9) & (x <= high + 1e-9)
                area = np.trapezoid(y[inside], x[inside]) * 150.0 * 365.25
                assert area == pytest.approx(height, rel=1e-4)

    def test_axes(self, both):
        axes = both.plot().axes[0]
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert r"keV$_{\mathrm{nr}}$" in axes.get_xlabel()
        assert r"keV$_{\mathrm{nr}}^{-1}$ kg$^{-1}$ d$^{-1}$" in axes.get_ylabel()
        assert axes.get_xlim()[0] == ENERGIES[0]
        assert 4.0 < axes.get_xlim()[1] < 8.0  # the last recoils of 8B; hep's are below the frame

    def test_unordered_energies_give_the_same_lines(self, both):
        shuffled = recoil_spectrum("ge-nextgen", ENERGIES[::-1], mu=3e-9, mass=4.0)
        for name, line in recoil_lines(shuffled.plot()).items():
            same = recoil_lines(both.plot())[name]
            np.testing.assert_allclose(line.get_data(), same.get_data(), rtol=1e-12)

    def test_one_energy_has_markers(self):
        figure = recoil_spectrum("ge-nextgen", [1.0], mu=1e-9).plot()
        assert all(line.get_marker() == "o" for line in figure.axes[0].lines)

    def test_a_dipole_far_above_the_standard_model(self):
        figure = recoil_spectrum("ge-nextgen", ENERGIES, mu=1e-4).plot()
        assert "below the frame: SM $^{8}$B, hep" in figure.legends[0].get_title().get_text()

    def test_no_energies_are_refused(self):
        with pytest.raises(PhysicsError, match="no recoil energy"):
            recoil_figure(recoil_spectrum("ge-nextgen", []))


class TestRecoilSpectrum:
    @pytest.fixture(scope="class")
    @staticmethod
    def both():
        return recoil_spectrum("ge-nextgen", [0.5, 2.0], mu=1e-9, mass=2.0)

    def test_is_a_mapping_of_the_dipole_or_of_the_standard_model(self, both):
        assert (list(both), len(both), "8B" in both) == (["8B", "hep"], 2, True)
        assert both["8B"] is both.signal["8B"]
        alone = recoil_spectrum("ge-nextgen", [0.5, 2.0])
        assert alone.signal is None
        for source, rate in alone.items():
            np.testing.assert_array_equal(rate, both.sm[source])
            assert (rate != both[source]).all()

    def test_table(self, both):
        assert both.header == ["recoil_keVnr", "sm_8B", "sm_hep", "dipole_8B", "dipole_hep"]
        assert [row[0] for row in both.rows] == [0.5, 2.0]
        assert [row[1] for row in both.rows] == both.sm["8B"].tolist()
        assert [row[4] for row in both.rows] == both.signal["hep"].tolist()
        assert "mu_nu4 = 1e-09 Bohr magnetons and m4 = 2 MeV" in both.comments[0]
        assert any(line.startswith("scenario_sha256") for line in both.comments)

    def test_json(self, both):
        content = both.to_dict()
        assert (content["mu_bohr"], content["mass_MeV"]) == (1e-9, 2.0)
        assert content["energies_keVnr"] == [0.5, 2.0]
        assert content["rates_per_keVnr_kg_day"]["sm"]["8B"] == both.sm["8B"].tolist()
        assert content["rates_per_keVnr_kg_day"]["dipole"]["8B"] == both.signal["8B"].tolist()
        alone = recoil_spectrum("ge-nextgen", [0.5]).to_dict()
        assert (alone["mu_bohr"], alone["mass_MeV"]) == (None, None)
        assert alone["rates_per_keVnr_kg_day"]["dipole"] is None
        assert recoil_spectrum("ge-nextgen", [0.5]).header == ["recoil_keVnr", "sm_8B", "sm_hep"]

    def test_fields_are_given_by_name(self):
        with pytest.raises(TypeError, match="positional"):
            RecoilSpectrum("mine", ENERGIES, {})

    def test_energies_are_a_plain_list(self):
        with pytest.raises(PhysicsError, match="energies: is a table of numbers"):
            recoil_spectrum("ge-nextgen", [[0.5, 1.0]])


LONG = "A very long title of a scenario that says it all and $5 more " * 3


MANY = {source: np.full(3, 10.0 + i) for i, source in enumerate(ALL_SOURCES)}
DRAWINGS = {
    "long title": lambda: counts_figure(counts(title=LONG, observed=np.array([3.0, 9.0, 0.0]))),
    "many sources": lambda: counts_figure(counts(sm=MANY, exposure_kg_yr=2.738)),
    "unseen": lambda: counts_figure(
        counts(sm=MANY | dict.fromkeys(ALL_SOURCES[::2], np.full(3, 1e-9)), signal={})
    ),
    "narrow": lambda: counts_figure(counts(0.1074 * np.arange(1.0, 5.0), exposure_kg_yr=1500.0)),
    **{name: lambda name=name: expected_counts(name, 1e-9, 5.0).plot() for name in PROJECTIONS},
    **{
        f"recoils of {name}": lambda name=name: recoil_spectrum(
            name, ENERGIES, mu=1e-9, mass=5.0
        ).plot()
        for name in PROJECTIONS
    },
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_nothing_leaves_the_page_or_covers_another(name):
    figure = DRAWINGS[name]()
    assert figure.get_figwidth() == pytest.approx(8.6 / 2.54, rel=0.01)
    figure.canvas.draw()
    (axes,), (legend,) = figure.axes, figure.legends
    texts = [axes.xaxis.label, axes.yaxis.label, legend.get_title(), *legend.get_texts()]
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        pairs = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
        inside = [text for place, text in pairs if low <= place <= high and text.get_text()]
        assert len(inside) >= 2
        texts += inside
    boxes = [text.get_window_extent() for text in texts]
    for i, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0
        assert box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    assert axes.get_window_extent().height > 0.45 * figure.bbox.height
    assert not legend.get_window_extent().overlaps(axes.get_window_extent())


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_files(tmp_path, suffix):
    paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for path in paths:
        counts().plot(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_size > 5000
    if suffix == "png":
        image = imread(paths[0])
        assert image.shape[1] == pytest.approx(3.39 * 300, abs=2)
        assert image[..., :3].std() > 0.05
    made = recoil_spectrum("ge-nextgen", ENERGIES).plot(str(tmp_path / f"r.{suffix}"))
    save(made, tmp_path / f"s.{suffix}")
    assert (tmp_path / f"r.{suffix}").read_bytes() == (tmp_path / f"s.{suffix}").read_bytes()


def test_powers():
    assert [power(value) for value in (0.0, 404.4, 1e-9, 8.65e-10, 2e5)] == [
        "0", "404.4", "$10^{-9}$", r"$8.65\times 10^{-10}$", r"$2\times 10^{5}$",
    ]  # fmt: skip
