"""Numbers are in the units that stand beside them: what a change of internal units cannot tell.

A mass that is shown in keV is so in any system of units. These tests give a mass, an exposure or a
crossing by hand and look for it where it comes out.
"""

import tomllib

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

import upscatter
from every_edge import (
    CHOSEN,
    COARSE_FILE,
    EDGES_FILE,
    FULL_FILE,
    MASS,
    MASSES,
    changed,
    made_up_data,
    measurement,
    printed,
    submission,
    write_scenarios,
)
from upscatter.flavours import SunAndDetector, arriving_flux, oscillation
from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bound
from upscatter.limits.curve import LimitCurve
from upscatter.limits.verdict import verdict
from upscatter.report.compare_plots import comparison_figure
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.workspaces import likelihood_workspace

NEAR_THE_END = 17.0  # of 18.784 MeV, hep's: the limit is far from flat there


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    write_scenarios(tmp_path)
    monkeypatch.chdir(tmp_path)


def limits(mass):
    return upscatter.upper_limit(COARSE_FILE, [mass], bands=True)


class TestMasses:
    """In MeV, in what is computed and in what is said."""

    def test_the_end_of_a_limit_is_that_of_hep(self):
        """18.784 MeV is the greatest energy of its neutrinos."""
        curve = upscatter.upper_limit(COARSE_FILE, [0.01, NEAR_THE_END, 18.8])
        assert curve.mu[1] > 20.0 * curve.mu[0]
        assert np.isnan(curve.mu[2])
        (reach,) = (line for line in table("check", COARSE_FILE) if line.startswith("m4 reach"))
        end, unit = reach.split()[-2:]
        assert (float(end), unit) == (pytest.approx(18.78, abs=0.01), "MeV")

    def test_studies_are_at_the_mass_that_is_asked_for(self):
        curve = limits(NEAR_THE_END)
        moved = upscatter.impacts(COARSE_FILE, NEAR_THE_END)
        trials = upscatter.toys(COARSE_FILE, NEAR_THE_END, trials=20)
        planned = upscatter.plan(COARSE_FILE, 0.9 * curve.mu[0], "exposure", NEAR_THE_END)
        for result in (moved, trials, planned):
            assert result.mass == result.to_dict()["mass_MeV"] == NEAR_THE_END
        assert moved.mu == pytest.approx(curve.mu[0], rel=1e-12)
        assert planned.scenario_mu == pytest.approx(curve.mu[0], rel=1e-12)
        np.testing.assert_allclose(trials.expected, curve.bands[:, 0], rtol=1e-12)
        # recoils that 8B can give at 17 MeV are too small to be seen
        (boron,) = (i for i in moved.impacts if i.name == "8B flux")
        assert boron.low == pytest.approx(moved.mu, rel=0.01)

    def test_counts_and_spectra_are_at_the_mass_that_is_asked_for(self):
        counts = upscatter.expected_counts(COARSE_FILE, 1e-9, NEAR_THE_END)
        massless = upscatter.expected_counts(COARSE_FILE, 1e-9)
        assert counts.mass == counts.to_dict()["mass_MeV"] == NEAR_THE_END
        assert counts.signal["hep"].sum() < 0.2 * massless.signal["hep"].sum()
        rates = upscatter.recoil_spectrum(COARSE_FILE, [1.0], mu=1e-9, mass=NEAR_THE_END)
        assert rates.mass == rates.to_dict()["mass_MeV"] == NEAR_THE_END
        assert rates["hep"][0] > 0.0 == rates["8B"][0]

    def test_a_measurement_is_at_the_mass_that_is_asked_for(self):
        with made_up_data():
            measured = measurement()
            curve = limit_of(measured, [0.01, NEAR_THE_END, 18.8])
            post = post_fit(measured, NEAR_THE_END)
            workspace = likelihood_workspace(measured, NEAR_THE_END)
        np.testing.assert_array_equal(curve.mass, [0.01, NEAR_THE_END, 18.8])
        assert curve.mu[1] > 20.0 * curve.mu[0]
        assert np.isnan(curve.mu[2])
        assert post.mass == post.to_dict()["mass_MeV"] == NEAR_THE_END
        assert post.mu_limit == pytest.approx(curve.mu[1], rel=1e-6)
        assert workspace["measurements"][0]["name"] == (
            f"strength 1: mu_nu4 = {curve.mu[1]:g} mu_B at m4 = 17 MeV"
        )
        with made_up_data():
            lines = table("limit", "xenonnt-s2only", "--data", ".", "--mass", "17MeV")
        assert any(line.startswith("m4 = 17 MeV: best fit") for line in lines)

    def test_a_workspace_is_at_the_mass_that_is_asked_for(self):
        cls = Scenario.load(COARSE_FILE).replaced("statistics.test", "cls")
        (mu,) = upscatter.upper_limit(cls, [NEAR_THE_END]).mu
        (found,) = likelihood_workspace(COARSE_FILE, NEAR_THE_END)["measurements"]
        assert found["name"] == f"strength 1: mu_nu4 = {mu:g} mu_B at m4 = 17 MeV"

    @pytest.mark.parametrize(
        ("command", "line"),
        [
            (["toys", COARSE_FILE, "--trials", "20", "--no-store"], "m4 = 2.5 MeV, seed 1"),
            (["impacts", COARSE_FILE], "mu_B at m4 = 2.5 MeV (90 % CL)"),
            (["plan", COARSE_FILE, "--target", "8e-10", "--vary", "exposure"],
             "at m4 = 2.5 MeV (90 % CL)"),
            (["rate", COARSE_FILE], "m4 = 2.5 MeV"),
        ],
    )  # fmt: skip
    def test_tables_say_the_mass_that_is_asked_for(self, command, line):
        for texts in (CHOSEN, ["--mass", "2500keV"]):
            assert line in "\n".join(table(*command, *texts))

    def test_a_table_of_limits_has_them_in_its_first_column(self):
        options = [option for mass in MASSES for option in ("--mass", f"{mass}MeV")]
        lines = table("limit", COARSE_FILE, *options)
        first = [line.split()[0] for line in lines if line and line.split()[0][0].isdigit()]
        assert [*map(float, first)] == [*MASSES]


def table(*command):
    """Lines that a command prints."""
    shown = printed([*command])
    assert shown["status"] == "0", shown["err"]
    return [line.strip() for line in shown["out"].splitlines()]


class TestFigures:
    def test_an_exclusion_figure_has_masses_in_mev_below_it(self):
        curve = upscatter.upper_limit(COARSE_FILE, MASSES[:3], bands=True)
        (axes,) = curve.plot().axes
        assert "MeV" in axes.get_xlabel()
        (line,) = axes.lines
        np.testing.assert_array_equal(line.get_xdata(), MASSES[:3])
        np.testing.assert_array_equal(line.get_ydata(), curve.mu)
        areas = [area for area in axes.collections if isinstance(area, PolyCollection)]
        for area, (low, high) in zip(
            areas, (curve.bands[[0, 4]], curve.bands[[1, 3]]), strict=True
        ):
            x, y = area.get_paths()[0].vertices.T
            np.testing.assert_array_equal(np.unique(x), MASSES[:3])
            for mass, *ends in zip(MASSES[:3], low, high, strict=True):
                drawn = y[x == mass]
                assert (drawn.min(), drawn.max()) == pytest.approx(ends, rel=1e-12)

    def test_a_comparison_has_masses_in_mev_below_it(self):
        curve = upscatter.upper_limit(COARSE_FILE, MASSES[:3])
        bound = known_bound("borexino")
        (axes,) = comparison_figure([curve], [bound], (0.1, 100.0)).axes
        assert "MeV" in axes.get_xlabel()
        lines = [np.transpose(line.get_data()) for line in axes.lines if line.get_xdata().size]
        found, *decays, drawn = lines
        np.testing.assert_array_equal(found, bound.rows)
        np.testing.assert_array_equal(drawn, np.transpose([curve.mass, curve.mu]))
        # By hand, at 1 MeV: the width is ħ/s, or (p/m) ħc/L with L of 1 au or 1 m and E = 10 MeV,
        # and the moment is √(16π Γ/m³) over e/(2 m_e) = 0.29631/MeV.
        hbar, hbarc_metre, magneton = 6.5821e-22, 1.97327e-13, 0.29631
        boost = np.sqrt(99.0)
        widths = [hbar, boost * hbarc_metre / 1.495979e11, boost * hbarc_metre]
        for line, width in zip(decays, widths, strict=True):
            log_mu = np.interp(0.0, np.log(line[:, 0]), np.log(line[:, 1]))
            assert np.exp(log_mu) == pytest.approx(np.sqrt(16.0 * np.pi * width) / magneton, 1e-3)

    def test_counts_stand_above_their_energies_in_kevee(self):
        for axes in upscatter.expected_counts(EDGES_FILE, 1e-9, MASS).plot().axes:
            for steps in axes.patches:
                assert steps.get_data().edges == pytest.approx([0.16, 0.3, 0.8, 2.0])

    def test_plans_stand_above_their_values(self):
        planned = upscatter.plan(COARSE_FILE, 8e-10, "exposure", MASS)
        x = np.concatenate([line.get_xdata() for line in planned.plot().axes[0].lines])
        for value in (150.0, planned.value):
            assert np.isclose(x, value, rtol=1e-12).any()

    def test_fluxes_stand_above_their_energies_in_mev(self):
        """The lines of 7Be and pep, and where the spectrum of pp ends."""
        (axes,) = arriving_flux(SunAndDetector.choose()).plot().axes
        lines = [line for line in axes.lines if line.get_xdata() is not None]
        spikes = {x[0] for x in (line.get_xdata() for line in lines) if len(x) == 2}
        assert {round(x, 3) for x in spikes} == {0.384, 0.861, 1.442}
        longest = [line for line in lines if len(line.get_xdata()) > 100]
        pp = max(longest, key=lambda line: float(np.max(line.get_ydata())))
        last = pp.get_xdata()[pp.get_ydata() > 1.0][-1]
        assert last == pytest.approx(0.4234, rel=5e-3)
        # 5.991e10 per cm2 and s, spread over the spectrum in 1/MeV
        area = np.trapezoid(pp.get_ydata(), pp.get_xdata())
        assert 0.7 * 5.991e10 < area < 5.991e10

    def test_probabilities_stand_above_their_energies_in_mev(self):
        found = oscillation(SunAndDetector.choose(), "8B", [1.0, 5.0])
        assert found.plot().axes[0].lines[0].get_xdata().tolist() == [1.0, 5.0]
        assert found.to_dict()["energy_MeV"] == [1.0, 5.0]


class TestPlans:
    @pytest.mark.parametrize(
        ("vary", "path", "own", "unit"),
        [
            ("exposure", "detector.exposure", 150.0, "kg yr"),
            ("background", "background.flat", 0.01, "/ (keVee kg day)"),
            ("threshold", "detector.region", 1.0, "keVnr"),
        ],
    )
    def test_its_value_in_a_scenario_file_gives_the_target(self, vary, path, own, unit):
        found = upscatter.plan(COARSE_FILE, 8e-10, vary, MASS)
        assert found.scenario_value == pytest.approx(own, rel=1e-12)
        assert found.unit == unit
        written = f"{found.value!r} {found.unit}"
        with_it = Scenario.load(COARSE_FILE).replaced(
            path, [written, "2.16 keVee"] if vary == "threshold" else written
        )
        assert upscatter.upper_limit(with_it, [MASS]).mu[0] == pytest.approx(8e-10, rel=1e-4)


class TestScenarios:
    def test_changes_are_written_in_their_units(self):
        """Times 1.25 by hand; 5.69e6 is BS05(OP)'s flux of 8B."""
        files = {name: tomllib.loads(text) for name, text in changed(COARSE_FILE).items()}
        assert quantity(files["exposure"]["detector"]["exposure"]) == (187.5, "kg yr")
        assert quantity(files["threshold"]["detector"]["region"][0]) == (1.25, "keVnr")
        assert quantity(files["background"]["background"]["flat"]) == (0.0125, "/ (keVee kg day)")
        edges = tomllib.loads(changed(EDGES_FILE)["threshold"])["detector"]["bin_edges"]
        assert quantity(edges[0]) == (pytest.approx(0.2), "keVee")

    def test_check_says_what_the_file_says(self):
        text = "\n".join(table("check", EDGES_FILE))
        assert "1.5 kg yr" in text
        assert "0.16 to 2 keVee in 3 bins" in text
        assert "8B 5.69e+06, hep 7930" in text


def quantity(text):
    """A number, rounded as floats differ, and its unit."""
    number, unit = text.split(" ", 1)
    return float(f"{float(number):.12g}"), unit


class TestSubmission:
    def test_masses_limits_and_exposure_are_as_asked_for(self):
        yaml = pytest.importorskip("yaml", reason="pyyaml is not installed: nothing reads tables")
        files = submission()
        if not files:
            pytest.skip("hepdata_lib is not installed: there is no submission")
        (name,) = (name for name in files if name.startswith("upper_limit"))
        content = yaml.safe_load(files[name])
        (mass,), (limit,) = content["independent_variables"], content["dependent_variables"]
        assert mass["header"]["units"] == "MeV"
        assert [row["value"] for row in mass["values"]] == [*MASSES]
        expected = upscatter.upper_limit(FULL_FILE, MASSES[:3]).mu
        *limits, beyond_reach = [row["value"] for row in limit["values"]]
        np.testing.assert_allclose(limits, expected, rtol=1e-4)
        assert beyond_reach == "-"
        said = {q["name"]: (q["value"], q.get("units")) for q in limit["qualifiers"]}
        assert said["Exposure"] == ("2000", "kg yr")  # 2 t yr


class TestComparisons:
    """A flat limit of 1e-9 against 1e-9 m4/MeV, which cross at 1 MeV."""

    CURVE = LimitCurve(
        scenario="flat", flavour="universal", confidence=0.9, dof=1,
        mass=np.array([0.01, 0.1, 3.0, 40.0]), mu=np.full(4, 1e-9),
    )  # fmt: skip
    BOUND = Bound(
        name="rising", label="rising", kind="measurement", flavour="universal", confidence=0.9,
        statistic="chi2-like", mass=np.array([0.1, 10.0]), mu=np.array([1e-10, 1e-8]),
    )  # fmt: skip

    @staticmethod
    def compared(**options):
        return verdict([TestComparisons.CURVE], [TestComparisons.BOUND], **options)

    def test_masses_are_those_of_the_crossing(self):
        found = self.compared()
        comparison = found.comparisons["flat"]["rising"]
        (stronger,), (weaker,) = comparison.stronger, comparison.covered
        assert stronger == pytest.approx((1.0, 10.0), rel=1e-12)
        assert weaker == pytest.approx((0.1, 1.0), rel=1e-12)
        low, high = comparison.beyond
        assert (low, high) == (pytest.approx((0.01, 0.1)), pytest.approx((10.0, 40.0)))
        assert (comparison.best_factor, comparison.best_mass) == pytest.approx((10.0, 10.0))
        new = [pytest.approx((0.01, 0.1)), pytest.approx((1.0, 40.0))]
        assert [*found.new_ground["flat"].laboratory] == new

    def test_tables_and_json_have_them(self):
        found = self.compared()
        content = found.to_dict()["comparison"]["flat"]["rising"]
        assert content["stronger_MeV"] == [pytest.approx([1.0, 10.0])]
        assert content["at_MeV"] == pytest.approx(10.0)
        ground = found.to_dict()["scenarios"]["flat"]
        for key in ("new_against_measurements_MeV", "new_against_everything_MeV"):
            assert ground[key] == [pytest.approx([0.01, 0.1]), pytest.approx([1.0, 40.0])]
        ends = {(row[3], round(row[4], 9), round(row[5], 9)) for row in found.rows}
        assert ("stronger", 1.0, 10.0) in ends
        words = "stronger at 1-10; weaker at 0.1-1; alone at 0.01-0.1, 10-40"
        assert found.comparisons["flat"]["rising"].words == words
        assert "flat: new against measurements at 0.01-0.1, 1-40 MeV" in found.comments

    def test_another_confidence_moves_the_crossing(self):
        """μ ∝ (Δχ²)^¼: 2.7055 at 90 % and 3.8415 at 95 %."""
        factor = (3.8415 / 2.7055) ** 0.25
        found = self.compared(confidence=0.95)
        (stronger,) = found.comparisons["flat"]["rising"].stronger
        assert stronger == pytest.approx((1.0 / factor, 10.0), rel=1e-4)
