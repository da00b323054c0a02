"""The fast path of the rates against its slow twin, and what must hold whatever the numbers."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.detector.quenching import Constant, EssigHigh, Lindhard
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import GaussianResponse, SharpResponse
from upscatter.flux.arrival import flux_components
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.inputs.spectra import solar_spectrum
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import helm, klein_nystrand, point
from upscatter.interactions.kinematics import maximum_mass
from upscatter.rates import recoil_table as recoil_tables
from upscatter.rates.experiment import Experiment
from upscatter.rates.folding import above_steps
from upscatter.rates.folding import bin_counts as folded
from upscatter.rates.recoil_table import forget_tables, tables_made
from upscatter.reference.quadrature import bin_counts
from upscatter.units import CM, KEV, MEV, SECOND

# The accuracy that the project promises for bin counts.
PROMISED = 1e-4
# The twin's own error is far below what is tested.
TWIN = 1e-6

QUENCHING = {
    "Ge": EssigHigh(),
    "Xe": Constant(1.0),
    "Ar": Constant(0.3),
    "Si": Lindhard(14, Lindhard.default_k(14, 28)),
}
END = 18.784 * MEV


@cache
def components(source):
    return flux_components(source, solar_spectrum(source), 1e6 / CM**2 / SECOND)


def sharp(element, lowest_kevnr, bins=3, highest_kevnr=9.0):
    quenching = QUENCHING[element]
    ends = quenching.visible_energy(np.array([lowest_kevnr, highest_kevnr]) * KEV)
    return SharpResponse(tuple(np.linspace(*ends, bins + 1)), quenching, Efficiency(), 0.0)


def fast_counts(nuclei, response, parts, interaction, masses, form_factor=klein_nystrand):
    """Counts per exposure, shape (masses, bins); the flux reaches up to that of hep neutrinos."""
    targets = [(nucleus, response) for nucleus in nuclei]
    reach = {"hep": components("hep")}
    experiment = Experiment.prepare(targets, form_factor, reach, 1.0)
    return experiment.counts(interaction, {"any": tuple(parts)}, np.atleast_1d(masses))["any"]


def assert_like_twin(nucleus, response, source, interaction, mass, form_factor=klein_nystrand):
    parts = components(source)
    fast = fast_counts([nucleus], response, parts, interaction, mass, form_factor)[0]
    slow = sum(
        bin_counts(nucleus, response, form_factor, component, interaction, mass, relative=TWIN)
        for component in parts
    )
    assert slow.sum() > 0.0
    # A bin that the last eV of a spectrum barely reach holds no event of any exposure.
    matters = slow > 1e-9 * slow.sum()
    np.testing.assert_allclose(fast[matters], slow[matters], rtol=PROMISED)
    np.testing.assert_allclose(fast[~matters], slow[~matters], atol=1e-9 * slow.sum())
    np.testing.assert_allclose(fast.sum(), slow.sum(), rtol=PROMISED)


class TestAgainstTheSlowTwin:
    @pytest.mark.parametrize("lowest", [0.1, 1.0])
    @pytest.mark.parametrize("element", ["Ge", "Xe", "Ar", "Si"])
    def test_standard_model(self, element, lowest):
        nucleus = natural_nuclei(element)[0]
        assert_like_twin(nucleus, sharp(element, lowest), "8B", StandardModel(), 0.0)

    @pytest.mark.parametrize(
        ("element", "mass"),
        [
            *(("Ge", mass) for mass in (0.0, 1.0, 5.0, 10.0)),
            *(("Xe", mass) for mass in (0.0, 1.0, 5.0, 10.0)),
            *(("Ar", mass) for mass in (0.0, 10.0)),
            *(("Si", mass) for mass in (0.0, 10.0)),
        ],
    )
    def test_dipole(self, element, mass):
        nucleus = natural_nuclei(element)[0]
        assert_like_twin(nucleus, sharp(element, 0.3), "8B", Dipole(), mass * MEV)

    @pytest.mark.parametrize("share", [0.99, 0.9999])
    @pytest.mark.parametrize(("element", "source"), [("Ge", "8B"), ("Xe", "8B"), ("Ge", "hep")])
    def test_just_below_the_kinematic_end(self, element, source, share):
        nucleus = natural_nuclei(element)[-1]
        end = float(maximum_mass(components(source)[0].endpoint, nucleus.mass))
        assert_like_twin(nucleus, sharp(element, 0.1, 5), source, Dipole(), share * end)

    @pytest.mark.parametrize(
        ("element", "share", "lowest", "bins"),
        [("Ge", 0.98, 0.01, 1), ("Ge", 0.995, 0.1, 5), ("Xe", 0.98, 0.1, 5), ("Si", 0.98, 0.1, 1)],
    )
    def test_a_narrow_range_of_recoils_is_integrated_closely(self, element, share, lowest, bins):
        """Near the kinematic end: panels next to those of the ends need more than the rest, too.

        Without them the worst bins are off by 2.0e-4, 3.3e-4, 1.0e-4 and 1.7e-4.
        """
        nucleus = natural_nuclei(element)[0]
        (component,) = components("8B")
        mass = share * float(maximum_mass(component.endpoint, nucleus.mass))
        response = sharp(element, lowest, bins)
        fast = fast_counts([nucleus], response, components("8B"), Dipole(), mass)[0]
        slow = bin_counts(
            nucleus, response, klein_nystrand, component, Dipole(), mass, relative=TWIN
        )
        matters = slow > 1e-9 * slow.sum()
        np.testing.assert_allclose(fast[matters], slow[matters], rtol=1e-5)

    @pytest.mark.parametrize(("source", "mass"), [("7Be", 0.0), ("7Be", 0.3), ("pep", 1.0)])
    def test_lines(self, source, mass):
        nucleus = natural_nuclei("Si")[0]
        response = sharp("Si", 0.02, 4, 0.2)
        assert_like_twin(nucleus, response, source, Dipole(), mass * MEV)

    @pytest.mark.parametrize("form_factor", [helm, point])
    def test_other_form_factors(self, form_factor):
        nucleus = natural_nuclei("Xe")[4]
        assert_like_twin(nucleus, sharp("Xe", 0.5), "8B", StandardModel(), 0.0, form_factor)

    def test_efficiency_tables(self):
        nucleus = natural_nuclei("Ge")[3]
        edges = (0.2 * KEV, 0.5 * KEV, 1.2 * KEV)
        observed = Efficiency((0.1, 0.6, 0.9), (0.1 * KEV, 0.4 * KEV, 2.0 * KEV), "observed")
        true = Efficiency((0.2, 0.5, 1.0), (1.0 * KEV, 3.0 * KEV, 8.0 * KEV), "recoil")
        for efficiency in (observed, true):
            response = SharpResponse(edges, EssigHigh(), efficiency, 0.0)
            assert_like_twin(nucleus, response, "8B", Dipole(), 2.0 * MEV)

    def test_resolution(self):
        nucleus = natural_nuclei("Ge")[0]
        response = GaussianResponse(
            (0.5 * KEV, 1.3 * KEV),
            EssigHigh(),
            Efficiency((0.5, 1.0), (0.3 * KEV, 1.0 * KEV), "observed"),
            0.0,
            Resolution(noise=0.06 * KEV, relative=0.05),
        )
        assert_like_twin(nucleus, response, "8B", Dipole(), 4.0 * MEV)

    @pytest.mark.thorough
    def test_the_tail_of_a_resolution(self):
        """Bins above all recoils: only those that are seen some deviations too high are in them."""
        nucleus = natural_nuclei("Ge")[0]
        highest = StandardModel().recoil_range(15.0 * MEV, nucleus, 0.0)[1]
        noise = 0.1 * KEV
        edges = tuple(
            QUENCHING["Ge"].visible_energy(highest) + noise * np.array([-4.0, 0.0, 2.0, 4.0, 6.0])
        )
        response = GaussianResponse(
            edges, QUENCHING["Ge"], Efficiency(), 1.0 * KEV, Resolution(noise)
        )
        (part,) = components("8B")
        fast = fast_counts([nucleus], response, (part,), StandardModel(), 0.0)[0]
        slow = bin_counts(nucleus, response, klein_nystrand, part, StandardModel(), relative=TWIN)
        assert 1e-10 < slow[-1] / slow.max() < 1e-7
        np.testing.assert_allclose(fast, slow, rtol=1e-5)

    @pytest.mark.parametrize("width", [0.01, 0.003])
    @pytest.mark.parametrize(("source", "mass"), [("8B", 0.93), ("7Be", 0.4), ("pep", 0.95)])
    def test_a_resolution_narrower_than_a_cell(self, source, mass, width):
        """Bins near the ends of recoils in silicon, a few standard deviations wide."""
        nucleus = natural_nuclei("Si")[0]
        (part, *_) = components(source)
        m4 = mass * float(maximum_mass(part.endpoint, nucleus.mass))
        low, high = Dipole().recoil_range(part.endpoint, nucleus, m4)
        edges = np.linspace(max(low, 0.75 * high), 1.02 * high, 4)
        response = GaussianResponse(
            tuple(edges), Constant(1.0), Efficiency(), 0.3 * edges[0], Resolution(relative=width)
        )
        fast = fast_counts([nucleus], response, (part,), Dipole(), m4)[0]
        slow = bin_counts(nucleus, response, klein_nystrand, part, Dipole(), m4, relative=1e-6)
        # the cut of a Gaussian at 5 σ lies between points of the grid: 2e-7 of the acceptance
        matters = slow > {0.01: 1e-6, 0.003: 1e-2}[width] * slow.max()
        np.testing.assert_allclose(fast[matters], slow[matters], rtol=PROMISED)


class TestNothing:
    """No recoil in the region is exactly no count: terms that cancel leave no rounding error."""

    @pytest.mark.parametrize("efficiency", [(1.0,), (0.3, 0.6, 0.9)])
    def test_all_recoils_above_the_region(self, efficiency):
        energies = np.linspace(0.1, 1.0, len(efficiency)) * KEV if len(efficiency) > 1 else ()
        response = SharpResponse(
            tuple(np.linspace(0.1, 0.6, 6) * KEV), Constant(1.0),
            Efficiency(efficiency, tuple(energies)), 0.0,
        )  # fmt: skip
        nuclei = natural_nuclei("Ge")
        masses = np.array([16.5, 17.5]) * MEV
        lowest = [Dipole().recoil_range(END, nucleus, masses)[0] for nucleus in nuclei]
        assert np.min(lowest) > 0.6 * KEV
        counts = fast_counts(nuclei, response, components("hep"), Dipole(), masses)
        np.testing.assert_array_equal(counts, 0.0)
        assert fast_counts(nuclei, response, components("hep"), Dipole(), 5.0 * MEV).all()


class TestSums:
    def test_nuclei_of_one_channel_add(self):
        nuclei = natural_nuclei("Ge")
        response = sharp("Ge", 0.2, 6)
        masses = np.array([0.0, 3.0, 12.0, 16.0, 16.9]) * MEV
        parts = components("8B")
        together = fast_counts(nuclei, response, parts, Dipole(), masses)
        apart = sum(fast_counts([n], response, parts, Dipole(), masses) for n in nuclei)
        np.testing.assert_allclose(together, apart, rtol=1e-6)

    @pytest.mark.parametrize("yields", [(0.2, 0.2, 0.2), (0.2, 0.21, 0.2)])
    def test_isotopes_share_a_resolution_or_have_their_own(self, yields):
        nuclei, parts = natural_nuclei("Ge")[:3], components("8B")
        masses = np.array([0.0, 3.0, 12.0, 16.0]) * MEV
        edges, resolution = tuple(np.linspace(0.1, 1.2, 9) * KEV), Resolution(0.02 * KEV)
        targets = [
            (n, GaussianResponse(edges, Constant(y), Efficiency(), 0.4 * KEV, resolution))
            for n, y in zip(nuclei, yields, strict=True)
        ]
        reach = {"hep": components("hep")}

        def counts(chosen):
            experiment = Experiment.prepare(chosen, klein_nystrand, reach, 1.0)
            return experiment.counts(Dipole(), {"any": tuple(parts)}, masses)["any"]

        together, apart = counts(targets), sum(counts([each]) for each in targets)
        np.testing.assert_allclose(together, apart, rtol=1e-6, atol=1e-9 * together.max())

    def test_a_mass_does_not_change_what_does_not_depend_on_it(self):
        masses = np.array([0.0, 1.0, 100.0]) * MEV
        response, parts = sharp("Ge", 0.2, 6), components("8B")
        counts = fast_counts(natural_nuclei("Ge"), response, parts, StandardModel(), masses)
        np.testing.assert_allclose(counts, np.stack([counts[0]] * 3), rtol=1e-14)
        assert counts[0].all()

    def test_many_masses_are_as_good_as_one(self):
        masses = np.geomspace(0.01, 18.0, 50) * MEV
        nuclei, response, parts = natural_nuclei("Ge"), sharp("Ge", 0.2, 8), components("8B")
        whole = fast_counts(nuclei, response, parts, Dipole(), masses)
        each = [fast_counts(nuclei, response, parts, Dipole(), mass)[0] for mass in masses]
        np.testing.assert_allclose(whole, each, rtol=1e-12, atol=1e-12 * whole.max())


@dataclass(frozen=True)
class InelasticBy(StandardModel):
    """An interaction of a user: its threshold is higher, by an energy that is no mass m_4."""

    gap: float = 2.0 * MEV

    def minimum_energy(self, energy_recoil, target, mass_sterile):
        return super().minimum_energy(energy_recoil, target, mass_sterile) + self.gap

    def recoil_range(self, energy_nu, target, mass_sterile):
        return super().recoil_range(energy_nu - self.gap, target, mass_sterile)

    def cross_section(self, energy_nu, energy_recoil, nucleus, mass_sterile, form_factor_squared):
        arguments = energy_recoil, nucleus, mass_sterile, form_factor_squared
        value = super().cross_section(energy_nu, *arguments)
        lowest = self.minimum_energy(energy_recoil, nucleus, mass_sterile)
        return np.where(energy_nu >= lowest, value, 0.0)


def test_an_interaction_brings_its_own_kinematics():
    nucleus = natural_nuclei("Ge")[0]
    for mass in (0.0, 30.0 * MEV):
        assert_like_twin(nucleus, sharp("Ge", 0.3, 3, 6.0), "8B", InelasticBy(), mass)


class TestOneTableForManyDetectors:
    def test_of_equal_content(self):
        forget_tables()
        nuclei, masses = natural_nuclei("Ge"), np.array([0.0, 3.0, 12.0]) * MEV
        again = flux_components("8B", solar_spectrum("8B"), 1e6 / CM**2 / SECOND)
        for bins, parts in ((3, components("8B")), (8, again)):
            fast_counts(nuclei, sharp("Ge", 0.2, bins), parts, Dipole(), masses)
        assert tables_made() == 1
        fast_counts(nuclei, sharp("Ge", 0.2), parts, Dipole(), 2.0 * masses)
        fast_counts(nuclei, sharp("Ge", 0.2), parts, StandardModel(), masses)
        fast_counts(nuclei, sharp("Ge", 0.2), components("hep"), Dipole(), masses)
        fast_counts(nuclei[:2], sharp("Ge", 0.2), parts, Dipole(), masses)
        fast_counts(nuclei, sharp("Ge", 0.2), parts, Dipole(), masses, point)
        assert tables_made() == 6

    @pytest.mark.parametrize("resolution", [0.0, 0.02])
    def test_recoils_above_their_steps_are_shared_as_well(self, resolution):
        """Another efficiency has the same steps; its counts are those without anything kept."""
        nuclei, masses = natural_nuclei("Ge"), np.array([0.0, 3.0, 12.0, 16.9]) * MEV
        edges, width = tuple(np.linspace(0.1, 1.2, 9) * KEV), Resolution(resolution * KEV)

        def counts(*efficiency):
            curve = Efficiency(efficiency, (0.0, 0.3 * KEV, 1.0 * KEV)[: len(efficiency)])
            detector = EssigHigh(), curve, 0.4 * KEV
            response = (
                GaussianResponse(edges, *detector, width)
                if resolution
                else SharpResponse(edges, *detector)
            )
            return fast_counts(nuclei, response, components("8B"), Dipole(), masses)

        above_steps.cache_clear()
        counts(0.2, 0.5, 0.9)
        known = counts(0.4, 0.6, 0.8)
        assert above_steps.cache_info().misses == 1
        folded.cache_clear()
        above_steps.cache_clear()
        np.testing.assert_array_equal(counts(0.4, 0.6, 0.8), known)
        assert above_steps.cache_info().misses == 1

    def test_their_number_is_bounded(self):
        for kept in (folded, above_steps, recoil_tables._table):
            assert 0 < kept.cache_info().maxsize < 100
        assert 0 < recoil_tables._small_table.cache_info().maxsize < 1000

    def test_those_of_few_masses_leave_those_of_many(self):
        nuclei, parts = natural_nuclei("Ge")[:1], components("8B")
        many = np.linspace(0.0, 10.0, recoil_tables.FEW + 1) * MEV
        forget_tables()
        fast_counts(nuclei, sharp("Ge", 0.2), parts, Dipole(), many)
        for i in range(recoil_tables.TABLES + 1):
            fast_counts(nuclei, sharp("Ge", 0.2), parts, Dipole(), many[1:2] * (1.0 + i))
        made = tables_made()
        fast_counts(nuclei, sharp("Ge", 0.2), parts, Dipole(), many)
        assert tables_made() == made


class TestEnds:
    def test_nothing_out_of_reach(self):
        masses = np.array([18.8, 25.0]) * MEV
        nuclei, response = natural_nuclei("Ge"), sharp("Ge", 0.1)
        counts = fast_counts(nuclei, response, components("hep"), Dipole(), masses)
        assert (counts == 0.0).all()

    @settings(max_examples=40, deadline=None)
    @given(mass=st.floats(0.0, 18.7), lowest=st.floats(0.02, 3.0))
    def test_counts_are_not_negative(self, mass, lowest):
        nuclei, response = natural_nuclei("Ge")[:2], sharp("Ge", lowest, 7)
        for source in ("8B", "hep", "15O"):
            counts = fast_counts(nuclei, response, components(source), Dipole(), mass * MEV)
            assert (counts >= -1e-9 * counts.sum()).all()

    @settings(max_examples=25, deadline=None)
    @given(mass=st.floats(0.0, 17.0), step=st.floats(0.05, 1.5))
    def test_a_heavier_neutrino_is_rarer(self, mass, step):
        nuclei, response = natural_nuclei("Xe")[:1], sharp("Xe", 0.3, 1)
        masses = np.array([mass, mass + step]) * MEV
        parts = components("hep")
        light, heavy = fast_counts(nuclei, response, parts, Dipole(), masses).sum(axis=1)
        assert heavy <= light * (1.0 + 1e-9)

    @settings(max_examples=25, deadline=None)
    @given(threshold=st.floats(0.05, 2.0), raised=st.floats(1.01, 3.0))
    def test_a_higher_threshold_sees_less(self, threshold, raised):
        nuclei = natural_nuclei("Ar")
        totals = [
            fast_counts(nuclei, sharp("Ar", low, 1), components("8B"), Dipole(), 0.0).sum()
            for low in (threshold, raised * threshold)
        ]
        assert totals[1] < totals[0]

    @settings(max_examples=25, deadline=None)
    @given(cut=st.floats(0.3, 6.0))
    def test_two_bins_add_up_to_one(self, cut):
        nuclei = natural_nuclei("Xe")[:3]
        edges = np.array([0.2, cut, 7.0]) * KEV
        split = SharpResponse(tuple(edges), Constant(1.0), Efficiency(), 0.0)
        whole = SharpResponse((edges[0], edges[2]), Constant(1.0), Efficiency(), 0.0)
        masses = np.array([0.0, 4.0]) * MEV
        np.testing.assert_allclose(
            fast_counts(nuclei, split, components("8B"), Dipole(), masses).sum(axis=1),
            fast_counts(nuclei, whole, components("8B"), Dipole(), masses)[:, 0],
            rtol=1e-6,
        )


class TestExperiment:
    def experiment(self, exposure=1.0):
        response = sharp("Ge", 0.2, 5)
        targets = [(nucleus, response) for nucleus in natural_nuclei("Ge")]
        flux = {"8B": components("8B"), "hep": components("hep")}
        return Experiment.prepare(targets, klein_nystrand, flux, exposure), flux

    def test_counts_are_proportional_to_exposure(self):
        one, flux = self.experiment(1.0)
        seven, _ = self.experiment(7.0)
        for source, counts in one.counts(Dipole(), flux, 2.0 * MEV).items():
            np.testing.assert_allclose(
                seven.counts(Dipole(), flux, 2.0 * MEV)[source], 7.0 * counts, rtol=1e-13
            )

    def test_total_is_the_sum_of_the_sources(self):
        experiment, flux = self.experiment()
        masses = np.array([0.01, 8.0, 16.0]) * MEV
        by_source = experiment.counts(Dipole(), flux, masses)
        total = experiment.total_counts(Dipole(), flux, masses)
        np.testing.assert_allclose(
            total, sum(by_source.values()), rtol=2e-5, atol=1e-9 * total.max()
        )

    def test_a_scalar_mass_gives_a_vector_of_bins(self):
        experiment, flux = self.experiment()
        assert experiment.counts(Dipole(), flux, 1.0 * MEV)["8B"].shape == (5,)
        assert experiment.counts(Dipole(), flux, np.array([1.0]) * MEV)["8B"].shape == (1, 5)

    def test_highest_mass_is_that_of_the_heaviest_nucleus(self):
        experiment, flux = self.experiment()
        heaviest = natural_nuclei("Ge")[-1]
        expected = float(maximum_mass(END, heaviest.mass))
        assert experiment.highest_mass(flux, Dipole()) == pytest.approx(expected)
