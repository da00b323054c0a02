"""The fast path of the rates against its slow twin, and what must hold whatever the numbers."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.detector.quenching import Constant, EssigHigh, Lindhard
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import GaussianResponse, SharpResponse
from upscatter.flux.arrival import flux_components
from upscatter.flux.moments import combined_moments
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.inputs.spectra import solar_spectrum
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import helm, klein_nystrand, point
from upscatter.interactions.kinematics import maximum_mass, recoil_range
from upscatter.rates.experiment import Experiment
from upscatter.rates.folding import TargetGroup, group_counts
from upscatter.rates.quadrature import bin_counts
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


def prepare(nuclei, response, form_factor=klein_nystrand):
    highest = max(float(recoil_range(END, n.mass)[1]) for n in nuclei)
    return TargetGroup.prepare(nuclei, response, form_factor, highest)


def assert_like_twin(nucleus, response, source, interaction, mass, form_factor=klein_nystrand):
    group = prepare([nucleus], response, form_factor)
    fast = group_counts(group, components(source), interaction, np.array([mass]))[0]
    slow = sum(
        bin_counts(nucleus, response, form_factor, component, interaction, mass, relative=TWIN)
        for component in components(source)
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
        group = prepare([nucleus], response)
        fast = group_counts(group, components("8B"), Dipole(), np.array([mass]))[0]
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


class TestSums:
    def test_nuclei_of_one_channel_add(self):
        nuclei = natural_nuclei("Ge")
        response = sharp("Ge", 0.2, 6)
        masses = np.array([0.0, 3.0, 12.0]) * MEV
        together = group_counts(prepare(nuclei, response), components("8B"), Dipole(), masses)
        apart = sum(
            group_counts(prepare([n], response), components("8B"), Dipole(), masses) for n in nuclei
        )
        np.testing.assert_allclose(together, apart, rtol=1e-5)

    @pytest.mark.parametrize("element", ["Ge", "Xe"])
    def test_combined_moments_give_the_sum_of_the_sources(self, element):
        parts = [*components("8B"), *components("hep"), *components("13N"), *components("7Be")]
        response = sharp(element, 0.03, 12)
        group = prepare(natural_nuclei(element), response)
        masses = np.array([0.0, 0.5, 1.1, 5.0, 12.0, 17.5]) * MEV
        bulk = combined_moments([part.moments for part in parts])
        fast = group_counts(group, parts, Dipole(), masses, bulk)
        slow = sum(group_counts(group, [part], Dipole(), masses) for part in parts)
        np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=1e-9 * slow.max())

    def test_blocks_of_masses_change_nothing(self, monkeypatch):
        group = prepare(natural_nuclei("Ge"), sharp("Ge", 0.2, 8))
        masses = np.geomspace(0.01, 18.0, 50) * MEV
        whole = group_counts(group, components("8B"), Dipole(), masses)
        monkeypatch.setattr("upscatter.rates.folding._MASSES", 7)
        monkeypatch.setattr("upscatter.rates.folding._NODES", 5)
        blocks = group_counts(group, components("8B"), Dipole(), masses)
        np.testing.assert_allclose(blocks, whole, rtol=1e-12, atol=1e-12 * whole.max())


class TestEnds:
    def test_nothing_out_of_reach(self):
        group = prepare(natural_nuclei("Ge"), sharp("Ge", 0.1))
        counts = group_counts(group, components("hep"), Dipole(), np.array([18.8, 25.0]) * MEV)
        assert (counts == 0.0).all()

    @settings(max_examples=40, deadline=None)
    @given(mass=st.floats(0.0, 18.7), lowest=st.floats(0.02, 3.0))
    def test_counts_are_not_negative(self, mass, lowest):
        group = prepare(natural_nuclei("Ge")[:2], sharp("Ge", lowest, 7))
        for source in ("8B", "hep", "15O"):
            counts = group_counts(group, components(source), Dipole(), np.array([mass]) * MEV)
            assert (counts >= -1e-9 * counts.sum()).all()

    @settings(max_examples=25, deadline=None)
    @given(mass=st.floats(0.0, 17.0), step=st.floats(0.05, 1.5))
    def test_a_heavier_neutrino_is_rarer(self, mass, step):
        group = prepare(natural_nuclei("Xe")[:1], sharp("Xe", 0.3, 1))
        masses = np.array([mass, mass + step]) * MEV
        light, heavy = group_counts(group, components("hep"), Dipole(), masses).sum(axis=1)
        assert heavy <= light * (1.0 + 1e-9)

    @settings(max_examples=25, deadline=None)
    @given(threshold=st.floats(0.05, 2.0), raised=st.floats(1.01, 3.0))
    def test_a_higher_threshold_sees_less(self, threshold, raised):
        nuclei = natural_nuclei("Ar")
        totals = [
            group_counts(
                prepare(nuclei, sharp("Ar", low, 1)), components("8B"), Dipole(), np.zeros(1)
            ).sum()
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
            group_counts(prepare(nuclei, split), components("8B"), Dipole(), masses).sum(axis=1),
            group_counts(prepare(nuclei, whole), components("8B"), Dipole(), masses)[:, 0],
            rtol=1e-6,
        )


class TestExperiment:
    def experiment(self, exposure=1.0):
        response = sharp("Ge", 0.2, 5)
        targets = [(nucleus, response) for nucleus in natural_nuclei("Ge")]
        flux = {"8B": components("8B"), "hep": components("hep")}
        return Experiment.prepare(targets, klein_nystrand, flux, exposure, np.ones(5)), flux

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
        assert experiment.highest_mass(flux) == pytest.approx(expected)
