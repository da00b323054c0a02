"""Tables for the terminal: plain, complete and at most 80 columns wide."""

import re

import numpy as np
import pytest

from upscatter.limits.curve import LimitCurve
from upscatter.report import tables
from upscatter.report.plots import exclusion_figure
from upscatter.report.reproduction_tables import reproduction_table
from upscatter.results import MOST_ROWS
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.model import ScenarioFile
from upscatter.studies.limits import upper_limit

PROJECTIONS = [
    name for name in bundled_names()
    if isinstance(Scenario.load(name).settings, ScenarioFile) and not Scenario.load(name).lacks_data
]  # fmt: skip
SOURCES = ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F")
RNG = np.random.default_rng(1)


def curve(mass, mu, title="A title"):
    return LimitCurve(
        scenario="name",
        flavour="universal",
        confidence=0.9,
        dof=1,
        mass=np.asarray(mass),
        mu=np.asarray(mu, dtype=float),
        title=title,
    )


def counts(sources, bins=4):
    edges = np.linspace(0.16, 2.16, bins + 1)
    sm, dipole = (
        {source: 10.0 ** RNG.uniform(-13, 6, bins) for source in sources} for _ in range(2)
    )
    return edges, np.full(bins, 54.789), sm, dipole


def cells(text):
    """Cells of the rows of a printed table."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines() if line.strip()]


class TestLimits:
    def test_a_mass_out_of_reach_has_a_dash(self):
        text = tables.as_text(
            tables.limit_table(curve([1.0, 30.0], [8.65e-10, np.nan]), thin=False)
        )
        assert cells(text)[-2:] == [["1", "8.650e-10"], ["30", "-"]]

    def test_brackets_are_units_and_not_markup(self):
        title = "[bold]A[/nothing] :smile:"
        text = tables.as_text(tables.limit_table(curve([1.0], [1e-9], title), thin=False))
        assert text.startswith(f"{title}: upper limit at 90 % CL\n")
        assert cells(text)[1] == ["m4 [MeV]", "mu_nu4 [mu_B]"]

    def test_a_long_title_is_wrapped(self, capsys):
        names = " + ".join(["conus-plus", "dresden-ii", "coherent-csi", "coherent-lar", "nucleus"])
        tables.print_table(tables.limit_table(curve([1.0], [1e-9], names), thin=False))
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= tables.WIDTH
        assert "coherent-lar" in " ".join(lines)

    def test_many_masses_are_thinned_only_where_the_user_did_not_choose_them(self):
        many = curve(np.geomspace(0.01, 18.0, 200), np.full(200, 1e-9))
        thin = tables.as_text(tables.limit_table(many, thin=True))
        whole = tables.as_text(tables.limit_table(many, thin=False))
        assert thin.count("1.000e-09") == MOST_ROWS
        assert "25 of 200 masses; --format csv or json has all of them" in thin
        assert whole.count("1.000e-09") == 200
        for mass in ("0.01", "18"):  # both ends are always shown
            assert [mass, "1.000e-09"] in cells(thin)

    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_default_masses_are_printed_as_they_are_computed(self, name):
        whole = upper_limit(name)
        for thin in (False, True):
            shown = tables.limit_table(whole, thin=thin).columns[0].cells
            texts = list(shown)
            assert len(set(texts)) == len(texts) == (25 if thin else 200)
            assert {float(text) for text in texts} <= set(whole.mass.tolist())
            assert texts[0] == "0.01"
            assert float(texts[-1]) == whole.mass[-1]
            below = [text for text in texts if float(text) < 0.85 * whole.mass[-1]]
            assert max(len(text.replace(".", "").strip("0")) for text in below) <= 3

    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_the_default_curve_closes_at_its_end(self, name):
        whole = upper_limit(name)
        (axes,) = exclusion_figure([whole]).axes
        (line,) = axes.get_lines()
        assert line.get_xdata()[-1] == whole.mass[-1]
        # a spectrum that breaks off at its end leaves a limit close to it
        far_above = 300.0 * line.get_ydata()[0]
        assert line.get_ydata()[-1] > min(axes.get_ylim()[1], far_above)

    def test_masses_of_a_user_are_told_apart(self):
        masses = [1.0, 1.0000001, 0.333333333, 5.123456789, 18.7761]
        text = tables.as_text(tables.limit_table(curve(masses, [1e-9] * 5), thin=False))
        shown = [row[0] for row in cells(text)[-5:]]
        assert shown == ["1", "1.0000001", "0.33333", "5.1235", "18.7761"]
        few = tables.limit_table(curve([1 / 3, 2 / 3], [1e-9] * 2), thin=False)
        assert list(few.columns[0].cells) == ["0.33333", "0.66667"]
        close = tables.limit_table(curve([1 / 3, 1 / 3 + 1e-7], [1e-9] * 2), thin=False)
        assert list(close.columns[0].cells) == ["0.3333333", "0.3333334"]


class TestCounts:
    @pytest.mark.parametrize("number", range(1, 9))
    def test_every_number_is_there_whatever_the_width(self, number):
        edges, background, sm, dipole = counts(SOURCES[:number])
        blocks = tables.counts_tables("Title", edges, background, sm, dipole)
        text = tables.as_text(*blocks)
        assert max(map(len, text.splitlines())) <= 80
        assert "…" not in text
        rows = cells(text)
        columns = {"background": background}
        columns |= {f"SM {s}": n for s, n in sm.items()}
        columns |= {f"dipole {s}": n for s, n in dipole.items()}
        found = {}
        headings = [i for i, row in enumerate(rows) if row[0] == "bin [keVee]"]
        assert len(headings) == len(blocks)
        for start in headings:
            for place, name in enumerate(rows[start][1:], start=1):
                body = [row[place] for row in rows[start + 2 : start + 7]]
                found[name] = [float(cell) for cell in body]
        assert list(found) == list(columns)
        for name, values in columns.items():
            assert found[name][:-1] == pytest.approx(values, rel=1e-3)
            assert found[name][-1] == pytest.approx(values.sum(), rel=1e-4)

    def test_two_sources_need_one_table(self):
        assert len(tables.counts_tables("Title", *counts(SOURCES[:2]))) == 1

    def test_zeros_are_shown(self):
        edges, background, sm, _ = counts(["8B"])
        dipole = {"8B": np.zeros(4)}
        text = tables.as_text(*tables.counts_tables("Title", edges, background, sm, dipole))
        assert cells(text)[-1][-1] == "0"


class TestOutput:
    def table(self):
        return tables.scenarios_table([("a", "[/x] long " + "word " * 60)])

    def test_files_are_80_columns_wide_at_most_and_plain(self):
        text = tables.as_text(self.table())
        assert max(map(len, text.splitlines())) <= 80
        assert "\033" not in text
        assert "[/x] long" in text

    def test_a_pipe_gets_no_colours(self, capsys, monkeypatch):
        for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", "80")
        tables.print_table(self.table(), self.table())
        out = capsys.readouterr().out
        assert "\033" not in out
        assert out.count("Bundled scenarios") == 2
        assert max(map(len, out.splitlines())) <= 80

    def test_summary(self):
        text = tables.as_text(tables.summary_table("my.toml", [("target", "x" * 200)]))
        assert text.startswith("my.toml\n")
        assert text.count("x") == 200
        assert max(map(len, text.splitlines())) <= 80

    def test_reproduction(self):
        text = tables.as_text(reproduction_table([("ge", "8.63e-10", "8.65e-10", "+0.2%")]))
        assert cells(text)[-1] == ["ge", "8.63e-10", "8.65e-10", "+0.2%"]
