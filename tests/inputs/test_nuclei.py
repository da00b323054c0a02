"""Isotopes, masses and compositions of targets."""

import numpy as np
import periodictable
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.constants import ATOMIC_MASS_UNIT, ATOMIC_MASS_UNIT_KG, AVOGADRO, ELECTRON_MASS
from upscatter.errors import ScenarioError
from upscatter.inputs.nuclei import NucleusArray, enriched_nuclei, natural_nuclei
from upscatter.units import GRAM, KG, MEV

FAST = settings(deadline=None, max_examples=40)
TARGETS = ["Ge", "Xe", "Ar", "Si", "Na", "CsI", "NaI", "CaWO4", "Al2O3", "PbWO4", "He", "Ta"]


def by_label(nuclei):
    return {n.label: n for n in nuclei}


@pytest.mark.parametrize("formula", TARGETS)
def test_mass_fractions_sum_to_one_and_are_number_times_mass(formula):
    nuclei = natural_nuclei(formula)
    assert sum(n.mass_fraction for n in nuclei) == pytest.approx(1.0, rel=1e-13)
    for n in nuclei:
        atom = (n.mass + n.protons * ELECTRON_MASS) / ATOMIC_MASS_UNIT * ATOMIC_MASS_UNIT_KG
        assert n.per_target_mass * atom == pytest.approx(n.mass_fraction, rel=1e-12)
        assert n.neutrons + n.protons == n.nucleons


@pytest.mark.parametrize("formula", TARGETS)
def test_number_of_atoms_is_avogadro_over_the_molar_mass(formula):
    compound = periodictable.formula(formula)
    atoms = sum(compound.atoms.values())
    expected = AVOGADRO * atoms / (compound.mass * GRAM)
    # The isotopes' average mass differs a little from the tabulated atomic weight.
    number = sum(n.per_target_mass for n in natural_nuclei(formula))
    assert number == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize(
    ("label", "atomic_mass_u"),
    [
        # AME2020 (Wang et al., Chin. Phys. C 45, 030003), rounded
        ("74Ge", 73.921177762),
        ("40Ar", 39.962383122),
        ("28Si", 27.976926534),
        ("132Xe", 131.904155087),
        ("133Cs", 132.905451961),
    ],
)
def test_nuclear_mass_is_the_atomic_one_less_the_electrons(label, atomic_mass_u):
    (nucleus,) = enriched_nuclei({label: 1.0})
    expected = atomic_mass_u * 931.494102 * MEV - nucleus.protons * 0.51099895 * MEV
    assert nucleus.mass == pytest.approx(expected, rel=2e-8)


def test_natural_germanium():
    # IUPAC 2013 abundances (Meija et al., Pure Appl. Chem. 88, 293), number per cent
    abundance = {"70Ge": 20.52, "72Ge": 27.45, "73Ge": 7.76, "74Ge": 36.52, "76Ge": 7.75}
    nuclei = by_label(natural_nuclei("Ge"))
    assert list(nuclei) == list(abundance)
    total = sum(n.per_target_mass for n in nuclei.values())
    for label, percent in abundance.items():
        assert 100.0 * nuclei[label].per_target_mass / total == pytest.approx(percent, rel=0.01)
    # 72.63 g/mol: 8.29e24 atoms in a kilogram
    assert total * KG == pytest.approx(6.02214e26 / 72.63, rel=1e-4)


def test_compound_holds_its_stoichiometry():
    nuclei = natural_nuclei("CaWO4")
    number = {
        symbol: sum(n.per_target_mass for n in nuclei if n.symbol == symbol)
        for symbol in ("Ca", "W", "O")
    }
    assert number["O"] / number["W"] == pytest.approx(4.0, rel=1e-12)
    assert number["Ca"] / number["W"] == pytest.approx(1.0, rel=1e-12)
    share = sum(n.mass_fraction for n in nuclei if n.symbol == "W")
    assert share == pytest.approx(183.84 / 287.92, rel=1e-3)  # molar masses, g/mol


def test_spaces_around_a_formula_do_not_matter():
    assert natural_nuclei(" Ge ") == natural_nuclei("Ge")


def test_monoisotopic_elements_have_one_nucleus():
    (iodine,) = natural_nuclei("I")
    assert (iodine.label, iodine.protons, iodine.neutrons) == ("127I", 53, 74)
    assert iodine.mass_fraction == 1.0


def test_natural_abundances_as_amounts_give_the_natural_target():
    natural = natural_nuclei("Ge")
    amounts = {n.label: n.per_target_mass for n in natural}
    for mine, theirs in zip(enriched_nuclei(amounts), natural, strict=True):
        assert mine.label == theirs.label
        assert mine.mass == theirs.mass
        assert mine.mass_fraction == pytest.approx(theirs.mass_fraction, rel=1e-12)
        assert mine.per_target_mass == pytest.approx(theirs.per_target_mass, rel=1e-12)


@pytest.mark.parametrize("label", ["Ge-76", "76Ge", "Ge76", "76-Ge"])
def test_isotopes_can_be_written_in_several_ways(label):
    (nucleus,) = enriched_nuclei({label: 3.0})
    assert (nucleus.label, nucleus.mass_fraction) == ("76Ge", 1.0)


@FAST
@given(share=st.floats(0.001, 0.999), scale=st.floats(1e-6, 1e6))
def test_only_ratios_of_amounts_matter(share, scale):
    one = enriched_nuclei({"Ge-76": share, "Ge-74": 1.0 - share})
    many = enriched_nuclei({"Ge-76": scale * share, "Ge-74": scale * (1.0 - share)})
    for a, b in zip(one, many, strict=True):
        assert a.per_target_mass == pytest.approx(b.per_target_mass, rel=1e-12)
    number = [n.per_target_mass for n in one]
    assert number[0] / sum(number) == pytest.approx(share, rel=1e-12)


def test_an_isotope_of_no_amount_is_left_out():
    assert [n.label for n in enriched_nuclei({"Ge-76": 1.0, "Ge-70": 0.0})] == ["76Ge"]


def test_a_formula_may_name_isotopes():
    """`periodictable` writes them in brackets, and knows D."""
    germanium, *oxygen = natural_nuclei("Ge[76]O2")
    assert germanium.label == "76Ge"
    assert {n.symbol for n in oxygen} == {"O"}
    number = sum(n.per_target_mass for n in oxygen)
    assert number == pytest.approx(2.0 * germanium.per_target_mass, rel=1e-12)
    assert natural_nuclei("D2O")[0].nucleons == 2


def test_columns_of_nuclei():
    nuclei = natural_nuclei("CsI")
    columns = NucleusArray.of(nuclei)
    for row, nucleus in enumerate(nuclei):
        for name in ("protons", "neutrons", "nucleons", "mass", "per_target_mass"):
            column = getattr(columns, name)
            assert column.shape == (2, 1)
            assert column[row, 0] == getattr(nucleus, name)
    taken = columns.take(np.array([1, 0, 1]))
    np.testing.assert_array_equal(taken.protons[:, 0], [53.0, 55.0, 53.0])


@pytest.mark.parametrize("formula", ["Gx", "", "  ", "ge", "42", "Ge(", "Xe Ge?", "n"])
def test_unknown_formula_is_refused_in_one_line(formula):
    with pytest.raises(ScenarioError, match=r"^element .* is unknown; give a symbol") as caught:
        natural_nuclei(formula)
    assert "\n" not in str(caught.value)
    assert repr(formula) in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "culprit"), [("Tc", "Tc"), ("NaTc", "Tc"), ("Rn", "Rn"), ("U", "U")]
)
def test_an_element_without_natural_composition_is_refused(formula, culprit):
    message = (
        f"^element '{formula}': no natural composition of {culprit} is known; give the isotopes"
    )
    with pytest.raises(ScenarioError, match=message):
        natural_nuclei(formula)


@pytest.mark.parametrize("label", ["Ge", "76", "Ge-7600", "Xx-76", "Ge-300", "", "GE-76", "Ge 76"])
def test_unknown_isotope_is_refused(label):
    with pytest.raises(ScenarioError, match=r"^isotope .* is unknown; write element and mass"):
        enriched_nuclei({label: 1.0})


@pytest.mark.parametrize(
    "isotopes", [{}, {"Ge-76": 0.0}, {"Ge-76": -1.0, "Ge-74": 2.0}, {"Ge-76": 0.0, "Ge-74": 0.0}]
)
def test_impossible_amounts_are_refused(isotopes):
    with pytest.raises(
        ScenarioError, match=r"amounts must be finite, not negative and not all zero$"
    ):
        enriched_nuclei(isotopes)


@pytest.mark.parametrize("amount", [float("nan"), float("inf")])
def test_amounts_that_are_not_finite_are_refused(amount):
    with pytest.raises(ScenarioError, match=r"amounts must be"):
        enriched_nuclei({"Ge-76": amount, "Ge-74": 1.0})
