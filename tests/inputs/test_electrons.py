"""Electrons of a target: shells, binding energies, and what can be freed."""

import importlib.util

import numpy as np
import pytest
import xraydb

import upscatter.inputs.electrons as module
from upscatter.constants import ATOMIC_MASS_UNIT_KG, ELECTRON_MASS
from upscatter.errors import ScenarioError
from upscatter.inputs.electrons import CAPACITY, electrons_of
from upscatter.inputs.nuclei import enriched_nuclei, natural_nuclei
from upscatter.units import EV, KEV


def test_all_electrons_of_a_compound():
    found = {one.symbol: one for one in electrons_of(natural_nuclei("CsI"))}
    assert set(found) == {"Cs", "I"}
    # 55 and 53 electrons, one of each atom in the formula's mass
    mass = (132.905 + 126.904) * ATOMIC_MASS_UNIT_KG
    for symbol, number in (("Cs", 55), ("I", 53)):
        assert found[symbol].per_target_mass == pytest.approx(number / mass, rel=1e-5)
        assert sum(found[symbol].shares) == pytest.approx(1.0, rel=1e-12)
        assert found[symbol].mass == ELECTRON_MASS
        assert found[symbol].protons == 1
        assert list(found[symbol].bindings) == sorted(found[symbol].bindings)


def test_isotopes_of_an_element_are_one():
    (natural,) = electrons_of(natural_nuclei("Ge"))
    (enriched,) = electrons_of(enriched_nuclei({"Ge-76": 1.0}))
    assert natural.bindings == enriched.bindings
    assert natural.per_target_mass / enriched.per_target_mass == pytest.approx(
        75.92 / 72.63, rel=1e-3
    )


@pytest.mark.parametrize(
    ("energy", "free"),
    # K 34.561, L1 5.453, L3 4.786, M1 1.149, M5 0.676 keV: X-ray data booklet (2009), table 1-1
    [
        (0.5, 26),
        (0.68, 32),
        (1.2, 44),
        (4.8, 48),
        (5.0, 48),
        (5.2, 50),
        (6.0, 52),
        (34.0, 52),
        (35.0, 54),
    ],
)
def test_xenon_shell_by_shell(energy, free):
    (xenon,) = electrons_of(natural_nuclei("Xe"))
    assert 54 * float(xenon.available(energy * KEV)) == pytest.approx(free, abs=1e-9)


def test_germanium_at_the_reactor():
    (germanium,) = electrons_of(natural_nuclei("Ge"))
    # the M1 electrons at 180 eV are the last ones below the L shell
    available = 32 * germanium.available(np.array([10.0, 100.0, 170.0, 200.0, 1000.0]) * EV)
    np.testing.assert_allclose(available, [4, 14, 20, 22, 22], atol=1e-9)


def test_capacities_are_those_of_subshells():
    assert sum(CAPACITY[:9]) == 28
    assert sum(CAPACITY[:16]) == 60


def test_no_binding_energies():
    with pytest.raises(ScenarioError, match="electrons of Es: no binding energies are known"):
        electrons_of(enriched_nuclei({"Es-252": 1.0}))


@pytest.mark.parametrize("symbol", ["Ge", "I", "Xe", "W", "Th"])
def test_edges_are_those_of_the_library(symbol):
    known = {edge.energy for edge in xraydb.xray_edges(symbol).values()}
    (electrons,) = electrons_of(natural_nuclei(symbol))
    inner = [energy / EV for energy in electrons.bindings if energy > 0.0]
    assert len(inner) > 8
    assert known.issuperset(np.round(inner, 6))


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        ScenarioError, match=r'binding energies: pip install "upscatter\[electrons\]"'
    ):
        electrons_of(natural_nuclei("Xe"))


def test_library_without_its_database(monkeypatch, tmp_path):
    (tmp_path / "xraydb").mkdir()
    start = tmp_path / "xraydb" / "__init__.py"
    spec = importlib.util.spec_from_file_location("xraydb", start)
    monkeypatch.setattr(module, "find_spec", lambda name: spec)
    with pytest.raises(ScenarioError, match=r"xraydb.sqlite: has no table .*; reinstall xraydb"):
        electrons_of(natural_nuclei("Xe"))
