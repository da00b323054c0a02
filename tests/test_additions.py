"""Additions that touch no file of the package: a source, a signal and a release of one's own.

CONTRIBUTING.md shows the same as recipes. Each addition goes through limit, bands, toys, impacts,
workspace and figure.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import upscatter
from every_edge import drawn, made_up_data
from upscatter.constants import BOHR_MAGNETON_FACTOR
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.interactions.interaction import Term
from upscatter.interactions.kinematics import minimum_energy, recoil_range
from upscatter.rates.signal import Parameter
from upscatter.report.map_tables import map_table
from upscatter.report.tables import as_text
from upscatter.scenario import sources
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile, ScenarioFile
from upscatter.scenario.sources import SignalEntry, SourceBlock, register_signal, register_source
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit
from upscatter.studies.workspaces import likelihood_workspace
from upscatter.units import CM, MEV, SECOND

DETECTOR = """
title = "A detector next to a source of one line"
[target]
element = "Si"
[detector]
exposure = "1 t yr"
region = ["10 eVee", "60 eVee"]
bins = 5
quenching = { model = "constant", value = 1.0 }
[background]
flat = "1e-2 / (keVee kg day)"
"""


def recipe(heading):
    """The first block of code below a heading of CONTRIBUTING.md, as it stands there."""
    text = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text("utf-8")
    return text.split(f"## {heading}\n")[1].split("```python\n")[1].split("```")[0]


@dataclass(frozen=True)
class ActiveMoment:
    """Elastic scattering by the magnetic moment of an active neutrino, whatever m_4 is.

    dσ/dT = (πα²/m_e²) Z² F² (1/T − 1/E): C. Giunti and A. Studenikin, RMP 87 (2015) 531.
    """

    def minimum_energy(self, energy_recoil, target, mass_sterile):
        return minimum_energy(energy_recoil, target.mass, 0.0 * np.asarray(mass_sterile))

    def recoil_range(self, energy_nu, target, mass_sterile):
        return recoil_range(energy_nu, target.mass, 0.0 * np.asarray(mass_sterile))

    def maximum_mass(self, energy_nu, target):
        return np.full(np.shape(energy_nu), np.inf)

    def cross_section(self, energy_nu, energy_recoil, nucleus, mass_sterile, form_factor_squared):
        e, t = np.asarray(energy_nu), np.asarray(energy_recoil)
        scale = BOHR_MAGNETON_FACTOR * nucleus.protons**2 * np.asarray(form_factor_squared)
        above = e >= self.minimum_energy(t, nucleus, mass_sterile)
        return np.where(above, scale * (1.0 / t - 1.0 / e), 0.0)

    def terms(self, energy_recoil, nucleus, form_factor_squared):
        t = np.asarray(energy_recoil)
        scale = BOHR_MAGNETON_FACTOR * np.asarray(nucleus.protons) ** 2 * form_factor_squared
        return Term(0, 0, scale / t), Term(1, 0, -scale * np.ones_like(t))


ACTIVE = SignalEntry(
    interaction=ActiveMoment,
    parameter=Parameter(
        name="mu_nu",
        symbol=r"\mu_\nu",
        unit="Bohr magnetons",
        short_unit="mu_B",
        unit_symbol=r"\mu_{\mathrm{B}}",
        key="active_mu_bohr",
    ),
    label="active moment",
)

RENAMED = replace(
    ACTIVE,
    parameter=Parameter(
        name="g_odd",
        symbol=r"g_{\odot}",
        unit="strange units",
        short_unit="su",
        unit_symbol=r"\mathrm{su}",
        key="g_odd_su",
    ),
    label="odd recoil",
)
"""The same without a word of the dipole portal."""


@pytest.fixture(autouse=True)
def registered():
    """Registered for one test alone."""
    exec(recipe("Adding a source of neutrinos"), {})
    register_signal("active-moment", ACTIVE)
    register_signal("renamed", RENAMED)
    yield
    del sources.SOURCES["line"], sources.SIGNALS["active-moment"], sources.SIGNALS["renamed"]


LINE = (
    DETECTOR
    + """
[line]
flux = "1e12 / (cm^2 s)"
"""
)


def every_study(scenario, tmp_path, key="mu_bohr"):
    """A scenario goes through everything; returns its limit at low mass."""
    curve = upscatter.upper_limit(scenario, [0.01, 0.3], bands=True)
    assert np.isfinite(curve.mu).all()
    assert (curve.bands[0] < curve.bands[-1]).all()
    assert key in curve.to_dict()
    curve.plot(tmp_path / "curve.png")
    toys = upscatter.toys(scenario, trials=400)
    assert toys.mean == pytest.approx(curve.mu[0], rel=0.2)
    assert 0.85 < toys.coverage.measured < 0.95
    exported = likelihood_workspace(scenario, 0.01)
    assert exported["channels"][0]["samples"]
    return curve


class TestSource:
    def test_it_goes_through_everything(self, tmp_path):
        scenario = Scenario.parse(LINE, "line.toml")
        curve = every_study(scenario, tmp_path)
        found = {impact.name: impact for impact in upscatter.impacts(scenario).impacts}
        # a known background and one flux: the limit is on μ² times the flux
        assert found["1 MeV line flux"].low == pytest.approx(curve.mu[0] / 0.95**0.5, rel=1e-3)
        assert "solar model" not in found

    def test_counts_by_hand(self):
        """One line: N = Φ n_N ∫dT dσ/dT, the integral of 1/T − 1/E in closed form."""
        scenario = Scenario.parse(LINE, "line.toml")
        counts = upscatter.expected_counts(scenario, 1e-10).signal["1 MeV line"]
        model = upscatter.experiments.choose.model_of(scenario)
        edges = np.linspace(10.0, 60.0, 6) * 1e-6 * MEV
        expected = np.zeros(5)
        for nucleus in model.nuclei:
            _, end = recoil_range(1.0 * MEV, nucleus.mass)
            inside = np.minimum(edges, end)
            primitive = np.log(inside) - inside / (1.0 * MEV)
            expected += (
                nucleus.per_target_mass * BOHR_MAGNETON_FACTOR * nucleus.protons**2
                * np.diff(primitive)
            )  # fmt: skip
        expected *= 1e12 / (CM**2 * SECOND) * 1e-20 * model.experiment.exposure
        np.testing.assert_allclose(counts, expected, rtol=1e-3)

    def test_beside_the_sun_they_add_up(self):
        both = Scenario.parse(LINE + '[flux]\nsources = ["8B"]\nuncertainty = {"8B" = 0.1}\n', "x")
        alone = Scenario.parse(LINE, "x")
        counts = upscatter.expected_counts(both)
        assert set(counts.signal) == {"8B", "1 MeV line"}
        line = upscatter.expected_counts(alone).signal["1 MeV line"]
        np.testing.assert_allclose(counts.signal["1 MeV line"], line, rtol=1e-9)

    def test_flavours_follow_its_density_matrix(self):
        scenario = Scenario.parse(LINE, "x")
        every = upscatter.expected_counts(scenario).signal["1 MeV line"]
        electron = upscatter.expected_counts(scenario, flavour="e").signal["1 MeV line"]
        np.testing.assert_allclose(electron, every, rtol=1e-12)
        with pytest.raises(ScenarioError, match=r"mu has no signal.*1 MeV line: nu_e.*couple to e"):
            upscatter.expected_counts(scenario, flavour="mu")

    def test_a_wrong_field_is_named(self):
        with pytest.raises(ScenarioError, match=r"x: line\.flux = 3: "):
            Scenario.parse(LINE.replace('"1e12 / (cm^2 s)"', "3"), "x")
        with pytest.raises(ScenarioError, match=r"x: line\.flx: "):
            Scenario.parse(LINE.replace("\nflux =", "\nflx ="), "x")

    def test_a_name_is_taken_once(self):
        class Other(SourceBlock):
            def source(self, columns):
                raise NotImplementedError

        with pytest.raises(ScenarioError, match="source 'line': is registered already"):
            register_source("line", Other)
        with pytest.raises(ScenarioError, match="scenarios have a block of that name"):
            register_source("detector", Other)

    def test_a_changed_scenario_keeps_it(self):
        scenario = Scenario.parse(LINE, "x").replaced("line.flux", "2e12 / (cm^2 s)")
        assert Scenario.parse(scenario.to_toml(), "x").digest == scenario.digest
        assert Scenario.parse(LINE, "x").digest != scenario.digest


class TestSignal:
    SCENARIO = LINE + '[signal]\nname = "active-moment"\n'

    def test_it_goes_through_everything(self, tmp_path):
        scenario = Scenario.parse(self.SCENARIO, "active.toml")
        curve = every_study(scenario, tmp_path, "active_mu_bohr")
        # its threshold does not depend on m_4, and neither does its limit
        assert curve.mu[1] == pytest.approx(curve.mu[0], rel=1e-9)
        assert upscatter.upper_limit(scenario).mass.tolist() == [0.01]
        assert curve.header[1] == "active_mu_bohr"
        assert "upper limit on mu_nu (Bohr magnetons)" in curve.comments[0]
        upscatter.impacts(scenario)

    def test_it_is_the_dipole_of_a_massless_neutrino(self):
        active = upscatter.upper_limit(Scenario.parse(self.SCENARIO, "x"), [1.0]).mu
        dipole = upscatter.upper_limit(Scenario.parse(LINE, "x"), [0.0]).mu
        np.testing.assert_allclose(active, dipole, rtol=1e-9)

    @pytest.mark.parametrize("label", ["SM", "background", "Observed", " "])
    def test_a_label_of_other_counts_is_refused(self, label):
        with pytest.raises(ScenarioError, match=r"signal .mine.: has the label .* choose another"):
            register_signal("mine", replace(ACTIVE, label=label))

    def test_an_unknown_signal_is_refused(self):
        with pytest.raises(
            ScenarioError, match=r'signal\.name = "z-prime": is unknown; choose one of'
        ):
            Scenario.parse(LINE + '[signal]\nname = "z-prime"\n', "x")


class TestNames:
    """What results of a user's own signal say: its names, and nothing of the dipole portal."""

    SCENARIO = LINE.replace("1 t yr", "20 kg yr") + '[signal]\nname = "renamed"\n'
    MEASURED = SCENARIO + "[data]\ncounts = [2300, 1850, 1480, 1120, 765]\n"
    OTHERS = re.compile(
        r"dipole|moment|mu_?nu|mu_bohr|mu_b\b|bohr|nu ?4|mathrm\{B\}", re.IGNORECASE
    )

    def require_own(self, text, *own):
        assert self.OTHERS.findall(text) == []
        unwrapped = " ".join(text.split())
        assert [name for name in own if name not in unwrapped] == []

    def require_result(self, result, *columns, texts=(), drawings=()):
        """Columns, and names in the comments and in the figure of a result."""
        assert result.parameter is RENAMED.parameter
        assert [name for name in columns if name not in result.header] == []
        self.require_own(result.to_csv(), *texts)
        self.require_own(result.to_json(), "g_odd_su")
        self.require_own(result._repr_html_())
        self.require_own("\n".join(drawn(result.plot())["texts"]), *drawings)

    @pytest.fixture
    def projection(self):
        return Scenario.parse(self.SCENARIO, "odd.toml")

    @pytest.fixture
    def measurement(self):
        return upscatter.experiments.choose.experiment_of(Scenario.parse(self.MEASURED, "odd"))

    def test_counts(self, projection):
        counts = upscatter.expected_counts(projection, 1e-10)
        self.require_result(
            counts, "odd_recoil_1 MeV line", texts=["odd recoil with g_odd = 1e-10 strange units"],
            drawings=["odd recoil: $g_{\\odot}$ = ", r"\,\mathrm{su}", "sum without odd recoil"],
        )  # fmt: skip
        assert list(counts.to_dict()["totals"]["odd recoil"]) == ["1 MeV line"]

    def test_recoils(self, projection):
        spectrum = upscatter.recoil_spectrum(projection, [0.01, 0.02], mu=1e-10)
        self.require_result(
            spectrum, "odd_recoil_1 MeV line", texts=["odd recoil with g_odd = 1e-10 strange"],
            drawings=["odd recoil: $g_{\\odot}$ = ", r"\,\mathrm{su}"],
        )  # fmt: skip

    def test_maps(self, projection):
        masses, g = [1.0, 2.0], [1e-12, 1e-11, 1e-10]
        of_masses = upscatter.likelihood_map(projection, masses, g)
        assert of_masses.header == ("mass_MeV", "g_odd_su", "delta_deviance")
        sun = Scenario.load("ge-nextgen").replaced("signal", {"name": "renamed"})
        of_couplings = upscatter.coupling_map(sun, ("e", "mu"), points=5)
        assert of_couplings.header == ("g_e_su", "g_mu_su", "delta_deviance")
        for result in (of_masses, of_couplings):
            self.require_own(result.to_csv(), "strange units", "(odd recoil)")
            self.require_own(result.to_json(), "_su")
            self.require_own(as_text(map_table(result)), "[su]")
            self.require_own("\n".join(drawn(result.plot())["texts"]), "no odd recoil")
        with pytest.raises(PhysicsError, match="its odd recoil does not depend on m4"):
            upscatter.likelihood_map(projection)

    def test_toys(self, projection):
        result = upscatter.toys(projection, trials=100)
        self.require_result(
            result, "limit_g_odd_su", texts=["upper limit on g_odd (strange units)"],
            drawings=["upper limit on $g_{\\odot}$ at", r"\ \mathrm{su}"],
        )  # fmt: skip
        assert result.to_dict()["g_odd_true_su"] == result.mu_true
        assert upscatter.toys(projection, trials=1, mu=result.mu_true).mu_true == result.mu_true
        with pytest.raises(PhysicsError, match="mu: 0 is not a finite number above 0"):
            upscatter.toys(projection, trials=1, mu=0.0)

    def test_impacts(self, projection):
        result = upscatter.impacts(projection)
        self.require_result(
            result, "g_odd_low_su", "g_odd_high_su", "g_odd_choice_su",
            texts=["the upper limit on g_odd moves", "g_odd < ", " strange units"],
            drawings=["upper limit on $g_{\\odot}$ [%]", r"\,\mathrm{su}"],
        )  # fmt: skip
        assert {"g_odd_low", "percent_low"} < result.to_dict()["impacts"][0].keys()

    def test_plan(self, projection):
        own = upscatter.upper_limit(projection, [0.01]).mu[0]
        result = upscatter.plan(projection, 0.9 * own, "exposure")
        self.require_result(
            result, "target_g_odd_su", "scenario_g_odd_su", "g_odd_su",
            texts=["the limit on g_odd (strange units)"],
            drawings=["limit on $g_{\\odot}$,", r"$\mathrm{su}$"],
        )  # fmt: skip
        with pytest.raises(PhysicsError, match="target: -1 is not a finite number above 0"):
            upscatter.plan(projection, -1, "exposure")

    def test_measured_limit(self, measurement):
        curve = limit_of(measurement, [0.01, 0.3], bands=True)
        self.require_result(
            curve, "g_odd_su", "best_fit_g_odd_su", texts=["fit without an odd recoil: -2 ln L"],
            drawings=["without an odd recoil, median", "g_{\\odot}"],
        )  # fmt: skip
        assert "without_odd_recoil" in curve.to_dict()
        fit = post_fit(measurement, 0.01)
        assert fit.mu_best > 0.0
        self.require_result(
            fit, "odd_recoil_best_fit", "odd_recoil_limit", texts=["g_odd = ", "strange units"],
            drawings=["odd recoil, best fit", "odd recoil at its limit", r"\,\mathrm{su}"],
        )  # fmt: skip

    def test_commands(self, run, folder):
        (folder / "odd.toml").write_text(self.SCENARIO)
        (folder / "data.toml").write_text(self.MEASURED)
        own = float(f"{upscatter.upper_limit('odd.toml', [0.01]).mu[0]:.3g}")
        self.require_own(run("check", "data.toml"), "any m4", "expected without an odd recoil")
        self.require_own(
            run("rate", "odd.toml"), "odd recoil with g = 1e-09 su", "odd recoil 1 MeV"
        )
        self.require_own(
            run("toys", "odd.toml", "--trials", 100, "--no-store"),
            "limits on g_odd [su]", "how often the limit holds g_odd = ",
        )  # fmt: skip
        self.require_own(run("impacts", "odd.toml"), "g_odd < ", "limit [su]")
        plan = run("plan", "odd.toml", "--target", 0.9 * own, "--vary", "exposure")
        self.require_own(plan, f"for a limit of {0.9 * own:g} su")
        limit = ("limit", "data.toml", "--mass", "1MeV")
        self.require_own(run(*limit, "--bands"), "g [su]", "without an odd recoil", "best fit g = ")
        self.require_own(run(*limit, "--format", "pyhf"), "g_odd = ", "odd recoil 1 MeV line")
        both = run("limit", "odd.toml", "data.toml", "--combine", "--mass", "1MeV", "--bands")
        self.require_own(both, "g [su]", "without an odd recoil")

    def test_samples_of_a_release(self):
        scenario = Scenario.load("xenonnt-s2only").replaced("signal", {"name": "renamed"})
        with made_up_data():
            experiment = upscatter.experiments.choose.experiment_of(scenario, ".")
            samples = experiment.likelihood_at(0.0).signals
            curve = upscatter.upper_limit(experiment)
        assert samples
        assert all(name.startswith("odd recoil ") for name in samples)
        # its threshold does not depend on m_4: one limit for all
        assert curve.mass.tolist() == [0.01]
        assert np.isfinite(curve.mu).all()


def test_reserved_keys_are_those_of_a_scenario():
    assert {*ScenarioFile.model_fields, *ReleaseFile.model_fields} == sources.RESERVED
