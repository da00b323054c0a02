"""The bundled scenarios: complete, sensible, and true to their sources."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from upscatter.constants import SIN2_THETA_W
from upscatter.detector.response import GaussianResponse
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import experiment_of
from upscatter.experiments.described import Described
from upscatter.numerics import FloatArray
from upscatter.scenario.background_blocks import BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import EfficiencyBlock, ResolutionBlock
from upscatter.scenario.fields import EndPoint
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.model import ReleaseFile
from upscatter.scenario.summary import summarise
from upscatter.studies.limits import limit_of
from upscatter.units import KEV, TONNE, YEAR

TONNE_YEAR = TONNE * YEAR
RECASTS = ("coherent-csi", "coherent-lar", "xenonnt-s1s2", "xenonnt-s2only")
WITH_DATA = ("conus-plus", "dresden-ii")
TABLES = [name for name in bundled_names() if Scenario.load(name).lacks_tables]
"""Scenarios of which nothing can be computed without their files."""

ELECTRONS = ("darwin-er", "texono")
"""Scenarios of electron recoils: see test_electron_data.py."""

APART = (*RECASTS, *WITH_DATA, *TABLES, *ELECTRONS)
NAMES = [name for name in bundled_names() if name not in APART]

REACTORS = ("conus-plus-projection", "nucleus")
BEAMS = ("cenns-750",)
SOURCES = dict.fromkeys(REACTORS, "reactor") | dict.fromkeys(BEAMS, "nubar_mu")
ENDS = dict.fromkeys(REACTORS, 10.0) | dict.fromkeys(BEAMS, 52.829)
"""Flux and greatest energy [MeV] of neutrinos that are not the Sun's 8B and hep."""

WANTED = ("ge-nextgen", "ge-future", "cdex-50", "xe-darwin")
LOW_MASS = {
    "ar-darkside-lowmass": 5.17e-10,
    "cawo4-cresst": 5.13e-10,
    "cdex-50": 8.48e-10,
    "cenns-750": 1.29e-9,
    "conus-plus-projection": 2.18e-10,
    "ge-future": 2.98e-10,
    "ge-nextgen": 8.65e-10,
    "nucleus": 5.72e-11,
    "si-supercdms-hv": 5.40e-10,
    "xe-darwin": 2.64e-10,
}
"""This package's own limits at 0.01 MeV: a change of more than 2 % must be meant."""


def model_of(name: str) -> Model:
    return Model(Scenario.load(name))


def with_changes(name: str, background: BackgroundBlock | None = None, **detector: object) -> Model:
    """A bundled scenario with another background or other detector entries."""
    scenario = Scenario.load(name)
    old = scenario.settings
    new = old.model_copy(
        update={
            "background": background or old.background,
            "detector": old.detector.model_copy(update=detector),
        }
    )
    return Model(replace(scenario, settings=new))


def standard_model(model: Model) -> dict[str, FloatArray]:
    """Standard Model counts of each source in each bin."""
    return dict(model.experiment.counts(model.standard_model.interaction, model.flux))


def lindhard_ee(energy_kevnr: float, protons: int, k: float) -> float:
    """T_ee in keVee: independent transcription of Lewin and Smith 1996, section 3.4."""
    eps = 11.5 * energy_kevnr * protons ** (-7 / 3)
    g = 3 * eps**0.15 + 0.7 * eps**0.6 + eps
    return float(energy_kevnr * k * g / (1 + k * g))


def test_the_promised_scenarios_are_there() -> None:
    assert set(WANTED) < set(NAMES)
    assert set(LOW_MASS) == set(NAMES)
    assert any(name.startswith("si-") for name in NAMES)
    assert any(name.startswith("ar-") for name in NAMES)


@pytest.mark.parametrize("name", WITH_DATA)
def test_one_that_needs_data_says_so(name: str) -> None:
    scenario = Scenario.load(name)
    assert any("arXiv" in reference for reference in scenario.settings.references)
    assert f"limit {name} --data" in scenario.text
    assert scenario.lacks_data
    assert dict(summarise(scenario))["data"].endswith("; needs --data PATH")
    with pytest.raises(ScenarioError, match=f"upscatter limit {name} --data PATH"):
        experiment_of(name)
    # what is expected can be seen without them
    assert standard_model(model_of(name))["reactor"].sum() > 100.0


@pytest.mark.parametrize("name", TABLES)
def test_one_that_needs_its_tables_says_so(name: str) -> None:
    scenario = Scenario.load(name)
    assert f"limit {name} --data FOLDER" in scenario.text
    said = dict(summarise(scenario))
    assert said["data"].startswith("needs --data PATH, a folder with ")
    for needs in (experiment_of, lambda given: model_of(given).expectation):
        with pytest.raises(ScenarioError, match=f"upscatter limit {name} --data PATH"):
            needs(name)


@pytest.mark.parametrize("name", RECASTS)
def test_a_recast_says_where_it_comes_from_and_how_to_use_it(name: str) -> None:
    scenario = Scenario.load(name)
    assert isinstance(scenario.settings, ReleaseFile)
    assert any("arXiv" in reference for reference in scenario.settings.references)
    assert f"limit {name} --data PATH" in scenario.text
    with pytest.raises(ScenarioError, match=f"upscatter limit {name} --data PATH"):
        _ = scenario.described


@pytest.mark.parametrize("name", NAMES)
class TestEveryScenario:
    def test_says_what_it_is_and_where_it_comes_from(self, name: str) -> None:
        scenario = Scenario.load(name)
        assert scenario.settings.title
        assert scenario.settings.references
        assert "printed" in scenario.text or "projected" in scenario.text
        assert "our choice" in scenario.text or "inferred" in scenario.text

    def test_expects_standard_model_events_and_background(self, name: str) -> None:
        model = model_of(name)
        background = model.expectation.background
        sources = standard_model(model)
        assert (background > 0.0).all()
        assert sources[SOURCES.get(name, "8B")].sum() > 0.5
        # A bin that no recoil can reach would only dilute the signal with background.
        assert np.count_nonzero(sum(sources.values())) > 0.5 * len(background)

    def test_low_mass_limit(self, name: str) -> None:
        mu = limit_of(Described(model_of(name)), [0.0, 0.01]).mu
        assert mu[1] == pytest.approx(LOW_MASS[name], rel=0.02)
        assert mu[1] == pytest.approx(mu[0], rel=1e-3)

    def test_limit_rises_with_mass(self, name: str) -> None:
        curve = limit_of(Described(model_of(name)))
        assert np.isfinite(curve.mu).all()
        assert (np.diff(np.log(curve.mu)) > -1e-6).all()
        assert curve.mu[-1] > 1e2 * curve.mu[0]

    def test_reaches_the_end_of_the_spectrum_and_not_beyond(self, name: str) -> None:
        # An infinitely heavy nucleus would allow m4 up to the end point, that of hep for the Sun.
        end = ENDS.get(name, 18.784)
        mu = limit_of(Described(model_of(name)), [0.995 * end, end, 1.3 * end]).mu
        assert np.isfinite(mu[0])
        assert np.isnan(mu[1:]).all()


class TestThePaper:
    """M. Demirci and M. F. Mustamin, DOI 10.31526/PHEP.2025.09."""

    def test_printed_limits_and_improvement(self) -> None:
        near, far = (
            limit_of(Described(model_of(name)), [0.01]).mu[0]
            for name in ("ge-nextgen", "ge-future")
        )
        assert near == pytest.approx(8.63e-10, rel=0.01)
        assert far == pytest.approx(2.97e-10, rel=0.01)
        assert 100.0 * (1.0 - far / near) == pytest.approx(65.54, abs=0.3)

    def test_cdex_50_is_close_to_the_next_generation(self) -> None:
        # Same exposure, threshold and background: the quenching and the resolution make the rest.
        cdex, near = (
            limit_of(Described(model_of(name)), [0.01]).mu[0] for name in ("cdex-50", "ge-nextgen")
        )
        assert cdex == pytest.approx(near, rel=0.15)


class TestSourcedNumbers:
    """Products of the sources' numbers, multiplied by hand here."""

    @pytest.mark.parametrize(
        ("name", "counts"),
        [
            ("cdex-50", 0.01 * 150 * 365.25 * (2.56 - 0.16)),
            ("xe-darwin", 1.0 * 200 * (11 - 1)),
            ("si-supercdms-hv", 300 * 9.6 * (5 - lindhard_ee(0.078, 14, 0.1460))),
            ("ar-darkside-lowmass", 0.01 * 1000 * 365.25 * (5 - lindhard_ee(0.5, 18, 0.1444))),
            ("conus-plus-projection", 50 * 327 * (0.8 - 0.16)),
            ("nucleus", 100 * 365.25 * (2 - 0.02)),
            ("cawo4-cresst", 3.5 * 1000 * (15 - 0.0301)),
        ],
    )
    def test_background_counts(self, name: str, counts: float) -> None:
        assert model_of(name).expectation.background.sum() == pytest.approx(counts, rel=1e-4)

    @pytest.mark.parametrize("name", ["si-supercdms-hv", "ar-darkside-lowmass"])
    def test_silicon_and_argon_show_the_whole_detector(self, name: str) -> None:
        detector = Scenario.load(name).settings.detector
        assert detector.quenching.model == "lindhard"
        assert detector.efficiency.has_table
        assert detector.resolution.fano > 0.0

    def test_resolution_of_cdex(self) -> None:
        # 35.8 eV + 16.6 eV sqrt(E/keV), as public analyses of CDEX-10 have it.
        model = model_of("cdex-50")
        energy = np.array([0.16, 0.5, 1.0, 2.56])
        response = model.response(model.nuclei[0])
        assert isinstance(response, GaussianResponse)
        sigma = response.resolution.sigma(energy * KEV) / KEV
        assert sigma == pytest.approx(0.0358 + 0.0166 * np.sqrt(energy), rel=0.04)


class TestForerunnerOfCenns750:
    """CENNS-10: numbers of events of the release arXiv:2006.12659, per bin of 10 keVee from 10."""

    CEVNS = (37.0, 9.9)
    STEADY = (532.1, 336.6, 250.4, 205.4)
    NEUTRONS = (93.6, 68.1, 52.2, 39.1)
    NEUTRONS_IN_TIME = (56.2, 328.9, 112.0)

    @staticmethod
    def model(**changes: object) -> Model:
        """The scenario with mass, protons, bins and window of CENNS-10."""
        times = [f"{0.5 * i - 0.1:g} us" for i in range(11)]
        fields = {
            "detector.exposure": "24.4 kg yr",
            "detector.region": None,
            "detector.bins": None,
            "detector.bin_edges": ["5.2 keVee", *(f"{10 * i} keVee" for i in range(1, 6))],
            "detector.time_edges": times,
            "stopped_pion.power": None,
            "stopped_pion.energy": None,
            "stopped_pion.protons": 13.8e22,
            "stopped_pion.time": "1 yr",
            **changes,
        }
        return Model(Scenario.load("cenns-750").replaced(fields))

    def test_standard_model_counts(self) -> None:
        # The release's prediction does not depend on the window, and has Helm's form factor.
        model = self.model(
            **{"detector.time_edges": None, "background": {}, "physics.form_factor": "helm"}
        )
        counts = sum(standard_model(model).values())
        assert isinstance(counts, np.ndarray)
        assert counts[1:3] == pytest.approx(self.CEVNS, rel=0.03)

    def test_steady_background(self) -> None:
        pulses = 13.8e22 / (1.4e6 / 1.602177e-10 / 60.0)  # protons over those of a pulse
        model = self.model(**{"detector.exposure": f"{24.4 * pulses / 60.0!r} kg s"})
        steady = [n for name, n in model.expectation.backgrounds.items() if "steady" in name]
        counts = np.sum(steady, axis=0).reshape(5, 10).sum(axis=1)
        assert counts[1:] == pytest.approx(self.STEADY, rel=0.08)

    def test_beam_related_neutrons(self) -> None:
        days = 13.8e22 / (1.4e6 / 1.602177e-10) / 86400.0
        model = self.model(**{"detector.exposure": f"{24.4 * days!r} kg d"})
        counts = model.expectation.backgrounds["background beam neutrons"].reshape(5, 10)
        fitted = 553.0 / 497.0 * np.array(self.NEUTRONS)
        assert counts.sum(axis=1)[1:] == pytest.approx(fitted, rel=0.1)
        shares = counts.sum(axis=0)[:3] / counts.sum()
        assert shares == pytest.approx(np.array(self.NEUTRONS_IN_TIME) / 497.1, abs=0.02)

    def test_time_helps(self) -> None:
        whole = Scenario.load("cenns-750").replaced("detector.time_edges", ["0 us", "5 us"])
        with_time, without = (
            limit_of(Described(Model(scenario)), [0.01]).mu[0]
            for scenario in (Scenario.load("cenns-750"), whole)
        )
        assert with_time < 0.9 * without


class TestIndependentEvents:
    """8B recoils per tonne year of an independent public code, for a flux of 5.25e6 / (cm² s)."""

    @pytest.mark.parametrize(("threshold", "events"), [(0.5, 300.0), (1.0, 91.0)])
    def test_xenon_without_its_efficiency(self, threshold: float, events: float) -> None:
        ends = tuple(EndPoint(value=e * KEV, recoil=True) for e in (threshold, 11.0))
        model = with_changes(
            "xe-darwin",
            exposure=TONNE_YEAR,
            region=ends,
            efficiency=EfficiencyBlock(value=1.0),
            resolution=ResolutionBlock(),
        )
        assert standard_model(model)["8B"].sum() == pytest.approx(events, rel=0.02)

    def test_germanium_between_two_thresholds(self) -> None:
        # 160 eVee are 0.95 keVnr in Lindhard's theory; 249 recoils are above 0.5 keVnr, 134 above 1
        # keVnr.
        assert lindhard_ee(0.95, 32, 0.1570) == pytest.approx(0.16, rel=0.01)
        model = with_changes("cdex-50", exposure=TONNE_YEAR, resolution=ResolutionBlock())
        geometric = 134.0 * (249.0 / 134.0) ** (np.log(1.0 / 0.95) / np.log(1.0 / 0.5))
        assert standard_model(model)["8B"].sum() == pytest.approx(geometric, rel=0.03)

    def test_argon_against_a_coherent_estimate(self) -> None:
        # Per nucleus σ ∝ Q_V² E² and T ∝ E²/m_N: at one threshold on T m_N, counts per mass go as
        # Q_V²/m_N. So the 134 above 1 keVnr in Ge (A = 72.6) tell those above 1.82 keVnr in Ar; the
        # form factors, which differ by some per cent, are left out.
        weak = 1.0 - 4.0 * SIN2_THETA_W
        germanium, argon = (n - z * weak for z, n in ((32, 40.7), (18, 22.0)))
        estimate = 134.0 * (argon / germanium) ** 2 * 72.6 / 39.95
        ends = tuple(EndPoint(value=e * KEV, recoil=True) for e in (72.6 / 39.95, 21.0))
        model = with_changes(
            "ar-darkside-lowmass",
            exposure=TONNE_YEAR,
            bin_edges=ends,
            efficiency=EfficiencyBlock(value=1.0),
            resolution=ResolutionBlock(),
        )
        assert standard_model(model)["8B"].sum() == pytest.approx(estimate, rel=0.05)


class TestLiterature:
    def test_xenon1t_nuclear_recoils(self) -> None:
        # arXiv:2007.15563 reads 1.1e-8 at low mass, for a coupling to ν_μ alone, from 1 t yr of
        # XENON1T. Sharp thresholds at the lower end of its region, 4.9 keVnr (arXiv:1805.12562),
        # and at the 2.6 keV that PRL 126, 091301 gives for it, must bracket that: one background
        # event, a third of the neutrinos.
        limits = []
        for threshold in (2.6, 4.9):
            ends = tuple(EndPoint(value=e * KEV, recoil=True) for e in (threshold, 40.9))
            model = with_changes(
                "xe-darwin",
                BackgroundBlock.model_validate(
                    {"flat": f"{1.0 / (40.9 - threshold)} / (keVee t yr)"}
                ),
                exposure=TONNE_YEAR,
                region=ends,
                bins=1,
                efficiency=EfficiencyBlock(value=1.0),
                resolution=ResolutionBlock(),
            )
            limits.append(np.sqrt(3.0) * limit_of(Described(model), [0.01]).mu[0])
        assert limits[0] < 1.1e-8 < limits[1]
        assert limits[0] > 1.1e-8 / 5.0

    def test_electron_recoils_win_at_low_mass_and_lose_at_high(self) -> None:
        # DARWIN from electron recoils, arXiv:2007.15563 figure 2 (ν_μ): 9.5e-12 at 0.01 MeV,
        # 2.2e-8 at 2.33 MeV.
        low, high = limit_of(Described(model_of("xe-darwin")), [0.01, 2.33]).mu
        assert low > 10.0 * 9.5e-12
        assert high < 0.1 * 2.2e-8


def test_pep_and_cno_neutrinos_carry_silicon() -> None:
    # Recoils of 7Be neutrinos end at 2E²/m_N = 57 eVnr in silicon, those of pep at 159 eVnr: below
    # and above the threshold of 78 eVnr. With 8B and hep alone little is left at low mass, and all
    # is left at 2 MeV, above what any of the other sources can reach.
    scenario = Scenario.load("si-supercdms-hv")
    flux = scenario.settings.flux.model_copy(update={"sources": ("8B", "hep")})
    settings = scenario.settings.model_copy(update={"flux": flux})
    every = limit_of(Described(Model(scenario)), [0.01, 2.0]).mu
    few = limit_of(Described(Model(replace(scenario, settings=settings))), [0.01, 2.0]).mu
    assert few[0] > 1.5 * every[0]
    assert few[1] == pytest.approx(every[1], rel=1e-3)
