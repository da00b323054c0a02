"""Electron recoils in a scenario: counts against adaptive quadrature, flavours, refusals."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from scenario_files import detector, scenario
from upscatter.constants import ELECTRON_MASS
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import experiment_of
from upscatter.experiments.described import Described
from upscatter.inputs.electrons import electrons_of
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.interactions import dipole
from upscatter.interactions.electron_scattering import couplings, cross_section
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.statistics.profile import fit
from upscatter.studies.impacts import impacts
from upscatter.studies.limits import limit_of
from upscatter.units import KEV, MEV, TONNE, YEAR

REGION = '["2 keVee", "30 keVee"]'
SOURCES = 'model = "B16-GS98"\nsources = ["pp", "7Be", "pep", "13N", "15O", "8B"]'


def parse(recoils='["electron"]', element='"Xe"', extra="", flux=SOURCES, target="", **fields):
    keys = {"exposure": '"1 t yr"', "region": REGION, "bins": "28", "quenching": None} | fields
    text = scenario(
        target=f"element = {element}\nrecoils = {recoils}\n{target}",
        detector=detector(**keys),
        background='flat = "1e-4 / (keVee kg day)"',
        flux=flux,
        extra=extra,
    )
    return Scenario.parse(text, "mine")


def test_solar_neutrinos_in_xenon(validated):
    """84 to 85 per tonne year between 2 and 30 keV: 5900 in 14 t × 5 yr (arXiv:2006.03114)."""
    counts = sum(n.sum() for n in Model(parse()).expectation.sources.values())
    assert 84.0 < counts < 85.0
    quantity = "ν-e recoils in Xe per t yr, 2 to 30 keV"
    source = "DARWIN, arXiv:2006.03114: 5900 in 70 t yr"
    validated("counts", quantity, counts, 5900.0 / 70.0, source, rel=0.01)


def by_hand(flux, sigma, edges, m4=0.0):
    """Counts per tonne year in sharp bins, by nested adaptive quadrature."""
    (xenon,) = electrons_of(natural_nuclei("Xe"))
    shells = [b for b in xenon.bindings if edges[0] < b < edges[-1]]
    total = np.zeros(edges.size - 1)
    for parts in flux.values():
        for part in parts:

            def rate(t, part=part):
                if part.density is None:
                    return part.total * float(sigma(part.endpoint, t))
                least = 0.5 * t * (1.0 + np.sqrt(1.0 + 2.0 * ELECTRON_MASS / t))
                found, _ = quad(
                    lambda e: float(part.density(np.array([e]))[0]) * float(sigma(e, t)),
                    least, part.endpoint, epsabs=0.0, epsrel=1e-9, limit=200,
                )  # fmt: skip
                return found

            start, end = dipole.recoil_range(part.endpoint, ELECTRON_MASS, m4 * MEV)
            for i, (low, high) in enumerate(pairwise(edges)):
                cuts = [low, *(b for b in shells if low < b < high), high]
                for a, b in pairwise(cuts):
                    first, top = max(a, float(start)), min(b, float(end))
                    if top > first:
                        found, _ = quad(rate, first, top, epsabs=0.0, epsrel=1e-8)
                        total[i] += found * float(xenon.available(0.5 * (a + b)))
    return total * xenon.per_target_mass * TONNE * YEAR


EDGES = np.array([1.0, 4.9, 6.0, 34.0, 36.0, 200.0]) * KEV
WIDE = {
    "region": None,
    "bins": None,
    "bin_edges": [f"{edge / KEV:g} keVee" for edge in EDGES],
}


@pytest.mark.parametrize("source", ["7Be", pytest.param("pp", marks=pytest.mark.thorough)])
def test_counts_are_adaptive_quadrature(source):
    """Steps of the K and L shells within bins, and the edge of the ⁷Be line at 665 keV."""
    model = Model(parse(flux=f'model = "B16-GS98"\nsources = ["{source}"]', **WIDE))
    found = sum(model.expectation.sources.values())
    expected = np.zeros(5)
    for (_, flux), electron in zip(model.standard_model.electrons, (True, False), strict=True):
        left, right = couplings(electron_flavour=electron)
        expected += by_hand(
            flux, lambda e, t, g=(left, right): cross_section(e, t, *g, ELECTRON_MASS), EDGES
        )
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("m4", [0.0, 0.1, 0.28])
def test_dipole_counts_are_adaptive_quadrature(m4):
    model = Model(parse(flux='model = "B16-GS98"\nsources = ["7Be"]', **WIDE))
    found = model.recoils.total_counts(model.signal, m4 * MEV)
    expected = by_hand(
        model.signal.flux,
        lambda e, t: dipole.cross_section(e, t, ELECTRON_MASS, 1, m4 * MEV),
        EDGES,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * expected.max())


class TestFlavours:
    def test_they_follow_the_mixing(self):
        """ν_e have the charged current, too: the fewer there are, the fewer recoils."""
        plain = Model(parse()).expectation.sources["pp"].sum()
        none = parse(extra="[oscillation]\nmixing = { sin2_theta12 = 0.02, sin2_theta13 = 1e-6 }\n")
        unmixed = Model(none).expectation.sources["pp"].sum()
        # P_ee ≈ 0.55, σ(ν_μ)/σ(ν_e) ≈ 0.28 at these energies
        assert plain / unmixed == pytest.approx(
            (0.55 + 0.45 * 0.28) / (0.96 + 0.04 * 0.28), abs=0.03
        )

    def test_a_coupling_selects_the_signal_alone(self):
        muon = Model(parse(extra='[coupling]\nflavour = "mu"\n'))
        every = Model(parse())
        np.testing.assert_array_equal(
            muon.expectation.sources["pp"], every.expectation.sources["pp"]
        )
        ratio = muon.recoils.total_counts(muon.signal) / every.recoils.total_counts(every.signal)
        assert (ratio < 0.3).all()

    def test_antineutrinos(self):
        """Of a reactor: g_L and g_R exchanged, fewer recoils of ν̄_e than of ν_e would be."""
        text = parse(flux=SOURCES).text.split("[flux]")[0]
        reactor = Scenario.parse(text + '[reactor]\nflux = "1e13 / (cm^2 s)"\n', "mine")
        model = Model(reactor)
        ((interaction, _),) = model.standard_model.electrons
        assert (interaction.left, interaction.right) == couplings(
            electron_flavour=True, antineutrinos=True
        )
        assert model.expectation.sources["reactor"].sum() > 0.0


class TestBoth:
    def test_they_add_up(self):
        options = {"region": '["0.5 keVee", "3 keVee"]', "bins": "5"}
        both, nuclear, electron = (
            Model(parse(kinds, quenching=q, **options))
            for kinds, q in (
                ('["nuclear", "electron"]', '"lindhard"'), ('["nuclear"]', '"lindhard"'),
                ('["electron"]', None),
            )
        )  # fmt: skip
        for source, counts in both.expectation.sources.items():
            parts = nuclear.expectation.sources[source] + electron.expectation.sources[source]
            np.testing.assert_allclose(counts, parts, rtol=1e-12)
        total = both.recoils.total_counts(both.signal, 0.01 * MEV)
        by_source = both.recoils.counts(both.signal, 0.01 * MEV)
        np.testing.assert_allclose(total, sum(by_source.values()), rtol=1e-9)

    def test_limits_are_stronger_with_electrons(self):
        options = {"region": '["0.5 keVee", "3 keVee"]', "bins": "5", "quenching": '"lindhard"'}
        weak = limit_of(Described(Model(parse('["nuclear"]', **options))), [0.01, 8.0]).mu
        strong = limit_of(
            Described(Model(parse('["nuclear", "electron"]', **options))), [0.01, 8.0]
        ).mu
        assert strong[0] < 0.5 * weak[0]
        # electrons reach 3.9 MeV only, nuclei the end of the spectrum
        assert strong[1] == pytest.approx(weak[1], rel=0.02)

    def test_the_default_is_nuclei(self):
        text = scenario()
        named = Scenario.parse(
            text.replace('element = "Ge"', 'element = "Ge"\nrecoils = ["nuclear"]'), "m"
        )
        one, other = (
            limit_of(Described(Model(s)), [0.01]).mu[0] for s in (named, Scenario.parse(text, "m"))
        )
        assert one == other

    def test_impacts(self):
        found = {impact.name for impact in impacts(parse()).impacts}
        assert "sin2_theta_w" in found
        assert not any("quenching" in name for name in found)


@pytest.mark.parametrize("resolution", [None, '{ fano = "0.1 keVee" }'])
def test_the_highest_mass_is_the_last_that_is_seen(resolution):
    """pep, 1.442 MeV, could give 0.81 MeV, with recoils of 230 keV above the region."""
    changed = {} if resolution is None else {"resolution": resolution}
    build = Model(parse(flux='model = "B16-GS98"\nsources = ["pep"]', **changed))
    end = build.recoils.highest_mass(build.signal)

    def at(t):
        """m_4 of which t is the least recoil."""
        momentum = np.sqrt(t * (t + 2.0 * ELECTRON_MASS))
        return np.sqrt(2.0 * 1.442 * MEV * (momentum - t) - 2.0 * ELECTRON_MASS * t)

    if resolution is None:
        assert end == pytest.approx(at(30.0 * KEV), rel=1e-4)
        assert build.recoils.total_counts(build.signal, 1.001 * end).sum() == 0.0
    else:  # between three and five standard deviations of 1.8 keV above the region
        assert at(35.0 * KEV) < end < at(40.0 * KEV)
    assert build.recoils.total_counts(build.signal, 0.999 * end).sum() > 0.0


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"recoils": "[]"}, 'target.recoils.*must name "nuclear", "electron", or each'),
            ({"recoils": '["electron", "electron"]'}, "or each of them once"),
            ({"recoils": '["muon"]'}, "is unknown"),
            ({"recoils": '["nuclear"]'}, "detector: quenching: is missing; add quenching"),
            ({"efficiency": '{ energy = "keVnr", points = [[1, 0.5], [9, 1]] }'},
             "efficiency: is one of nuclear recoils in keVnr"),
            ({"region": '["1 eVee", "3 eVee"]', "element": '"He"'},
             "region: is below the least binding energy of an electron, 24.6 eV"),
            ({"target": "electron_correction = { points = [[1.0, -1.0], [2.0, 1.0]] }"},
             "electron_correction: row 1 of the table: ratio -1 must not be negative"),
        ],
    )  # fmt: skip
    def test_in_one_line(self, options, message):
        with pytest.raises(ScenarioError, match=message) as refusal:
            _ = Model(parse(**options)).expectation
        assert "\n" not in str(refusal.value)


def test_a_correction():
    plain = Model(parse()).expectation.sources["pp"]
    half = Model(parse(target="electron_correction = { points = [[0.1, 0.5], [100, 0.5]] }"))
    np.testing.assert_allclose(half.expectation.sources["pp"], 0.5 * plain, rtol=1e-6)


@pytest.fixture(scope="module")
def measured(reference):
    loaded = Scenario.load("xenonnt-er").replaced("statistics.test", "poisson")
    return experiment_of(loaded, reference / "xenonnt_er")


class TestXenonnt:
    """arXiv:2207.11330, 1.16 t yr."""

    def test_what_is_expected(self, measured, validated):
        build = measured.build
        detected = sum(n.sum() for n in build.recoils.counts(build.standard_model).values())
        quantity = "XENONnT: ν-e recoils that are detected"
        validated("counts", quantity, detected, 81.0, "an independent count", rel=0.01)
        assert measured.observed.sum() == 433.0
        # B0 has the solar neutrinos already
        assert sum(n.sum() for n in build.expectation.sources.values()) == 0.0
        signal = measured.likelihood_at(1.0 * KEV).total_signal.sum() * 1e-22
        assert signal == pytest.approx(30.8, rel=0.005)

    def test_limit(self, measured):
        """−2 ln L + 2.706, m_4 = 1 keV: 7.5e-12 by an independent recast, 6.4e-12 published."""
        model = measured.likelihood_at(1.0 * KEV)
        data = measured.data(model)
        best = float(fit(model, data).deviance)
        mu = brentq(
            lambda x: float(fit(model, data, x * x).deviance) - best - 2.706,
            1e-12,
            1e-10,
            xtol=1e-16,
        )
        assert mu == pytest.approx(7.5e-12, rel=0.02)

    def test_it_needs_its_folder(self, refused, reference):
        said = refused("limit", "xenonnt-er")
        assert "comes without its data, data_unbinned_1to30kev.txt, efficiency.txt, bkg_mod" in said
        file = reference / "xenonnt_er" / "data_unbinned_1to30kev.txt"
        assert "\n" not in refused("limit", "xenonnt-er", "--data", file)


def test_electrons_need_no_form_factor():
    sharp = parse(extra='[physics]\nform_factor = "helm"\n')
    a, b = (Model(s).expectation.sources["pp"] for s in (sharp, parse()))
    np.testing.assert_allclose(a, b, rtol=1e-5)
