"""Coupling and oscillation blocks of a scenario, and the limits that come of them."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import upscatter.flux.conversion as conversion_module
import upscatter.flux.flavour as flavour_module
import upscatter.flux.livetime as livetime_module
import upscatter.flux.nadir as exposure_module
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.described import Described
from upscatter.flux.conversion import surface_density_matrix
from upscatter.flux.coupling import Coupling, coupling
from upscatter.flux.livetime import tabulated_livetime
from upscatter.flux.nadir import annual_livetime
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import mixing
from upscatter.inputs.sun import solar_model
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import klein_nystrand
from upscatter.reference.quadrature import bin_counts
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.model import ScenarioFile
from upscatter.studies.counts import expected_counts, recoil_spectrum
from upscatter.studies.limits import limit_of, upper_limit
from upscatter.units import DAY, EV, MEV

SINGLE = ("e", "mu", "tau")
SETTINGS = {
    name: Scenario.load(name).settings
    for name in bundled_names()
    if not Scenario.load(name).lacks_tables
}
NAMES = [n for n, s in SETTINGS.items() if isinstance(s, ScenarioFile) and s.has_sun]
NUCLEAR = [n for n in NAMES if SETTINGS[n].target.recoiling == ("nuclear",)]
"""Those whose Standard Model background knows no flavour."""

PLAIN = Scenario.load("ge-nextgen").text.partition("[oscillation]")[0]

ONE_BIN = """
title = "One nucleus, one bin, one source"
[target]
isotopes = { "Ge-74" = 1.0 }
[detector]
exposure = "150 kg yr"
region = ["0.2 keVee", "0.6 keVee"]
bins = 1
quenching = { model = "constant", value = 0.2 }
[background]
flat = "0.01 / (keVee kg day)"
[flux]
model = "BS05-OP"
sources = ["8B"]
uncertainty = { "8B" = 0.0 }
[statistics]
test = "chi2-pulls"
variance = "background"
"""


def scenario(blocks, base=PLAIN):
    return Scenario.parse(base + blocks, "mine.toml")


def model(blocks, base=PLAIN):
    return Model(scenario(blocks, base))


def limit(blocks, mass=0.01):
    return upper_limit(scenario(blocks), [mass]).mu[0]


def refusal(blocks):
    """The message with which a scenario is refused, when read or when its limit is asked for."""
    with pytest.raises(ScenarioError) as caught:
        limit(blocks)
    return str(caught.value)


@pytest.fixture
def no_oscillations(monkeypatch):
    """Every way to oscillation probabilities raises."""

    def forbidden(*_, **__):
        raise AssertionError("oscillations were evaluated")

    for module, name in (
        (flavour_module, "mass_weights"),
        (flavour_module, "averaged_projectors"),
        (conversion_module, "matter_weights"),
        (exposure_module, "annual_livetime"),
        (livetime_module, "tabulated_livetime"),
    ):
        monkeypatch.setattr(module, name, forbidden)


BLOCKS = (
    "",
    '[oscillation]\nmixing = "NuFIT-6.0-IC24-IO"',
    '[oscillation]\nmixing = { sin2_theta12 = 0.2, dm2_21 = "1e-4 eV^2", delta_cp = "90 deg" }',
    # not adiabatic at all: a limit that needs no oscillations does not mind
    "[oscillation]\nmixing = { sin2_theta12 = 1e-6 }",
    '[oscillation]\nlaboratory = "LNGS"',
    '[oscillation]\nlatitude = "-60 deg"\ntime = "night"\nseason = ["06-01", "07-31"]',
    '[oscillation]\nlaboratory = "CJPL"\ntime = "day"\nmixing = "NuFIT-6.0-IC19"',
)


class TestUniversalAndIncoherent:
    """The paper's sum: oscillation parameters, place and season must not move it at all."""

    masses = (0.01, 1.0, 5.0, 12.0, 17.0)

    @pytest.mark.parametrize("blocks", BLOCKS[1:])
    def test_limit_does_not_move_by_a_bit(self, blocks):
        plain = upper_limit(scenario(""), self.masses).mu
        np.testing.assert_array_equal(upper_limit(scenario(blocks), self.masses).mu, plain)

    @pytest.mark.parametrize("name", NUCLEAR)
    def test_nor_does_that_of_a_bundled_scenario(self, name):
        bundled = Scenario.load(name)
        other = bundled.settings.model_copy(
            update={"oscillation": scenario(BLOCKS[2]).settings.oscillation}
        )
        moved = replace(bundled, settings=other)
        np.testing.assert_array_equal(
            upper_limit(moved, self.masses).mu, upper_limit(bundled, self.masses).mu
        )

    @pytest.mark.parametrize("blocks", BLOCKS)
    def test_oscillations_are_not_even_evaluated(self, blocks, no_oscillations):
        assert np.isfinite(limit(blocks))
        mine = scenario(blocks)
        assert expected_counts(mine, flavour="universal").signal["8B"].sum() > 0.0
        assert recoil_spectrum(mine, [1.0], mu=1e-9)["8B"][0] > 0.0

    def test_that_would_be_noticed(self, no_oscillations):
        with pytest.raises(AssertionError, match="oscillations were evaluated"):
            limit('[coupling]\nflavour = "e"')

    def test_equal_components_are_scaled_and_do_not_move_either(self, no_oscillations):
        components = "[coupling]\nsum = 'incoherent'\ncomponents = { e = 2, mu = [0, 2], tau = -2 }"
        values = [limit(f"{components}\n{blocks}") for blocks in BLOCKS]
        assert len(set(values)) == 1
        assert values[0] == pytest.approx(limit("") / 2.0, rel=1e-9)


class TestCouplingBlock:
    def test_nothing_is_universal_and_incoherent(self):
        assert model("").coupling == coupling("universal", "incoherent")

    @pytest.mark.parametrize("flavour", SINGLE)
    def test_a_flavour_as_on_the_command_line(self, flavour):
        mine = upper_limit(scenario(f'[coupling]\nflavour = "{flavour}"'), [1.0])
        assert mine.flavour == flavour
        assert mine.mu[0] == upper_limit(scenario(""), [1.0], flavour=flavour).mu[0]

    def test_the_sum(self):
        assert model('[coupling]\nsum = "exact"').coupling == coupling("universal", "exact")

    def test_complex_components(self):
        block = "[coupling]\ncomponents = { e = 1, mu = [0.5, -0.7], tau = [0, 2.0] }"
        assert model(block).coupling == Coupling("custom", (1.0, 0.5 - 0.7j, 2j), "exact")

    def test_a_component_that_is_left_out_is_zero(self):
        block = "[coupling]\ncomponents = { mu = 3.0 }"
        assert model(block).coupling.components == (0.0, 3.0, 0.0)
        flavour = '[coupling]\nflavour = "mu"'
        assert limit(block) == pytest.approx(limit(flavour) / 3.0, rel=1e-9)

    def test_a_common_phase_changes_nothing(self):
        real = limit("[coupling]\ncomponents = { e = 1.0, mu = 2.0, tau = 0.5 }")
        turned = limit("[coupling]\ncomponents = { e = [0, 1], mu = [0, 2], tau = [0, 0.5] }")
        assert turned == pytest.approx(real, rel=1e-12)

    def test_relative_phases_change_the_exact_sum_alone(self):
        turned = "components = { e = 1.0, mu = [0, 1], tau = -1.0 }"
        straight = "components = { e = 1.0, mu = 1.0, tau = 1.0 }"
        exact = [limit(f"[coupling]\n{c}") for c in (turned, straight)]
        incoherent = [limit(f'[coupling]\nsum = "incoherent"\n{c}') for c in (turned, straight)]
        assert abs(exact[0] / exact[1] - 1.0) > 0.05
        assert incoherent[0] == incoherent[1]

    def test_the_mass_states_exhaust_the_flux(self):
        """Σ_i |c_i† ν|² over the orthonormal columns U_αi is 1: their counts add to the whole."""
        total = 0.0
        for i in range(3):
            c = mixing("NuFIT-5.3").matrix()[:, i]
            state = {f: [u.real, u.imag] for f, u in zip(("e", "mu", "tau"), c, strict=True)}
            one = Model(scenario("").replaced("coupling.components", state))
            total = total + one.experiment.total_counts(Dipole(), one.signal.flux, MEV)
        every = model("")
        np.testing.assert_allclose(
            total, every.experiment.total_counts(Dipole(), every.flux, MEV), rtol=1e-6
        )

    def test_the_exact_sum_needs_a_flavour(self):
        with pytest.raises(PhysicsError, match="flavour='universal'"):
            upper_limit("ge-nextgen", [1.0], flavour_sum="exact")


class TestOscillationBlock:
    def test_nothing_is_nufit_by_day(self):
        flavour = model("").sun.flavour
        assert flavour.mixing == mixing("NuFIT-5.3")
        assert flavour.livetime.day == 1.0

    def test_a_fit_by_name_and_ones_own_parameters(self):
        assert model(BLOCKS[1]).sun.flavour.mixing == mixing("NuFIT-6.0-IC24-IO")
        own = model(BLOCKS[2]).sun.flavour.mixing
        assert own.sin2_theta12 == 0.2
        assert own.sin2_theta13 == mixing("NuFIT-5.3").sin2_theta13
        assert own.dm2_21 == pytest.approx(1e-4 * EV**2)
        assert own.delta_cp == pytest.approx(np.pi / 2.0)

    def test_a_laboratory_is_its_latitude(self):
        named = model('[oscillation]\nlaboratory = "gran sasso"').sun.flavour.livetime
        degrees = float(np.rad2deg(latitude("LNGS")))
        numbered = model(f'[oscillation]\nlatitude = "{degrees!r} deg"').sun.flavour.livetime
        assert named == annual_livetime(latitude("LNGS"))
        np.testing.assert_allclose(numbered.nadir, named.nadir, rtol=1e-9)

    @pytest.mark.parametrize("part", ["both", "day", "night"])
    def test_time(self, part):
        exposure = model(
            f'[oscillation]\nlaboratory = "LNGS"\ntime = "{part}"'
        ).sun.flavour.livetime
        assert exposure == annual_livetime(latitude("LNGS")).select(part)

    @pytest.mark.parametrize("season", ['["06-22", "06-21"]', '["01-01", "12-31"]'])
    def test_a_season_that_comes_full_circle_is_the_year(self, season):
        year = model('[oscillation]\nlaboratory = "LNGS"')
        circle = model(f'[oscillation]\nlaboratory = "LNGS"\nseason = {season}')
        assert circle.sun.flavour.livetime == year.sun.flavour.livetime

    def test_a_season_runs_from_its_first_day_through_its_last(self):
        block = '[oscillation]\nlaboratory = "LNGS"\nseason = ["12-21", "01-10"]'
        expected = annual_livetime(latitude("LNGS"), season=(354 * DAY, 10 * DAY))
        assert model(block).sun.flavour.livetime == expected
        assert expected.night > 0.6  # winter in the north

    def test_distance_scales_every_flux(self):
        season = 'laboratory = "LNGS"\nseason = ["12-20", "01-18"]'
        near = model(f"[oscillation]\n{season}\ndistance = true")
        far = model(f"[oscillation]\n{season}")
        # (1 au / 0.9833 au)² at perihelion
        scale = near.sun.flavour.livetime.flux_scale
        assert scale == pytest.approx(0.9833**-2, rel=1e-3)
        assert far.sun.flavour.livetime.flux_scale == 1.0
        for source, parts in near.flux.items():
            assert parts[0].total == pytest.approx(scale * far.flux[source][0].total, rel=1e-9)

    def test_a_livetime_table(self):
        block = "[oscillation]\nlivetime = [[0, 45, 1.0], [45, 90, 2], [90, 180, 5.0]]"
        exposure = model(block).sun.flavour.livetime
        assert exposure == tabulated_livetime([[0, 45, 1], [45, 90, 2], [90, 180, 5]])
        assert exposure.day == pytest.approx(5.0 / 8.0)
        night = model(f'{block}\ntime = "night"').sun.flavour.livetime
        assert night.day == 0.0

    def test_the_night_weakens_a_limit_on_mu_and_strengthens_one_on_e(self):
        """The Earth gives back electron neutrinos above 3 MeV."""
        for flavour, gain in (("e", True), ("mu", False)):
            day, night = (
                limit(f'[coupling]\nflavour = "{flavour}"\n[oscillation]\nlaboratory = "CJPL"\n'
                      f'time = "{part}"', mass=5.0)
                for part in ("day", "night")
            )  # fmt: skip
            assert bool(night < day) is gain
            assert night == pytest.approx(day, rel=0.03)


REFUSED = [
    ('laboratory = "Narnia"', ["oscillation.laboratory", "'Narnia'", "name one of", "LNGS"]),
    ('latitude = "91 deg"', ["oscillation.latitude", '"91 deg"', "±90°", "give"]),
    ('latitude = "-90.5 deg"', ["oscillation.latitude", "±90°", "give"]),
    ('latitude = "28"', ["oscillation.latitude", '"28"', "no unit", "'28.2 deg'"]),
    ("latitude = 28", ["oscillation.latitude = 28", "no unit", "'28.2 deg'"]),
    ('latitude = "1 km"', ["oscillation.latitude", '"1 km"', "needs an angle"]),
    ('laboratory = "LNGS"\nlatitude = "1 deg"', ["oscillation", "more than one", "keep one"]),
    ('laboratory = "LNGS"\nseason = ["01-01", "02-30"]',
     ["oscillation.season", "'02-30'", "such as '12-21'"]),
    ('laboratory = "LNGS"\nseason = ["01-01"]', ["oscillation.season", "too few"]),
    ('season = ["01-01", "02-01"]', ["season", "needs a laboratory", "add one"]),
    ("distance = true", ["distance", "needs a laboratory", "add one"]),
    ('laboratory = "LNGS"\ndistance = "yes"', ["oscillation.distance", '"yes"', "true or false"]),
    ('laboratory = "LNGS"\ntime = "dusk"', ["oscillation.time", '"dusk"', "both, day, night"]),
    ('time = "night"', ["time", "needs a laboratory", "add one"]),
    ("livetime = [[0, 30, 1], [40, 180, 1]]", ["livetime", "row 2", "40", "gap after 30", "must"]),
    ("livetime = [[0, 50, 1], [40, 180, 1]]", ["livetime", "row 2", "40", "overlaps", "must"]),
    ("livetime = [[0, 90, -1], [90, 180, 1]]", ["livetime", "row 1", "-1", "not negative"]),
    ("livetime = [[0, 90, 0], [90, 180, 0]]", ["livetime", "no bin has any", "must be positive"]),
    ("livetime = [[0, 190, 1]]", ["livetime", "row 1", "190", "180 (zenith)"]),
    ("livetime = [[90, 0, 1]]", ["livetime", "row 1", "from 90 to 0", "must grow"]),
    ("livetime = [[0, 90]]", ["oscillation.livetime", "too few"]),
    ("livetime = [[0, 90, nan]]", ["oscillation.livetime", "nan", "finite"]),
    ("livetime = []", ["oscillation.livetime", "1 or more"]),
    ("mixing = { sin2_theta12 = 1.2 }", ["oscillation.mixing", "sin2_theta12 = 1.2", "0 to 1"]),
    ("mixing = { sin2_theta13 = -0.1 }", ["oscillation.mixing", "sin2_theta13 = -0.1", "0 to 1"]),
    ("mixing = { sin2_theta23 = nan }", ["oscillation.mixing.sin2_theta23", "nan", "finite"]),
    ('mixing = { dm2_21 = "-7.4e-5 eV^2" }', ["oscillation.mixing", "dm2_21 = -7.4e-05", "must"]),
    ('mixing = { dm2_31 = "1e-5 eV^2" }', ["oscillation.mixing", "dm2_31 = 1e-05", "must exceed"]),
    ('mixing = { dm2_31 = "1 eV" }', ["oscillation.mixing.dm2_31", '"1 eV"', "'7.41e-5 eV^2'"]),
    ('mixing = { delta_cp = "197" }', ["oscillation.mixing.delta_cp", '"197"', "no unit"]),
    ('mixing = "NuFIT-9"', ["oscillation.mixing.fit", '"NuFIT-9"', "choose one of NuFIT-5.3"]),
    ('mixing = { fitt = "NuFIT-5.3" }', ["oscillation.mixing.fitt", "did you mean 'fit'"]),
    ("moon = 1", ["oscillation.moon", "unknown key", "remove it"]),
]  # fmt: skip

REFUSED_COUPLINGS = [
    ('flavour = "muon"', ["coupling.flavour", '"muon"', "universal, e, mu, tau"]),
    ('flavour = "e"\ncomponents = { e = 1 }', ["coupling", "both", "keep one"]),
    ("components = {}", ["coupling", "not all zero", "give"]),
    ("components = { e = [1, 2, 3] }", ["coupling.components.e", "[1, 2, 3]", "[real, imaginary]"]),
    ('components = { e = "1" }', ["coupling.components.e", '"1"', "must be a number"]),
    ("components = { e = inf }", ["coupling.components.e", "inf", "finite"]),
    ("components = { x = 1 }", ["coupling.components.x", "unknown key", "e, mu, tau"]),
    ('sum = "coherent"', ["coupling.sum", '"coherent"', "incoherent, exact"]),
]


class TestRefusals:
    """One line with file, field, value and remedy."""

    @pytest.mark.parametrize(("line", "words"), REFUSED)
    def test_oscillation(self, line, words):
        self.check(refusal(f"[oscillation]\n{line}"), words)

    @pytest.mark.parametrize(("line", "words"), REFUSED_COUPLINGS)
    def test_coupling(self, line, words):
        self.check(refusal(f"[coupling]\n{line}"), words)

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("mixing = { sin2_theta12 = 1e-6 }",
             ["oscillation", "not adiabatic", "sin2_theta12 = 1e-06", "raise either"]),
            ('mixing = { dm2_21 = "1e-11 eV^2" }', ["oscillation", "not adiabatic", "1e-11"]),
            ('latitude = "80 deg"\nseason = ["06-01", "07-01"]\ntime = "night"',
             ["oscillation", "no night", "choose another"]),
        ],
    )  # fmt: skip
    def test_what_only_a_flavour_minds(self, line, words):
        self.check(refusal(f'[coupling]\nflavour = "e"\n[oscillation]\n{line}'), words)

    @staticmethod
    def check(message, words):
        assert message.startswith("mine.toml: ")
        assert "\n" not in message
        for word in words:
            assert word in message, message


class TestProvenance:
    def test_universal_needs_no_mixing(self):
        origin = upper_limit("ge-nextgen", [1.0]).provenance
        assert origin["coupling"] == "universal"
        assert origin["flavour_sum"] == "incoherent"
        assert not {"mixing", "place"} & set(origin)

    def test_electrons_need_mixing_where_their_recoils_are_a_background(self):
        assert upper_limit("darwin-er", [0.001]).provenance["mixing"] == {"fit": "NuFIT-5.3"}
        assert upper_limit("texono", [0.001]).provenance.keys().isdisjoint({"mixing", "place"})

    def test_a_flavour_names_mixing_and_place(self):
        origin = upper_limit("ge-nextgen", [1.0], flavour="mu").provenance
        assert origin["coupling"] == "mu"
        assert origin["components"] == [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
        assert origin["mixing"] == {"fit": "NuFIT-5.3"}
        assert origin["place"] == {"laboratory": "CJPL"}
        json.dumps(origin, allow_nan=False)

    def test_no_place_is_said(self):
        origin = upper_limit(scenario(""), [1.0], flavour="e").provenance
        assert origin["place"] == "by day, no Earth in between"

    def test_own_parameters_and_season(self):
        block = (
            "[coupling]\ncomponents = { e = 1, mu = [0.5, -0.7] }\n[oscillation]\n"
            'laboratory = "LNGS"\nseason = ["12-21", "01-10"]\n'
            'mixing = { fit = "NuFIT-6.0-IC24", sin2_theta12 = 0.3 }'
        )
        origin = model(block).provenance
        assert origin["components"] == [[1.0, 0.0], [0.5, -0.7], [0.0, 0.0]]
        assert origin["mixing"] == {"fit": "NuFIT-6.0-IC24", "sin2_theta12": 0.3}
        assert origin["place"] == {"laboratory": "LNGS", "season": ["12-21", "01-10"]}

    def test_digest_tells_settings_apart(self):
        blocks = (*BLOCKS, '[coupling]\nflavour = "e"', "[coupling]\ncomponents = { e = [0, 1] }")
        digests = [scenario(block).digest for block in blocks]
        assert len(set(digests)) == len(blocks)


@cache
def bundled(name, flavour):
    return Model(Scenario.load(name).replaced("coupling.flavour", flavour))


@pytest.mark.parametrize("name", NAMES)
class TestBundledScenarios:
    def test_flavours_add_up_to_all_in_every_bin(self, name):
        every = expected_counts(name, 1e-9, 0.01).signal
        parts = [expected_counts(name, 1e-9, 0.01, flavour=f).signal for f in SINGLE]
        for source, counts in every.items():
            total = sum(part[source] for part in parts)
            np.testing.assert_allclose(total, counts, rtol=1e-4, atol=1e-12 * counts.max())
            assert all((part[source] <= counts * (1.0 + 1e-9)).all() for part in parts)

    def test_so_they_do_at_every_mass(self, name):
        masses = np.array([0.0, 0.5, 5.0, 12.0] if name in NUCLEAR else [0.0, 0.5]) * MEV
        every, *parts = (
            built.experiment.total_counts(Dipole(), built.signal.flux, masses)
            for built in (bundled(name, f) for f in ("universal", *SINGLE))
        )
        scale = every.max(axis=1, keepdims=True)
        np.testing.assert_allclose(sum(parts) / scale, every / scale, rtol=1e-4, atol=1e-12)

    def test_limits_by_flavour(self, name):
        every, *limits = (
            limit_of(Described(bundled(name, f)), [0.01]).mu[0] for f in ("universal", *SINGLE)
        )
        assert np.isfinite(limits).all()
        assert (np.array(limits) > every).all()
        # One bin would make it exactly 1; shapes of the flavours differ a little.
        assert sum((every / mu) ** 2 for mu in limits) == pytest.approx(1.0, abs=0.01)

    def test_what_the_standard_model_expects_knows_no_flavour(self, name):
        every, electron = (bundled(name, f).expectation.sources for f in ("universal", "e"))
        for source, counts in every.items():
            np.testing.assert_array_equal(electron[source], counts)


class TestSlowTwin:
    """Adaptive quadrature over flux times effective coupling, one nucleus and one bin."""

    mass = 0.01 * MEV

    def counts(self, built, component):
        nucleus = built.nuclei[0]
        slow = bin_counts(
            nucleus, built.response(nucleus), klein_nystrand, component, Dipole(), self.mass, 1e-6
        )
        return float(slow[0]) * built.experiment.exposure

    @pytest.mark.parametrize("flavour", ["e", "tau"])
    def test_by_day_with_the_density_matrix_itself(self, flavour):
        built = model(f'[coupling]\nflavour = "{flavour}"', ONE_BIN)
        sun, index = solar_model("BS05-OP"), SINGLE.index(flavour)

        def probability(energy):
            rho = surface_density_matrix(energy, "8B", sun, mixing("NuFIT-5.3"))
            return rho[..., index, index].real

        (whole,) = built.flux["8B"]

        def density(energy):
            return whole.density(energy) * probability(energy)

        slow = self.counts(built, replace(whole, density=density))
        fast = built.experiment.counts(Dipole(), built.signal.flux, self.mass)["8B"][0]
        assert fast == pytest.approx(slow, rel=1e-5)
        # χ² = (μ² s)² / B and no pull: the limit by hand, 90 %, one degree of freedom
        by_hand = np.sqrt(np.sqrt(2.70554 * built.expectation.background[0]) / slow)
        assert limit_of(Described(built), [0.01]).mu[0] == pytest.approx(by_hand, rel=1e-4)

    def test_all_year_with_complex_couplings(self):
        block = (
            "[coupling]\ncomponents = { e = 1, mu = [0.5, -0.7], tau = [0, 2] }\n"
            '[oscillation]\nlaboratory = "LNGS"'
        )
        built = model(block, ONE_BIN)
        slow = self.counts(built, built.signal.flux["8B"][0])
        fast = built.experiment.counts(Dipole(), built.signal.flux, self.mass)["8B"][0]
        assert fast == pytest.approx(slow, rel=1e-5)
